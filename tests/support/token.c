/* The token fixture: runs test-token and reads its answer. See token.h. */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "test token: %s: %s\n", what, detail);
    exit(1);
}

/* Starts test-token with its standard output in a pipe; returns the reading end. */
static FILE *start(const char *kind, const char *dir, pid_t *pid)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe", strerror(errno));
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0)
        die("spawn", "no memory");
    char owner[24];
    (void)snprintf(owner, sizeof owner, "%ld", (long)getpid());
    char *argv[] = {(char[]){"test-token"}, strdup(kind), strdup(dir), owner, NULL};
    int bad = posix_spawn(pid, OPENMAF_TEST_TOKEN_PROGRAM, &actions, NULL, argv, environ);
    if (bad != 0)
        die(OPENMAF_TEST_TOKEN_PROGRAM, strerror(bad));
    free(argv[1]);
    free(argv[2]);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    if (f == NULL)
        die("pipe", strerror(errno));
    return f;
}

static void copy_value(char *dst, size_t cap, const char *value)
{
    if (strlen(value) >= cap)
        die("answer of test-token is too long", value);
    memcpy(dst, value, strlen(value) + 1);
}

/* One NAME=VALUE line. What is none of URI, PIN_SOURCE and SWTPM_PID is a variable of the environment. */
static void take_line(struct test_token *t, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *value = strchr(line, '=');
    if (value == NULL)
        die("answer of test-token", line);
    *value++ = '\0';
    if (strcmp(line, "URI") == 0)
        copy_value(t->uri, sizeof t->uri, value);
    else if (strcmp(line, "PIN_SOURCE") == 0)
        copy_value(t->pin_source, sizeof t->pin_source, value);
    else if (strcmp(line, "SWTPM_PID") == 0)
        t->pid = (pid_t)strtol(value, NULL, 10);
    else if (setenv(line, value, 1) != 0)
        die("setenv", line);
}

static void make_scratch(char *out, size_t cap)
{
    const char *tmp = getenv("TMPDIR");
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/openmaf-token-XXXXXX", tmp != NULL ? tmp : P_tmpdir);
    if (n < 0 || (size_t)n >= sizeof path || mkdtemp(path) == NULL)
        die("scratch directory", strerror(errno));
    char *real = realpath(path, NULL);
    if (real == NULL)
        die(path, strerror(errno));
    copy_value(out, cap, real);
    free(real);
}

/* Runs test-token in the scratch directory and takes its answer. */
static void make(struct test_token *t)
{
    pid_t pid = -1;
    FILE *answer = start(t->kind, t->dir, &pid);
    char line[4096];
    while (fgets(line, sizeof line, answer) != NULL)
        take_line(t, line);
    (void)fclose(answer);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || t->uri[0] == '\0') {
        test_token_free(t);
        die("test-token failed", "its message is above");
    }
}

struct test_token *test_token_new(const char *kind)
{
    struct test_token *t = calloc(1, sizeof *t);
    if (t == NULL)
        die("calloc", "no memory");
    t->kind = kind;
    make_scratch(t->dir, sizeof t->dir);
    make(t);
    return t;
}

/* Not a child of this process: its end shows in a file descriptor. */
void test_token_away(struct test_token *t)
{
    if (t->pid <= 0)
        return;
    int fd = pidfd_open(t->pid, 0);
    if (fd >= 0) {
        struct pollfd end = {.fd = fd, .events = POLLIN};
        (void)kill(t->pid, SIGKILL);
        (void)poll(&end, 1, 10000);
        (void)close(fd);
    }
    t->pid = 0;
}

void test_token_back(struct test_token *t)
{
    make(t);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path);
    return 0;
}

void test_token_free(struct test_token *t)
{
    if (t == NULL)
        return;
    test_token_away(t);
    (void)nftw(t->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(t);
}

const char *test_plugin_dir(void)
{
    return OPENMAF_TEST_PLUGIN_DIR;
}
