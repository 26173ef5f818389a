/* bench-handshake [-w] [-b BLOCK] [-k KEYS] TOKEN-URI PIN-SOURCE CLIENTS HANDSHAKES [SUITE]
 *
 * Server CPU of TLS 1.2 PSK handshakes with peers in memory, all variants in turn, in short blocks of one
 * run, so that their ratios mean something: plain OpenSSL with the key in RAM, with its defaults ("stock")
 * and without tickets and cache ("ram"); the MAF's whole path (look-up in the database, token, provider) with
 * custody psk and session; each with and without a following request for a key (retrieval). CLIENTS
 * credentials are registered first. `active` clients take turns, few enough for the cache of loaded keys; the
 * `cold` variants take another client each time, more than the cache holds. -w: all memory is wiped when it
 * is freed, as in mafd, with plain OpenSSL too. -b: handshakes of one variant in a row. -k: how many keys the
 * cache holds. The token is provisioned here, the database is made in the current directory and removed.
 * Prints one JSON object; for a token that counts its commands (a TPM) with those of a handshake, of each
 * variant. */
#include "daemon/mem_hooks.h"
#include "maf/admin.h"
#include "maf/maf.h"
#include "plain_client.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FQDN   "maf.example.com"
#define ADMIN  "admin.example.com"
#define ACTIVE 10
#define BLOCK  50 /* a server does not change its custody each time */

static const char *const names[] = {FQDN, NULL};

static void die(const char *what, const struct om_error *err)
{
    (void)fprintf(stderr, "bench-handshake: %s: %s\n", what, err != NULL ? err->text : "");
    ERR_print_errors_fp(stderr);
    exit(1);
}

#define MUST(expr)                                                                                           \
    do {                                                                                                     \
        struct om_error must_err = {0};                                                                      \
        struct om_error *err = &must_err;                                                                    \
        if ((expr) != OM_OK)                                                                                 \
            die(#expr, err);                                                                                 \
    } while (0)

static double cpu_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What runs: the server's context, or plain OpenSSL when maf is NULL. */
struct variant {
    const char *name;
    SSL_CTX *server;
    struct maf *maf;
    enum { HANDSHAKE, EXPORT, RETRIEVE } then; /* what follows the handshake */
    bool cold;
    double cpu;     /* microseconds of the block so far, server side only */
    double *blocks; /* per handshake, of each block: the median is what counts */
    size_t n_blocks;
    uint64_t commands; /* of the token, in all blocks but the first */
};

static struct {
    struct plain_psk *psk;
    char (*id)[M2M_ID_SIZE];
    char (*kmid)[M2M_KEY_ID_SIZE];
    size_t n;
} clients;

static unsigned plain_server_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned max)
{
    (void)identity;
    const struct plain_psk *psk = SSL_get_app_data(ssl);
    if (psk->key_len > max)
        return 0;
    memcpy(key, psk->key, psk->key_len);
    return (unsigned)psk->key_len;
}

/* With OpenSSL's defaults a server sends session tickets and keeps sessions; a hardened one, as ours, does
 * neither. */
static SSL_CTX *plain_server_ctx(const char *suite, bool hardened)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, suite) != 1)
        die("plain server", NULL);
    SSL_CTX_set_security_level(ctx, 0);
    if (hardened) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    }
    SSL_CTX_set_psk_server_callback(ctx, plain_server_psk);
    return ctx;
}

static void request_key(struct variant *v, SSL *server, size_t client, const char *key_id)
{
    struct maf_session session = {.peer = omtls_peer(server), .ssl = server};
    struct m2m_request rq;
    struct m2m_response rs;
    m2m_request_init(&rq);
    m2m_response_init(&rs);
    rq.op = M2M_OP_RETRIEVE;
    rq.has_from = rq.has_rqi = rq.has_rvi = true;
    (void)snprintf(rq.to, sizeof rq.to, "-/%s", key_id);
    (void)snprintf(rq.from, sizeof rq.from, "%s", clients.id[client]);
    (void)snprintf(rq.rqi, sizeof rq.rqi, "r");
    (void)snprintf(rq.rvi, sizeof rq.rvi, "3");
    maf_handle(v->maf, &session, &rq, &rs);
    if (rs.rsc != M2M_OK)
        die("retrieval failed", NULL);
    m2m_request_free(&rq);
    m2m_response_free(&rs);
}

