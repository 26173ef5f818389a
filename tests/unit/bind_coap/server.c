/* The server's side: see server.h. */
#include "peer.h"

#include "maf/admin.h"
#include "token.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {FQDN, NULL};

const struct coaps_options server_defaults = {
    .transport = COAPS_DTLS,
    .host = "127.0.0.1",
    .names = names,
    .max_sessions = 64,
    .max_sessions_per_address = 64,
    .max_body = 65536,
    .max_buffered = 1 << 20,
    .handshake_timeout = 60,
    .idle_timeout = 60,
    .request_timeout = 60,
    .separate_after = 60000,
};

struct server {
    struct coaps_options opt;
    struct test_token *token;
    char database[300];
    struct peer_credential credential;
    pthread_t thread;
    int command[2], reply[2];
    uint16_t port;
    /* the thread's own */
    struct event_base *base;
    struct se *se;
    struct store *store;
    struct maf *maf;
    OSSL_LIB_CTX *libctx;
    SSL_CTX *ctx;
    struct coaps *coaps;
};

static void must(om_rc rc, const struct om_error *err)
{
    if (rc == OM_OK)
        return;
    (void)fprintf(stderr, "server: %s\n", om_error_text(err, rc));
    abort();
}

static void open_store(struct server *s, struct se **se, struct store **store, bool create)
{
    struct om_error err = {0};
    must(se_open(s->token->uri, NULL, test_plugin_dir(), se, &err), &err);
    must(se_provision(*se, &err), &err);
    struct store_auth auth;
    must(store_auth_token(*se, &auth, &err), &err);
    if (create)
        must(store_create(s->database, &auth, &err), &err);
    must(store_open(s->database, &auth, store, &err), &err);
}

static void add_client(struct se *se, struct store *store, struct peer_credential *c)
{
    struct om_error err = {0};
    struct om_secret km = OM_SECRET_INIT;
    struct maf_admin_client client = {.id = CLIENT, .admin_fqdn = ADMIN};
    memset(c->km, 0x5a, sizeof c->km);
    must(om_secret_set(&km, c->km, sizeof c->km, &err), &err);
    must(maf_admin_stakeholder_add(store, ADMIN, &err), &err);
    must(maf_admin_client_add(store, se, FQDN, &client, &km, NULL, c->kmid, &err), &err);
    om_secret_free(&km);
}

static void open_service(struct server *s)
{
    struct om_error err = {0};
    struct maf_options maf = {.names = names, .key_cache = 16};
    open_store(s, &s->se, &s->store, false);
    must(maf_new(s->se, s->store, &maf, &s->maf, &err), &err);
    s->libctx = OSSL_LIB_CTX_new();
    must(omtls_provider_load(s->libctx, &err), &err);
    struct omtls_server tls = {.libctx = s->libctx,
                               .names = names,
                               .dtls = s->opt.transport == COAPS_DTLS,
                               .find = maf_find_psk,
                               .peer_free = maf_peer_free,
                               .arg = s->maf};
    must(omtls_server_ctx(&tls, &s->ctx, &err), &err);
    s->opt.ctx = s->ctx;
    s->base = event_base_new();
    must(coaps_new(s->base, s->maf, &s->opt, &s->coaps, &err), &err);
}

static void close_service(struct server *s)
{
    coaps_free(s->coaps);
    event_base_free(s->base);
    SSL_CTX_free(s->ctx);
    omtls_libctx_free(s->libctx);
    maf_free(s->maf);
    store_close(s->store);
    se_close(s->se);
}

