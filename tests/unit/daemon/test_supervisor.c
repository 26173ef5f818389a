/* mafd's supervisor with real workers: start, refusals, reload, crash, end. */
#include "mafd.h"

#include "bind/listen.h"
#include "util/file.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void ask_once(struct server *s)
{
    struct answer a;
    struct peer *p = peer_connect(s);
    peer_send(p, GET_BASE, strlen(GET_BASE));
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_free(p);
}

static void ended(pid_t pid)
{
    struct patience p = {0};
    while (kill(pid, 0) == 0)
        wait_a_little(&p, "a worker does not end");
}

static void checks_the_configuration(void **state)
{
    struct server *s = *state;
    assert_int_equal(mafd_run(s, "-t"), 0);
    assert_non_null(strstr(mafd_log(s, 0), "configuration ok"));
    long from = mafd_log_size(s);
    mafd_set(s, "daemon", "workers", "none");
    assert_int_equal(mafd_run(s, "-t"), 1);
    assert_non_null(strstr(mafd_log(s, from), "[daemon] workers: 'none' is not a number"));
}

static void refuses_a_missing_token(void **state)
{
    struct server *s = *state;
    char roots[PATH_MAX];
    assert_int_equal(om_path_join(roots, sizeof roots, s->base, "roots", NULL), OM_OK);
    assert_int_equal(unlink(roots), 0);
    assert_int_equal(mafd_run(s, "-t"), 1);
    assert_non_null(strstr(mafd_log(s, 0), "/mafd.conf: [token] uri"));
    long from = mafd_log_size(s);
    assert_int_equal(mafd_run(s, NULL), 1);
    assert_non_null(strstr(mafd_log(s, from), "/mafd.conf: [token] uri"));
}

static void refuses_a_missing_database(void **state)
{
    struct server *s = *state;
    mafd_set(s, "maf", "database", "other.db");
    assert_int_equal(mafd_run(s, NULL), 1);
    assert_non_null(strstr(mafd_log(s, 0), "/mafd.conf: [maf] database"));
}

static void refuses_a_port_in_use(void **state)
{
    struct server *s = *state;
    char address[32];
    int fd;
    assert_int_equal(listen_tcp("127.0.0.1", 0, &fd, NULL), OM_OK);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", listen_port(fd));
    mafd_set(s, "https", "listen", address);
    assert_int_equal(mafd_run(s, NULL), 1);
    assert_non_null(strstr(mafd_log(s, 0), "[https] listen: cannot listen on 127.0.0.1"));
    (void)close(fd);
}

static void refuses_a_second_one(void **state)
{
    struct server *s = *state;
    struct server second = *s;
    mafd_start(s);
    long from = mafd_log_size(s);
    assert_int_equal(mafd_run(&second, NULL), 1);
    assert_non_null(strstr(mafd_log(s, from), "another mafd serves"));
    ask_once(s);
    assert_int_equal(mafd_stop(s, SIGTERM), 0);
}

/* Connections made at every moment of a reload are served, and one that is open over it too. */
static void reloads_without_loss(void **state)
{
    struct server *s = *state;
    mafd_set(s, "daemon", "workers", "2");
    mafd_start(s);
    for (size_t round = 0; round < 3; round++) {
        struct answer a;
        struct patience patience = {0};
        struct peer *open = peer_connect(s);
        long from = mafd_log_size(s);
        peer_send(open, GET_BASE, 20);
        assert_int_equal(kill(s->pid, SIGHUP), 0);
        do {
            ask_once(s);
            assert_true(patience.steps++ < 100000);
        } while (strstr(mafd_log(s, from), "ready: ") == NULL);
        peer_send(open, &GET_BASE[20], strlen(GET_BASE) - 20);
        peer_read(open, &a, false);
        assert_int_equal(a.rsc, 2000);
        peer_free(open);
        pid_t pids[8];
        while (mafd_workers(s, pids, 8) != 2) { /* the old ones end */
            ask_once(s);
            assert_true(patience.steps++ < 100000);
        }
    }
    assert_int_equal(mafd_stop(s, SIGTERM), 0);
}

static void reload_changes_the_number_of_workers(void **state)
{
    struct server *s = *state;
    pid_t pids[8];
    mafd_start(s);
    mafd_set(s, "daemon", "workers", "3");
    assert_int_equal(kill(s->pid, SIGHUP), 0);
    mafd_wait_log(s, 0, "3 workers");
    ask_once(s);
    struct patience patience = {0};
    while (mafd_workers(s, pids, 8) != 3)
        wait_a_little(&patience, "the old workers stay");
    assert_int_equal(mafd_stop(s, SIGTERM), 0);
}

static void bad_reload_changes_nothing(void **state)
{
    struct server *s = *state;
    mafd_start(s);
    mafd_set(s, "maf", "database", "other.db"); /* well-formed, but no worker can start with it */
    assert_int_equal(kill(s->pid, SIGHUP), 0);
    mafd_wait_log(s, 0, "reload failed, the old configuration stays");
    ask_once(s);
    mafd_set(s, "maf", "colour", "red");
    long from = mafd_log_size(s);
    assert_int_equal(kill(s->pid, SIGHUP), 0);
    mafd_wait_log(s, from, "[maf] colour: unknown key");
    ask_once(s);
    assert_int_equal(mafd_stop(s, SIGTERM), 0);
}

/* Connections that wait for a worker that was killed are served by the next one. */
static void crash_costs_one_worker(void **state)
{
    struct server *s = *state;
    pid_t pids[8];
    mafd_set(s, "daemon", "workers", "1");
    mafd_start(s);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mafd_workers(s, pids, 8), 1);
        assert_int_equal(kill(pids[0], SIGKILL), 0);
        ended(pids[0]);
        ask_once(s);
    }
    assert_int_equal(mafd_stop(s, SIGTERM), 0);
}

static void death_takes_workers_along(void **state)
{
    struct server *s = *state;
    pid_t pids[8];
    mafd_start(s);
    size_t n = mafd_workers(s, pids, 8);
    assert_true(n > 0);
    assert_int_equal(mafd_stop(s, SIGKILL), -1);
    for (size_t i = 0; i < n; i++)
        ended(pids[i]);
    mafd_start(s); /* nothing is left in its way */
    ask_once(s);
    assert_int_equal(mafd_stop(s, SIGINT), 0);
}

static void leaves_nothing_behind(void **state)
{
    struct server *s = *state;
    static const char *const names[] = {"run/mafd.pid", "run/https.port", "run/metrics.prom"};
    char path[PATH_MAX];
    mafd_start(s);
    for (size_t i = 0; i < 3; i++) {
        struct patience patience = {0};
        assert_int_equal(om_path_join(path, sizeof path, s->dir, names[i], NULL), OM_OK);
        while (access(path, R_OK) != 0)
            wait_a_little(&patience, path);
    }
    assert_int_equal(mafd_stop(s, SIGTERM), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(om_path_join(path, sizeof path, s->dir, names[i], NULL), OM_OK);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

static int setup(void **state)
{
    static struct server s;
    mafd_make(&s);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    mafd_remove(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(checks_the_configuration),
        TEST(refuses_a_missing_token),
        TEST(refuses_a_missing_database),
        TEST(refuses_a_port_in_use),
        TEST(refuses_a_second_one),
        TEST(reloads_without_loss),
        TEST(reload_changes_the_number_of_workers),
        TEST(bad_reload_changes_nothing),
        TEST(crash_costs_one_worker),
        TEST(death_takes_workers_along),
        TEST(leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