static void export_key(const struct variant *v, SSL *server)
{
    uint8_t out[48];
    struct se_key *key = NULL;
    if (v->maf != NULL) {
        MUST(omtls_export(server, OMTLS_LABEL_CONNECTION, out, &key, err));
        se_key_unref(key);
    } else if (SSL_export_keying_material(server, out, sizeof out, OMTLS_LABEL_CONNECTION,
                                          strlen(OMTLS_LABEL_CONNECTION), NULL, 0, 0) != 1) {
        die("export failed", NULL);
    }
}

/* One handshake and what follows it; only the server's own calls are timed. */
static void one(struct variant *v, SSL_CTX *client_ctx, size_t client, const char *key_id)
{
    SSL *c = SSL_new(client_ctx);
    BIO *to_server, *to_client;
    if (BIO_new_bio_pair(&to_server, 65536, &to_client, 65536) != 1)
        die("BIO pair", NULL);
    SSL_set_bio(c, to_server, to_server);
    plain_client_psk(c, FQDN, &clients.psk[client]);
    SSL_set_connect_state(c);
    double at = cpu_now();
    SSL *s = SSL_new(v->server);
    if (v->maf == NULL)
        SSL_set_app_data(s, &clients.psk[client]);
    SSL_set_bio(s, to_client, to_client);
    SSL_set_accept_state(s);
    v->cpu += cpu_now() - at;
    int done_c = 0, done_s = 0;
    for (int round = 0; round < 10 && !(done_c == 1 && done_s == 1); round++) {
        if (done_c != 1)
            done_c = SSL_do_handshake(c);
        at = cpu_now();
        if (done_s != 1)
            done_s = SSL_do_handshake(s);
        v->cpu += cpu_now() - at;
    }
    if (done_c != 1 || done_s != 1)
        die("handshake failed", NULL);
    at = cpu_now();
    if (v->then == RETRIEVE)
        request_key(v, s, client, key_id);
    else if (v->then == EXPORT)
        export_key(v, s);
    SSL_free(s);
    v->cpu += cpu_now() - at;
    SSL_free(c);
}

/* Sent to the token so far; 0 when it does not count them. What asking costs is not counted. */
static uint64_t commands_of(struct se *se)
{
    static uint64_t asked, cost;
    struct se_description d;
    if (cost == 0) {
        MUST(se_describe(se, &d, err));
        uint64_t before = d.commands;
        MUST(se_describe(se, &d, err));
        cost = d.commands - before;
        asked = 2;
    }
    MUST(se_describe(se, &d, err));
    asked++;
    return d.commands - asked * cost;
}

static void make_clients(struct store *store, struct se *se, size_t n)
{
    clients.psk = calloc(n, sizeof *clients.psk);
    clients.id = calloc(n, sizeof *clients.id);
    clients.kmid = calloc(n, sizeof *clients.kmid);
    clients.n = n;
    MUST(maf_admin_stakeholder_add(store, ADMIN, err));
    for (size_t i = 0; i < n; i++) {
        /* One wrapped key serves many rows when there are many: the cost of a handshake does not depend on
         * it. */
        (void)snprintf(clients.id[i], sizeof clients.id[i], "//sp.example.com/cse1/C%zu", i);
        struct om_secret km = OM_SECRET_INIT;
        MUST(om_secret_alloc(&km, 32, err));
        MUST(se_random(se, km.octets, km.len, err));
        memcpy(clients.psk[i].key, km.octets, 32);
        clients.psk[i].key_len = 32;
        char relative[32];
        (void)snprintf(relative, sizeof relative, "km-%zu", i);
        struct maf_admin_client add = {.id = clients.id[i], .admin_fqdn = ADMIN, .kmid = relative};
        struct om_secret none = OM_SECRET_INIT;
        MUST(maf_admin_client_add(store, se, FQDN, &add, &km, &none, clients.kmid[i], err));
        clients.psk[i].identity = clients.kmid[i];
        om_secret_free(&km);
    }
}