/* 's', 't' statistics, 'd' drain, 'e' ended?, 'q' quit. */
static void on_command(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct server *s = arg;
    struct coaps_stats stats;
    struct omtls_stats tls;
    char c;
    char answer = 0;
    ssize_t n;
    if (read(fd, &c, 1) != 1)
        abort();
    if (c == 'd')
        coaps_drain(s->coaps);
    else if (c == 'e')
        answer = (char)coaps_drained(s->coaps);
    else if (c == 'q')
        (void)event_base_loopbreak(s->base);
    coaps_stats(s->coaps, &stats);
    omtls_stats(&tls);
    if (c == 's')
        n = write(s->reply[1], &stats, sizeof stats);
    else if (c == 't')
        n = write(s->reply[1], &tls, sizeof tls);
    else
        n = write(s->reply[1], &answer, 1);
    if (n <= 0)
        abort();
}

static void *serve(void *arg)
{
    struct server *s = arg;
    open_service(s);
    struct event *commands = event_new(s->base, s->command[0], EV_READ | EV_PERSIST, on_command, s);
    (void)event_add(commands, NULL);
    uint16_t port = coaps_port(s->coaps);
    if (write(s->reply[1], &port, sizeof port) != (ssize_t)sizeof port)
        abort();
    (void)event_base_dispatch(s->base);
    event_free(commands);
    close_service(s);
    return NULL;
}

static void ask(struct server *s, char command, void *answer, size_t n)
{
    assert_int_equal(write(s->command[1], &command, 1), 1);
    assert_int_equal(read(s->reply[0], answer, n), (ssize_t)n);
}

struct server *server_start(const struct coaps_options *opt)
{
    struct server *s = calloc(1, sizeof *s);
    struct se *se = NULL;
    struct store *store = NULL;
    assert_non_null(s);
    (void)signal(SIGPIPE, SIG_IGN);
    s->opt = *opt;
    s->token = test_token_new("ram");
    (void)snprintf(s->database, sizeof s->database, "%s/maf.db", s->token->dir);
    open_store(s, &se, &store, true);
    add_client(se, store, &s->credential);
    store_close(store);
    se_close(se);
    assert_int_equal(pipe(s->command), 0);
    assert_int_equal(pipe(s->reply), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    assert_int_equal(read(s->reply[0], &s->port, sizeof s->port), sizeof s->port);
    return s;
}

void server_stop(struct server *s)
{
    char answer;
    struct omtls_stats left;
    ask(s, 'q', &answer, 1);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    omtls_stats(&left);
    assert_int_equal(left.connections + left.session_keys, 0);
    for (size_t i = 0; i < 2; i++) {
        (void)close(s->command[i]);
        (void)close(s->reply[i]);
    }
    test_token_free(s->token);
    free(s);
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

const struct peer_credential *server_credential(const struct server *s)
{
    return &s->credential;
}

void server_stats(struct server *s, struct coaps_stats *out)
{
    ask(s, 's', out, sizeof *out);
}

void server_tls_stats(struct server *s, struct omtls_stats *out)
{
    ask(s, 't', out, sizeof *out);
}

void server_drain(struct server *s)
{
    char answer;
    ask(s, 'd', &answer, 1);
}

bool server_drained(struct server *s)
{
    char answer;
    ask(s, 'e', &answer, 1);
    return answer != 0;
}

void server_wait_sessions(struct server *s, size_t n)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    struct coaps_stats stats;
    for (unsigned i = 0; i < 3000; i++) {
        server_stats(s, &stats);
        if (stats.sessions == n)
            return;
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("%zu sessions instead of %zu", stats.sessions, n);
}

void server_counts(struct server *s, struct store_counts *out)
{
    struct se *se = NULL;
    struct store *store = NULL;
    struct om_error err = {0};
    open_store(s, &se, &store, false);
    must(store_count(store, out, &err), &err);
    store_close(store);
    se_close(se);
}

void server_revoke(struct server *s)
{
    struct se *se = NULL;
    struct store *store = NULL;
    struct om_error err = {0};
    open_store(s, &se, &store, false);
    must(maf_admin_client_revoke(store, s->credential.kmid, &err), &err);
    store_close(store);
    se_close(se);
}

enum coaps_transport server_transport(const struct server *s)
{
    return s->opt.transport;
}
