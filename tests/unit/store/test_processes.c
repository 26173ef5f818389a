/* Several processes, and processes that die: no acknowledged record is lost. */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS    3
#define PER_WRITER 60
#define ROUNDS     12

/* Not cmocka's asserts here: a child must only exit. */
static int write_credentials(struct fixture *f, unsigned first, unsigned n)
{
    struct store *s = NULL;
    if (store_open(f->path, &f->auth, &s, NULL) != OM_OK)
        return 1;
    for (unsigned i = 0; i < n; i++) {
        struct store_credential r;
        make_credential(first + i, &r);
        if (store_credential_create(s, &r, NULL) != OM_OK)
            return 2;
    }
    store_close(s);
    return 0;
}

static void concurrent_writers(void **state)
{
    struct fixture *f = *state;
    pid_t pids[WRITERS];
    fixture_close(f); /* connections do not cross a fork */
    for (unsigned k = 0; k < WRITERS; k++) {
        pids[k] = fork();
        assert_true(pids[k] >= 0);
        if (pids[k] == 0) {
            (void)alarm(120);
            _exit(write_credentials(f, k * PER_WRITER, PER_WRITER));
        }
    }
    for (unsigned k = 0; k < WRITERS; k++) {
        int status = -1;
        assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    fixture_reopen(f);
    for (unsigned i = 0; i < WRITERS * PER_WRITER; i++) {
        struct store_credential r, got;
        make_credential(i, &r);
        assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
        assert_memory_equal(got.km.octets, r.km.octets, r.km.len);
    }
}

/* Reports each key after its commit, until it is killed. */
static void write_until_killed(struct fixture *f, unsigned first, int report)
{
    struct store *s = NULL;
    (void)alarm(120);
    if (store_open(f->path, &f->auth, &s, NULL) != OM_OK)
        _exit(1);
    for (unsigned i = first;; i++) {
        struct store_key r;
        make_key(i, &r);
        if (store_key_create(s, &r, NULL) != OM_OK || write(report, &i, sizeof i) != (ssize_t)sizeof i)
            _exit(2);
        store_key_free(&r);
    }
}

static bool read_report(int fd, unsigned *n)
{
    ssize_t got;
    do
        got = read(fd, n, sizeof *n);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *n;
}

/* The last key that the child reported; it is killed once it has reported `enough`. */
static unsigned run_and_kill(struct fixture *f, unsigned first, unsigned enough)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(fds[0]);
        write_until_killed(f, first, fds[1]);
    }
    (void)close(fds[1]);
    unsigned last = 0;
    unsigned n = 0;
    while (read_report(fds[0], &last))
        if (++n == enough)
            assert_int_equal(kill(pid, SIGKILL), 0);
    (void)close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void a_killed_writer(void **state)
{
    struct fixture *f = *state;
    unsigned next = 1;
    fixture_close(f);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned first = next;
        unsigned last = run_and_kill(f, first, 1 + 7 * round % 40);
        fixture_reopen(f);
        struct store_key r, got;
        for (unsigned i = first; i <= last; i++) {
            make_key(i, &r);
            assert_ok(f, store_key_get(f->s, r.id, &got, &f->err));
            assert_memory_equal(got.value.octets, r.value.octets, r.value.len);
            store_key_free(&got);
            assert_rc(f, OM_ECONFLICT, store_key_create(f->s, &r, &f->err));
            store_key_free(&r);
        }
        /* One more may be there, committed and not yet reported: whole or not at all. */
        make_key(last + 1, &r);
        bool used = false;
        assert_ok(f, store_id_used(f->s, STORE_ID_KEY, r.id, &used, &f->err));
        assert_rc(f, used ? OM_OK : OM_ENOTFOUND, store_key_get(f->s, r.id, &got, &f->err));
        if (used)
            store_key_free(&got);
        store_key_free(&r);
        next = last + 2;
        fixture_close(f);
    }
    assert_int_equal(fixture_integer(f, "SELECT 1 FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                     1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(concurrent_writers), T(a_killed_writer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
