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

static bool answers(const void *arg)
{
    const unsigned *port = arg;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) == 0;
    (void)close(s);
    return yes;
}

/* --- processes --- */

static void be_quiet(void)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        (void)dup2(null, fd);
    if (null > 2)
        (void)close(null);
    (void)setsid();
}

static void become(char *const argv[])
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execvp(argv[0], argv);
    _exit(127);
}

static void keep(char *const argv[], pid_t owner, int tell)
{
    be_quiet();
    int owner_fd = pidfd_open(owner, 0);
    pid_t child = fork();
    if (child == 0)
        become(argv);
    if (write(tell, &child, sizeof child) != (ssize_t)sizeof child)
        child = -1;
    (void)close(tell);
    if (child > 0) {
        struct pollfd ends[] = {{owner_fd, POLLIN, 0}, {pidfd_open(child, 0), POLLIN, 0}};
        while (owner_fd >= 0 && poll(ends, 2, -1) < 0 && errno == EINTR)
            ;
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
    }
    _exit(0);
}

/* Starts a program that ends when process `owner` does. */
static om_rc start_kept(char *const argv[], pid_t owner, pid_t *child, struct om_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return om_fail(err, OM_ETRANSIENT, "pipe: %s", strerror(errno));
    pid_t keeper = fork();
    if (keeper == 0)
        keep(argv, owner, ends[1]);
    (void)close(ends[1]);
    ssize_t n = read(ends[0], child, sizeof *child);
    (void)close(ends[0]);
    if (keeper < 0 || n != (ssize_t)sizeof *child || *child <= 0)
        return om_fail(err, OM_ETRANSIENT, "%s does not start", argv[0]);
    return OM_OK;
}

static om_rc start_swtpm(const char *dir, unsigned port, pid_t owner, pid_t *swtpm, struct om_error *err)
{
    char state[PATH_MAX + 8], server[64], control[64];
    (void)snprintf(state, sizeof state, "dir=%s/tpm", dir);
    (void)snprintf(server, sizeof server, "type=tcp,port=%u", port);
    (void)snprintf(control, sizeof control, "type=tcp,port=%u", port + 1);
    char *const argv[] = {(char[]){"swtpm"},
                          (char[]){"socket"},
                          (char[]){"--tpm2"},
                          (char[]){"--tpmstate"},
                          state,
                          (char[]){"--server"},
                          server,
                          (char[]){"--ctrl"},
                          control,
                          (char[]){"--flags"},
                          (char[]){"not-need-init,startup-clear"},
                          NULL};
    return start_kept(argv, owner, swtpm, err);
}

/* Until `ready` says so. *alive: false when the process ended first, for example because somebody else was
 * faster with a port. */
static om_rc wait_ready(bool (*ready)(const void *), const void *arg, pid_t pid, bool *alive,
                        struct om_error *err)
{
    int fd = pidfd_open(pid, 0);
    om_rc rc = OM_OK;
    *alive = true;
    for (int ms = 0; !ready(arg); ms++) {
        struct pollfd end = {fd, POLLIN, 0};
        *alive = fd >= 0 && poll(&end, 1, 1) == 0;
        if (!*alive)
            break;
        if (ms > READY_MS) {
            rc = om_fail(err, OM_ETRANSIENT, "a program for the test does not get ready");
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
        OM_TRY(start_swtpm(dir, *port, owner, pid, err));
        OM_TRY(wait_ready(answers, port, *pid, &alive, err));
    }
    om_secret_free(&kept);
    if (!alive)
        return om_fail(err, OM_ETRANSIENT, "swtpm ends as soon as it is started; is it installed?");
    int n = snprintf(text, sizeof text, "%u", *port);
    return om_file_write(path, text, (size_t)n, 0600, err);
}

/* --- a resource manager before it --- */

static bool is_there(const void *path)
{
    return access(path, F_OK) == 0;
}

/* tpm2-abrmd is ready when it owns its name, which dbus-send asks the bus for. */
static bool has_name(const void *address)
{
    char bus[PATH_MAX + 16];
    (void)snprintf(bus, sizeof bus, "--bus=%s", (const char *)address);
    pid_t child = fork();
    if (child == 0) {
        be_quiet();
        (void)execlp("dbus-send", "dbus-send", bus, "--print-reply", "--dest=org.freedesktop.DBus", "/",
                     "org.freedesktop.DBus.GetNameOwner", "string:com.intel.tss2.Tabrmd", (char *)NULL);
        _exit(127);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Its bus is everybody's who finds the socket; the scratch directory is the user's own. */
static om_rc write_bus_configuration(const char *dir, char path[PATH_MAX], struct om_error *err)
{
    char text[2 * PATH_MAX];
    OM_TRY(om_path_join(path, PATH_MAX, dir, "bus.conf", err));
    int n = snprintf(
        text, sizeof text,
        "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><policy context=\"default\">"
        "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow "
        "own=\"*\"/></policy></busconfig>\n",
        dir);
    return om_file_write(path, text, (size_t)n, 0600, err);
}

om_rc tabrmd_start(const char *dir, unsigned port, pid_t pid, struct om_error *err)
{
    char configuration[PATH_MAX], option[PATH_MAX + 16], bus[PATH_MAX], address[PATH_MAX + 16], tcti[80];
    pid_t child = -1;
    bool alive = false;
    OM_TRY(write_bus_configuration(dir, configuration, err));
    OM_TRY(om_path_join(bus, sizeof bus, dir, "bus", err));
    (void)unlink(bus);
    (void)snprintf(option, sizeof option, "--config-file=%s", configuration);
    char *const bus_argv[] = {(char[]){"dbus-daemon"}, (char[]){"--nofork"}, option, NULL};
    OM_TRY(start_kept(bus_argv, pid, &child, err));
    OM_TRY(wait_ready(is_there, bus, child, &alive, err));
    (void)snprintf(address, sizeof address, "unix:path=%s", bus);
    (void)snprintf(tcti, sizeof tcti, "--tcti=swtpm:host=127.0.0.1,port=%u", port);
    if (!alive || setenv("DBUS_SESSION_BUS_ADDRESS", address, 1) != 0)
        return om_fail(err, OM_ETRANSIENT, "dbus-daemon does not start");
    char *const tabrmd_argv[] = {(char[]){"tpm2-abrmd"}, (char[]){"--session"}, (char[]){"--allow-root"},
                                 tcti, NULL};
    OM_TRY(start_kept(tabrmd_argv, pid, &child, err));
    OM_TRY(wait_ready(has_name, address, child, &alive, err));
    return alive ? OM_OK : om_fail(err, OM_ETRANSIENT, "tpm2-abrmd does not start");
}
