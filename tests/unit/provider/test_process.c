/* The provider in the life of a program: loaded twice, unloaded, forked, shared by threads, cleaned up. */
#include "fixture.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static void use_once(OSSL_LIB_CTX *libctx)
{
    SSL_CTX *server = named_server(libctx), *client = stock_client();
    for (int version = TLS12; version <= TLS13_PSK_ONLY; version++)
        CHECK(named_meet(client, server, (enum version)version));
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* --- library contexts --- */

/* OpenSSL takes the module out of memory with its last context; libssl still holds what it registered. */
static void unloaded_and_loaded_again(void)
{
    for (int i = 0; i < 3; i++) {
        OSSL_LIB_CTX *libctx = named_libctx(named.config);
        use_once(libctx);
        OSSL_LIB_CTX_free(libctx);
        SSL_CTX *ctx = stock_client();
        SSL *ssl = SSL_new(ctx);
        CHECK(ssl != NULL);
        SSL_free(SSL_dup(ssl));
        SSL_free(ssl);
        SSL_CTX_free(ctx);
    }
}
RUN(unloaded_and_loaded_again)

static void two_contexts_share_the_token(void)
{
    OSSL_LIB_CTX *first = named_libctx(named.config), *second = named_libctx(named.config);
    use_once(first);
    use_once(second);
    OSSL_LIB_CTX_free(first);
    use_once(second);
    OSSL_LIB_CTX_free(second);
}
RUN(two_contexts_share_the_token)

/* A process has one token and one directory: another configuration is refused, not silently ignored. */
static void another_configuration_is_refused(void)
{
    OSSL_LIB_CTX *first = named_libctx(named.config), *second = OSSL_LIB_CTX_new();
    CHECK(OSSL_PROVIDER_available(first, "openmaf") == 1);
    (void)OSSL_LIB_CTX_load_config(second, named_config("other.cnf", "/elsewhere", named.token->pin_source));
    CHECK(OSSL_PROVIDER_available(second, "openmaf") == 0);
    OSSL_LIB_CTX_free(second);
    use_once(first);
    OSSL_LIB_CTX_free(first);
}
RUN(another_configuration_is_refused)

/* What a tidy program does last, before the exit handlers. */
static void cleaned_up_by_the_program(void)
{
    OSSL_LIB_CTX *libctx = named_libctx(named.config);
    use_once(libctx);
    OSSL_LIB_CTX_free(libctx);
    OPENSSL_cleanup();
}
RUN(cleaned_up_by_the_program)

/* --- processes --- */

/* LeakSanitizer asks. What a grandchild has of its parent, and of its parent's threads, is not its own to
 * free. */
int __lsan_is_turned_off(void);
static int leaks_are_no_matter;

int __lsan_is_turned_off(void)
{
    return leaks_are_no_matter;
}

static pid_t fork_for_a_while(void)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        leaks_are_no_matter = 1;
        (void)alarm(10);
    }
    return pid;
}

static int status_of(pid_t pid)
{
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

/* As a daemon does, or a server with processes that it forks before it serves. */
static void each_process_opens_its_own_token(void)
{
    OSSL_LIB_CTX *libctx = named_libctx(named.config);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork_for_a_while();
        if (pid == 0) {
            use_once(libctx);
            exit(0);
        }
        CHECK(status_of(pid) == 0);
    }
    use_once(libctx);
    OSSL_LIB_CTX_free(libctx);
}
RUN(each_process_opens_its_own_token)

static void child_of_a_process_with_an_open_token_is_refused(void)
{
    OSSL_LIB_CTX *libctx = named_libctx(named.config);
    SSL_CTX *server = named_server(libctx), *client = stock_client();
    CHECK(named_meet(client, server, TLS12));
    pid_t pid = fork_for_a_while();
    if (pid == 0) {
        for (int version = TLS12; version <= TLS13_PSK_ONLY; version++)
            CHECK(!named_meet(client, server, (enum version)version));
        exit(0);
    }
    CHECK(status_of(pid) == 0);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    use_once(libctx);
    OSSL_LIB_CTX_free(libctx);
}
RUN(child_of_a_process_with_an_open_token_is_refused)

/* --- threads --- */

enum { THREADS = 4, ROUNDS = 12 };

struct worker {
    pthread_t thread;
    SSL_CTX *client, *server;
    _Atomic bool *stop; /* until then, or for ROUNDS when NULL */
    bool ok;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    w->ok = true;
    for (int i = 0; w->ok && (w->stop != NULL ? !atomic_load(w->stop) : i < ROUNDS); i++)
        w->ok = named_meet(w->client, w->server, (enum version)(i % 3));
    OPENSSL_thread_stop();
    return NULL;
}

static void start(struct worker workers[THREADS], OSSL_LIB_CTX *libctx, _Atomic bool *stop)
{
    SSL_CTX *server = named_server(libctx), *client = stock_client();
    CHECK(named_meet(client, server, TLS12));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.client = client, .server = server, .stop = stop};
        CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
}

static void join(struct worker workers[THREADS])
{
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
        CHECK(workers[i].ok);
    }
    SSL_CTX_free(workers[0].server);
    SSL_CTX_free(workers[0].client);
}

/* All three kinds of handshakes at once, with one key. */
static void threads_share_the_token(void)
{
    struct worker workers[THREADS];
    OSSL_LIB_CTX *libctx = named_libctx(named.config);
    start(workers, libctx, NULL);
    join(workers);
    OSSL_LIB_CTX_free(libctx);
}
RUN(threads_share_the_token)

/* AddressSanitizer's heap is no good in a child when threads of the parent were busy with it. */
#if !defined(__has_feature)
#define HEAP_SURVIVES_FORKS
#elif !__has_feature(address_sanitizer)
#define HEAP_SURVIVES_FORKS
#endif

#ifdef HEAP_SURVIVES_FORKS
/* Whatever the threads of a program are at when it forks: its children, who want nothing of the token, end.
 * Without OpenSSL's own exit handler, which cannot promise that. */
static void children_of_a_busy_process_end(void)
{
    struct worker workers[THREADS];
    _Atomic bool stop = false;
    CHECK(OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
    OSSL_LIB_CTX *libctx = named_libctx(named.config);
    start(workers, libctx, &stop);
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork_for_a_while();
        if (pid == 0)
            exit(0);
        CHECK(status_of(pid) == 0);
    }
    atomic_store(&stop, true);
    join(workers);
    OSSL_LIB_CTX_free(libctx);
}
RUN(children_of_a_busy_process_end)
#endif

int main(int argc, char **argv)
{
    named_begin(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_unloaded_and_loaded_again),
        cmocka_unit_test(run_two_contexts_share_the_token),
        cmocka_unit_test(run_another_configuration_is_refused),
        cmocka_unit_test(run_cleaned_up_by_the_program),
        cmocka_unit_test(run_each_process_opens_its_own_token),
        cmocka_unit_test(run_child_of_a_process_with_an_open_token_is_refused),
        cmocka_unit_test(run_threads_share_the_token),
#ifdef HEAP_SURVIVES_FORKS
        cmocka_unit_test(run_children_of_a_busy_process_end),
#endif
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    named_end();
    return failed;
}
