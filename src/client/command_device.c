/* DEV_CFG (TS-0003 8.3.9.6): this library speaks none of the protocols of device management. A program that
 * maf.conf names does, as PROGRAM devMgmtID URI, and says by its exit code how it went. */
#include "client/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_SECONDS 600 /* then it is killed */

enum { EXIT_DONE = 0, EXIT_SERVER = 1 }; /* of the program; any other: its own fault */

/* Standard input and output are /dev/null: those of the calling process are not the program's to use.
 * Standard error is left to it. No other descriptor of this process is, but the lock: the program holds it as
 * descriptor 3, so that no second one is started beside it when this process is killed (MEF-CMD-2). */
static int spawn_program(const char *program, char *const argv[], char *const envp[], int lock, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigdelset(&all, SIGSTOP);
    int failed = posix_spawn_file_actions_init(&files);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = (lock >= 0 ? posix_spawn_file_actions_adddup2(&files, lock, 3) : 0) |
                 posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) |
                 posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) |
                 posix_spawn_file_actions_addclosefrom_np(&files, lock >= 0 ? 4 : 3) |
                 posix_spawnattr_setsigmask(&attributes, &none) |
                 posix_spawnattr_setsigdefault(&attributes, &all) |
                 posix_spawnattr_setpgroup(&attributes, 0) |
                 posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                           POSIX_SPAWN_SETPGROUP);
        if (failed == 0)
            failed = posix_spawn(pid, program, &files, &attributes, argv, envp);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* How a program ended. */
enum ending {
    ENDED,   /* status says how */
    KILLED,  /* it was still running: it, and what it started, were killed */
    UNKNOWN, /* it could not be watched, or its status was taken: SIGCHLD is ignored */
};

static enum ending wait_program(pid_t pid, int *status)
{
    int fd = pidfd_open(pid, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = -1;
    for (int i = 0; fd >= 0 && ready <= 0 && i < PROGRAM_SECONDS; i++)
        ready = poll(&p, 1, 1000);
    if (ready <= 0) /* also when it cannot be watched */
        (void)kill(-pid, SIGKILL);
    if (fd >= 0)
        (void)close(fd);
    pid_t got;
    do
        got = waitpid(pid, status, 0);
    while (got < 0 && errno == EINTR);
    if (got != pid || fd < 0)
        return UNKNOWN;
    return ready > 0 ? ENDED : KILLED;
}

static int judge(const char *program, enum ending ending, int status, struct om_error *why)
{
    bool exited = ending == ENDED && WIFEXITED(status);
    if (exited && WEXITSTATUS(status) == EXIT_DONE)
        return M2M_CMD_OK;
    if (exited && WEXITSTATUS(status) == EXIT_SERVER) {
        (void)om_fail(why, OM_ETRANSIENT, "%s says that the server failed (exit status 1)", program);
        return M2M_CMD_DEV_CFG_SERVER_ERROR;
    }
    if (exited)
        (void)om_fail(why, OM_ETRANSIENT, "%s ended with exit status %d", program, WEXITSTATUS(status));
    else if (ending == KILLED)
        (void)om_fail(why, OM_ETRANSIENT, "%s was still running after %d seconds", program, PROGRAM_SECONDS);
    else if (ending == ENDED)
        (void)om_fail(why, OM_ETRANSIENT, "%s was ended by signal %d", program, WTERMSIG(status));
    else
        (void)om_fail(why, OM_ETRANSIENT, "how %s ended is not known: this process cannot watch it", program);
    return M2M_CMD_DEV_CFG_CLIENT_ERROR;
}

int command_device(struct openmaf *maf, const struct m2m_command *c, struct om_error *why)
{
    const char *program = maf->home.device_config;
    char protocol[2] = {(char)('0' + c->management), '\0'};
    char uri[M2M_URI_SIZE];
    char home[PATH_MAX + 16];
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char name[PATH_MAX];
    memcpy(uri, c->uri, sizeof uri);
    (void)snprintf(name, sizeof name, "%s", program);
    (void)snprintf(home, sizeof home, "MAF_HOME=%s", maf->home.dir);
    char *const argv[] = {name, protocol, uri, NULL};
    char *const envp[] = {path, home, NULL};
    pid_t pid = -1;
    int status = 0;
    int failed = spawn_program(program, argv, envp, maf->commands_lock, &pid);
    if (failed != 0) {
        (void)om_fail(why, OM_ECONFIG, "cannot start %s: %s", program, strerror(failed));
        return M2M_CMD_DEV_CFG_CLIENT_ERROR;
    }
    enum ending ending = wait_program(pid, &status);
    return judge(program, ending, status, why);
}
