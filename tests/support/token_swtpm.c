/* Starts swtpm for tests: see token_swtpm.h. A keeper process is its parent and waits for the end of one of
 * two: of swtpm, or of the process that it was started for. */
#include "token_swtpm.h"

#include "util/file.h"
#include "util/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT_TRIES  50
#define START_TRIES 10
#define READY_MS    20000

/* --- ports --- */

static int bound_to(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)); /* as swtpm does */
    if (s >= 0 && bind(s, (struct sockaddr *)&to, sizeof to) != 0) {
        (void)close(s);
        s = -1;
    }
    return s;
}

/* Two neighbours that are free now. */
static om_rc pick_port(unsigned *port, struct om_error *err)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            break;
        *port = 10000 + random % 22000; /* below what the kernel hands out by itself */
        int first = bound_to(*port), second = bound_to(*port + 1);
        if (first >= 0)
            (void)close(first);
        if (second >= 0)
            (void)close(second);
        if (first >= 0 && second >= 0)
            return OM_OK;
    }
    return om_fail(err, OM_ETRANSIENT, "no two free ports for swtpm");
}

static bool answers(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) == 0;
    (void)close(s);
    return yes;
}

/* --- processes --- */

static void become_swtpm(const char *dir, unsigned port)
{
    char state[PATH_MAX + 8], server[64], control[64];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(state, sizeof state, "dir=%s/tpm", dir);
    (void)snprintf(server, sizeof server, "type=tcp,port=%u", port);
    (void)snprintf(control, sizeof control, "type=tcp,port=%u", port + 1);
    (void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server, "--ctrl",
                 control, "--flags", "not-need-init,startup-clear", (char *)NULL);
    _exit(127);
}

static void be_quiet(void)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        (void)dup2(null, fd);
    if (null > 2)
        (void)close(null);
    (void)setsid();
}

static void keep(const char *dir, unsigned port, pid_t owner, int tell)
{
    be_quiet();
    int owner_fd = pidfd_open(owner, 0);
    pid_t swtpm = fork();
    if (swtpm == 0)
        become_swtpm(dir, port);
    if (write(tell, &swtpm, sizeof swtpm) != (ssize_t)sizeof swtpm)
        swtpm = -1;
    (void)close(tell);
    if (swtpm > 0) {
        struct pollfd ends[] = {{owner_fd, POLLIN, 0}, {pidfd_open(swtpm, 0), POLLIN, 0}};
        while (owner_fd >= 0 && poll(ends, 2, -1) < 0 && errno == EINTR)
            ;
        (void)kill(swtpm, SIGKILL);
        (void)waitpid(swtpm, NULL, 0);
    }
    _exit(0);
}

static om_rc start_keeper(const char *dir, unsigned port, pid_t owner, pid_t *swtpm, struct om_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return om_fail(err, OM_ETRANSIENT, "pipe: %s", strerror(errno));
    pid_t keeper = fork();
    if (keeper == 0)
        keep(dir, port, owner, ends[1]);
    (void)close(ends[1]);
    ssize_t n = read(ends[0], swtpm, sizeof *swtpm);
    (void)close(ends[0]);
    if (keeper < 0 || n != (ssize_t)sizeof *swtpm || *swtpm <= 0)
        return om_fail(err, OM_ETRANSIENT, "swtpm does not start");
    return OM_OK;
}

/* *alive: false when swtpm ended, for example because somebody else was faster with the port. */
static om_rc wait_ready(unsigned port, pid_t swtpm, bool *alive, struct om_error *err)
{
    int fd = pidfd_open(swtpm, 0);
    om_rc rc = OM_OK;
    *alive = true;
    for (int ms = 0; !answers(port); ms++) {
        struct pollfd end = {fd, POLLIN, 0};
        *alive = fd >= 0 && poll(&end, 1, 1) == 0;
        if (!*alive)
            break;
        if (ms > READY_MS) {
            rc = om_fail(err, OM_ETRANSIENT, "swtpm does not listen on port %u", port);
            break;
        }
    }
    (void)close(fd);
    return rc;
}

om_rc swtpm_start(const char *dir, pid_t owner, unsigned *port, pid_t *pid, struct om_error *err)
{
    char state[PATH_MAX], path[PATH_MAX], text[16];
    struct om_secret kept = OM_SECRET_INIT;
    bool alive = false;
    OM_TRY(om_path_join(state, sizeof state, dir, "tpm", err));
    OM_TRY(om_path_join(path, sizeof path, dir, "port", err));
    OM_TRY(om_dir_make(state, err));
    bool again = om_file_read(path, sizeof text - 1, &kept, NULL) == OM_OK;
    for (int i = 0; i < START_TRIES && !alive; i++) {
        if (again) {
            (void)snprintf(text, sizeof text, "%.*s", (int)kept.len, (const char *)kept.octets);
            *port = (unsigned)strtoul(text, NULL, 10);
        } else {
            OM_TRY(pick_port(port, err));
        }
        OM_TRY(start_keeper(dir, *port, owner, pid, err));
        OM_TRY(wait_ready(*port, *pid, &alive, err));
    }
    om_secret_free(&kept);
    if (!alive)
        return om_fail(err, OM_ETRANSIENT, "swtpm ends as soon as it is started; is it installed?");
    int n = snprintf(text, sizeof text, "%u", *port);
    return om_file_write(path, text, (size_t)n, 0600, err);
}
