/* The server's side: see server.h. */
#include "server.h"
#include "peer.h"

#include "maf/admin.h"
#include "token.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct server_options server_defaults = {
    .max_connections = 64,
    .max_header = 16384,
    .max_body = 65536,
    .handshake_timeout = 60,
    .request_timeout = 60,
    .idle_timeout = 60,
};

struct server {
    struct server_options opt;
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
    struct https *https;
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
    static const char *const names[] = {FQDN, NULL};
    struct om_error err = {0};
    struct maf_options maf = {.names = names, .key_cache = 16};
    open_store(s, &s->se, &s->store, false);
    must(maf_new(s->se, s->store, &maf, &s->maf, &err), &err);
    s->libctx = OSSL_LIB_CTX_new();
    must(omtls_provider_load(s->libctx, &err), &err);
    struct omtls_server tls = {
        .libctx = s->libctx, .names = names, .find = maf_find_psk, .peer_free = maf_peer_free, .arg = s->maf};
    must(omtls_server_ctx(&tls, &s->ctx, &err), &err);
    struct https_options opt = {.host = "127.0.0.1",
                                .names = names,
                                .ctx = s->ctx,
                                .max_connections = s->opt.max_connections,
                                .max_connections_per_address = s->opt.max_connections_per_address,
                                .max_header = s->opt.max_header,
                                .max_body = s->opt.max_body,
                                .handshake_timeout = s->opt.handshake_timeout,
                                .request_timeout = s->opt.request_timeout,
                                .idle_timeout = s->opt.idle_timeout};
    s->base = event_base_new();
    must(https_new(s->base, s->maf, &opt, &s->https, &err), &err);
}

static void close_service(struct server *s)
{
    https_free(s->https);
    event_base_free(s->base);
    SSL_CTX_free(s->ctx);
    omtls_libctx_free(s->libctx);
    maf_free(s->maf);
    store_close(s->store);
    se_close(s->se);
}

/* 's' statistics, 'd' drain, 'e' ended?, 'q' quit; each is answered with struct https_stats or one octet. */
static void on_command(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct server *s = arg;
    struct https_stats stats;
    char c;
    char answer = 0;
    if (read(fd, &c, 1) != 1)
        abort();
    if (c == 'd')
        https_drain(s->https);
    else if (c == 'e')
        answer = (char)https_drained(s->https);
    else if (c == 'q')
        (void)event_base_loopbreak(s->base);
    https_stats(s->https, &stats);
    ssize_t n = c == 's' ? write(s->reply[1], &stats, sizeof stats) : write(s->reply[1], &answer, 1);
    if (n <= 0)
        abort();
}

static void *serve(void *arg)
{
    struct server *s = arg;
    open_service(s);
    struct event *commands = event_new(s->base, s->command[0], EV_READ | EV_PERSIST, on_command, s);
    (void)event_add(commands, NULL);
    uint16_t port = https_port(s->https);
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

struct server *server_start(const struct server_options *opt)
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
    if (s == NULL)
        return;
    ask(s, 'q', &answer, 1);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        (void)close(s->command[i]);
        (void)close(s->reply[i]);
    }
    test_token_free(s->token);
    free(s);
}

void server_stats(struct server *s, struct https_stats *out)
{
    ask(s, 's', out, sizeof *out);
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

uint16_t server_port(const struct server *s)
{
    return s->port;
}

const struct peer_credential *server_credential(const struct server *s)
{
    return &s->credential;
}

int server_setup(void **state)
{
    *state = server_start(&server_defaults);
    return 0;
}

int server_teardown(void **state)
{
    server_stop(*state);
    return 0;
}
