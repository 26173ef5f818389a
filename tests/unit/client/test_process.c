/* libmaf as a guest: what it leaves alone in its process, and several clients in several threads. */
#include "answers.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <signal.h>

#define THREADS 4

static int discover(struct openmaf *client, struct openmaf_error *error)
{
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    size_t n = 0;
    int code = openmaf_discover(client, &filter, &ids, &n, error);
    openmaf_ids_free(ids, n);
    return code;
}

/* The default OpenSSL context has no provider and no properties of ours; signals are as they were. */
static void test_no_traces(void **state)
{
    (void)state;
    struct sigaction before;
    struct sigaction after;
    sigset_t mask;
    assert_int_equal(sigaction(SIGPIPE, NULL, &before), 0);
    SUCCEEDS(discover(maf, ERROR));
    assert_int_equal(OSSL_PROVIDER_available(NULL, "maf"), 0);
    assert_int_equal(EVP_default_properties_is_fips_enabled(NULL), 0);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default");
    EVP_KDF_free(kdf);
    assert_int_equal(sigaction(SIGPIPE, NULL, &after), 0);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGPIPE), 0);
}

/* A client whose own SIGPIPE is blocked and pending finds it so afterwards. */
static void test_pending_sigpipe_stays(void **state)
{
    (void)state;
    sigset_t pipe;
    sigset_t pending;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe, NULL), 0);
    assert_int_equal(pthread_kill(pthread_self(), SIGPIPE), 0);
    SUCCEEDS(discover(maf, ERROR));
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 1);
    const struct timespec now = {0};
    assert_int_equal(sigtimedwait(&pipe, NULL, &now), SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &pipe, NULL), 0);
}

struct worker {
    pthread_t thread;
    int code;
    struct openmaf_error error;
};

/* Opens the same home in its own client and registers a key. */
static void *work(void *arg)
{
    static const char *const targets[] = {TARGET};
    struct worker *w = arg;
    struct openmaf *client = NULL;
    const struct openmaf_key_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .suid = 32, .targets = targets, .n_targets = 1};
    w->code = openmaf_open(fixture_home(), &client, &w->error);
    if (w->code == OPENMAF_OK)
        w->code = openmaf_key_register(client, &rq, NULL, &w->error);
    openmaf_close(client);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct worker workers[THREADS] = {0};
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        if (workers[i].code != OPENMAF_OK)
            fail_msg("thread %zu: %s", i, workers[i].error.text);
    struct openmaf_key **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
    assert_int_equal(n, THREADS);
    for (size_t i = 0; i < n; i++)
        assert_null(list[i]->problem);
    openmaf_key_list_free(list, n);
}

static void test_arguments(void **state)
{
    (void)state;
    FAILS(OPENMAF_EINPUT, openmaf_open(NULL, &maf, ERROR));
    FAILS(OPENMAF_EINPUT, discover(NULL, ERROR));
    assert_int_equal(discover(NULL, NULL), OPENMAF_EINPUT);
    openmaf_close(NULL);
    openmaf_key_free(NULL);
    openmaf_registration_free(NULL);
    openmaf_secret_free(NULL);
    openmaf_ids_free(NULL, 0);
    assert_string_equal(openmaf_version(), OPENMAF_VERSION);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_traces, start, stop),
        cmocka_unit_test_setup_teardown(test_pending_sigpipe_stays, start, stop),
        cmocka_unit_test_setup_teardown(test_threads, start, stop),
        cmocka_unit_test_setup_teardown(test_arguments, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