/* A key that every active client may retrieve. */
static void make_key(struct store *store, struct se *se, char id[33])
{
    uint8_t octets[48];
    MUST(se_random(se, octets, sizeof octets, err));
    m2m_relative_key_id(id, octets);
    struct store_key key = {.suid = 34, .created = 1, .modified = 1, .expires = INT64_C(4000000000)};
    (void)snprintf(key.id, sizeof key.id, "%s", id);
    (void)snprintf(key.source, sizeof key.source, "%s", clients.id[0]);
    (void)snprintf(key.admin_fqdn, sizeof key.admin_fqdn, "%s", ADMIN);
    for (size_t i = 0; i < ACTIVE && i < clients.n; i++)
        MUST(m2m_list_add(&key.targets, clients.id[i], err));
    MUST(se_seal(se, octets + 16, 32, &key.value, err));
    MUST(store_key_create(store, &key, err));
    m2m_list_free(&key.targets);
}

static SSL_CTX *maf_ctx(OSSL_LIB_CTX *libctx, struct maf *maf, enum omtls_custody custody)
{
    struct omtls_server cfg = {.libctx = libctx,
                               .custody = custody,
                               .names = names,
                               .find = maf_find_psk,
                               .peer_free = maf_peer_free,
                               .arg = maf};
    SSL_CTX *ctx = NULL;
    MUST(omtls_server_ctx(&cfg, &ctx, err));
    return ctx;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static const char usage[] =
    "usage: bench-handshake [-w] [-b BLOCK] [-k KEYS] TOKEN-URI PIN-SOURCE CLIENTS HANDSHAKES [SUITE]";

struct options {
    bool wiping;
    size_t block, key_cache; /* 0: the default */
};

/* Returns what is left of the arguments, argv[0] included. */
static int take_options(int argc, char ***argv, struct options *o)
{
    for (int c = getopt(argc, *argv, "wb:k:"); c != -1; c = getopt(argc, *argv, "wb:k:"))
        if (c == 'w')
            o->wiping = true;
        else if (c == 'b')
            o->block = strtoul(optarg, NULL, 10);
        else if (c == 'k')
            o->key_cache = strtoul(optarg, NULL, 10);
        else
            die(usage, NULL);
    *argv += optind - 1;
    return argc - optind + 1;
}

int main(int argc, char **argv)
{
    struct options options = {.block = BLOCK};
    argc = take_options(argc, &argv, &options);
    if (options.wiping)
        MUST(mem_hooks_install(err));
    if ((argc != 5 && argc != 6) || options.block == 0)
        die(usage, NULL);
    const char *suite = argc > 5 ? argv[5] : "PSK-AES128-CBC-SHA256";
    om_log_set_level(OM_LOG_WARNING);
    unsigned long handshakes = strtoul(argv[4], NULL, 10);
    char dir[] = "openmaf-bench-XXXXXX";
    if (mkdtemp(dir) == NULL)
        die("scratch directory", NULL);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/maf.db", dir);
    struct se *se = NULL;
    se_promise_one_thread(); /* as mafd's workers do */
    MUST(se_open(argv[1], argv[2][0] != '\0' ? argv[2] : NULL, NULL, &se, err));
    MUST(se_provision(se, err));
    struct store_auth auth;
    MUST(store_auth_token(se, &auth, err));
    struct store *store = NULL;
    MUST(store_create(path, &auth, err));
    MUST(store_open(path, &auth, &store, err));
    make_clients(store, se, strtoul(argv[3], NULL, 10));
    char key_id[33];
    make_key(store, se, key_id);
    struct maf_options opt = {.names = names, .key_cache = options.key_cache};
    struct maf *maf = NULL;
    MUST(maf_new(se, store, &opt, &maf, err));
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    MUST(omtls_provider_load(libctx, err));

    SSL_CTX *client_ctx = plain_client_ctx(suite);
    SSL_CTX *stock = plain_server_ctx(suite, false);
    SSL_CTX *plain = plain_server_ctx(suite, true);
    SSL_CTX *psk = maf_ctx(libctx, maf, OMTLS_CUSTODY_PSK);
    SSL_CTX *session = maf_ctx(libctx, maf, OMTLS_CUSTODY_SESSION);
    struct variant variants[] = {
        {"stock", stock, NULL, HANDSHAKE, false, 0, NULL, 0, 0},
        {"ram", plain, NULL, HANDSHAKE, false, 0, NULL, 0, 0},
        {"psk", psk, maf, HANDSHAKE, false, 0, NULL, 0, 0},
        {"session", session, maf, HANDSHAKE, false, 0, NULL, 0, 0},
        {"psk_cold", psk, maf, HANDSHAKE, true, 0, NULL, 0, 0},
        {"session_cold", session, maf, HANDSHAKE, true, 0, NULL, 0, 0},
        {"ram_export", plain, NULL, EXPORT, false, 0, NULL, 0, 0},
        {"psk_export", psk, maf, EXPORT, false, 0, NULL, 0, 0},
        {"session_export", session, maf, EXPORT, false, 0, NULL, 0, 0},
        {"psk_retrieval", psk, maf, RETRIEVE, false, 0, NULL, 0, 0},
        {"session_retrieval", session, maf, RETRIEVE, false, 0, NULL, 0, 0},
    };
    size_t n_variants = sizeof variants / sizeof variants[0];
    size_t active = clients.n < ACTIVE ? clients.n : ACTIVE;
    size_t cold = 0;
    size_t n_blocks = handshakes / options.block;
    for (size_t k = 0; k < n_variants; k++)
        variants[k].blocks = calloc(n_blocks + 1, sizeof(double));
    /* The block before the first is to warm up. */
    for (size_t b = 0; b <= n_blocks; b++)
        for (size_t k = 0; k < n_variants; k++) {
            struct variant *v = &variants[k];
            uint64_t before = commands_of(se);
            v->cpu = 0;
            for (size_t i = 0; i < options.block; i++)
                one(v, client_ctx, v->cold ? cold++ % clients.n : i % active, key_id);
            if (b == 0)
                continue;
            v->blocks[v->n_blocks++] = v->cpu / (double)options.block;
            v->commands += commands_of(se) - before;
        }
    (void)printf("{\"clients\": %zu, \"suite\": \"%s\", \"wiping\": %s", clients.n, suite,
                 options.wiping ? "true" : "false");
    if (commands_of(se) > 0) {
        (void)printf(", \"commands\": {\"all\": %llu", (unsigned long long)commands_of(se));
        for (size_t k = 0; k < n_variants; k++)
            (void)printf(", \"%s\": %.2f", variants[k].name,
                         (double)variants[k].commands / (double)(n_blocks * options.block));
        (void)printf("}");
    }
    for (size_t k = 0; k < n_variants; k++) {
        qsort(variants[k].blocks, n_blocks, sizeof(double), compare);
        (void)printf(", \"%s\": %.2f", variants[k].name, variants[k].blocks[n_blocks / 2]);
        free(variants[k].blocks);
    }
    (void)printf("}\n");
    SSL_CTX_free(session);
    SSL_CTX_free(psk);
    SSL_CTX_free(plain);
    SSL_CTX_free(stock);
    SSL_CTX_free(client_ctx);
    maf_free(maf);
    store_close(store);
    se_close(se);
    (void)unlink(path);
    (void)rmdir(dir);
    free(clients.psk);
    free(clients.id);
    free(clients.kmid);
    omtls_libctx_free(libctx);
    return 0;
}
