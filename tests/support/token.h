/* Fixture: a fresh token in a scratch directory of its own.
 *
 * The token is made by the program test-token in a process of its own, so that the test's process has not
 * touched the PKCS#11 module when the code under test opens it. */
#ifndef OPENMAF_TESTS_TOKEN_H
#define OPENMAF_TESTS_TOKEN_H

#include <sys/types.h>

struct test_token {
    char uri[2048];
    char pin_source[512]; /* "file:..."; "" for "ram" */
    const char *kind;
    char dir[256]; /* the scratch directory, absolute; the test may put other files there */
    pid_t pid;     /* of swtpm; 0: none */
};

/* kind: "softhsm", "softokn", "swtpm", "swtpm-plain", "tabrmd" or "ram". For "softhsm" SOFTHSM2_CONF of this
 * process is set, so only one such token can be in use at a time. Ends the process with a clear message on
 * failure. */
struct test_token *test_token_new(const char *kind);

/* Kills swtpm, and starts it again: the TPM was reset, its persistent state is as it was. */
void test_token_away(struct test_token *t);
void test_token_back(struct test_token *t);

/* Ends swtpm and removes the scratch directory with all that is in it. NULL is allowed. */
void test_token_free(struct test_token *t);

/* The directory with the built SE plug-ins. */
const char *test_plugin_dir(void);

#endif
