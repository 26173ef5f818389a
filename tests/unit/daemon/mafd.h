/* mafd as a child process over a directory of its own with a RAM token, for tests of the supervisor. The
 * peers of the HTTPS tests (../bind/peer.c) talk to it. */
#ifndef OPENMAF_TESTS_DAEMON_MAFD_H
#define OPENMAF_TESTS_DAEMON_MAFD_H

#include "../bind/peer.h"

#include <limits.h>
#include <sys/types.h>

struct server {
    char base[PATH_MAX]; /* scratch directory */
    char dir[PATH_MAX];  /* of the MAF, below it */
    char log[PATH_MAX];
    struct peer_credential credential;
    pid_t pid; /* 0: not running */
    uint16_t port;
};

/* Made with a client, listening on a free port. */
void mafd_make(struct server *s);
void mafd_remove(struct server *s);

/* Sets one key that mafd.conf has not set yet, or `listen`. */
void mafd_set(const struct server *s, const char *section, const char *key, const char *value);

/* Runs mafd with an extra argument or NULL until it ends; its exit status. What it wrote is in log. */
int mafd_run(struct server *s, const char *argument);
/* Starts it and waits until it serves. */
void mafd_start(struct server *s);
/* Sends a signal and waits for its end; the exit status, or -1 when the signal killed it. */
int mafd_stop(struct server *s, int sig);

/* Text of the log from `from` on, in a static buffer. */
const char *mafd_log(const struct server *s, long from);
long mafd_log_size(const struct server *s);
/* Waits until the log from `from` on has the text. */
void mafd_wait_log(const struct server *s, long from, const char *text);

/* Its workers; how many. */
size_t mafd_workers(const struct server *s, pid_t *pids, size_t cap);

/* Gives way for a moment; fails the test when it is called for too long. */
struct patience {
    unsigned steps;
};
void wait_a_little(struct patience *p, const char *what);

#endif
