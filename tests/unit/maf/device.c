/* See world.h: devices, with TLS sessions whose two ends are in this process. */
#include "world.h"
#include "world_tls.h"

#include <openssl/err.h>

#define KM_SIZE     32
#define DEVICES_MAX 64

static OSSL_LIB_CTX *libctx;
static SSL_CTX *server_ctx, *client_ctx;
static struct device *devices[DEVICES_MAX];
static size_t n_devices;
static const char *const names[] = {FQDN, ALIAS, NULL};

/* The contexts outlive a MAF that a test puts in the place of the suite's. */
static om_rc find_psk(void *arg, const struct omtls_hello *hello, struct se_key **key, void **peer,
                      struct om_error *err)
{
    (void)arg;
    return maf_find_psk(world_maf, hello, key, peer, err);
}

static void authenticated(void *arg, SSL *ssl, void *peer)
{
    (void)arg;
    if (world_role->authenticated != NULL)
        world_role->authenticated(world_maf, ssl, peer);
}

void world_tls_open(void)
{
    libctx = OSSL_LIB_CTX_new();
    SUCCEEDS(omtls_provider_load(libctx, ERR));
    struct omtls_server cfg = {.libctx = libctx,
                               .names = names,
                               .find = find_psk,
                               .peer_free = maf_peer_free,
                               .authenticated = authenticated};
    SUCCEEDS(omtls_server_ctx(&cfg, &server_ctx, ERR));
    SUCCEEDS(omtls_client_ctx(libctx, false, &client_ctx, ERR));
}

void world_tls_close(void)
{
    SSL_CTX_free(server_ctx);
    SSL_CTX_free(client_ctx);
    omtls_libctx_free(libctx);
}

static void disconnect(struct device *d)
{
    SSL_free(d->client);
    SSL_free(d->server);
    d->client = NULL;
    d->server = NULL;
    memset(&d->session, 0, sizeof d->session);
}

void devices_free(void)
{
    while (n_devices > 0) {
        struct device *d = devices[--n_devices];
        disconnect(d);
        m2m_response_free(&d->answer);
        se_key_unref(d->km);
        free(d);
    }
}

static struct device *new_device(void)
{
    assert_true(n_devices < DEVICES_MAX);
    struct device *d = calloc(1, sizeof *d);
    assert_non_null(d);
    devices[n_devices++] = d;
    m2m_response_init(&d->answer);
    return d;
}

static void load_km(struct device *d, const uint8_t km[KM_SIZE])
{
    struct se_blob blob;
    SUCCEEDS(se_import_psk(world_se, km, KM_SIZE, &blob, ERR));
    SUCCEEDS(se_load(world_se, &blob, SE_USE_TLS12_PSK, &d->km, ERR));
}

struct device *device_under(const char *admin, int64_t expires)
{
    static unsigned count;
    struct device *d = new_device();
    struct om_secret km = OM_SECRET_INIT;
    (void)snprintf(d->id, sizeof d->id, "//sp.example.com/cse%u/Cae%u", count, count);
    (void)snprintf(d->admin, sizeof d->admin, "%s", admin);
    count++;
    SUCCEEDS(om_secret_alloc(&km, KM_SIZE, ERR));
    SUCCEEDS(se_random(world_se, km.octets, km.len, ERR));
    struct maf_admin_client client = {.id = d->id, .admin_fqdn = admin, .expires = expires};
    SUCCEEDS(maf_admin_client_add(world_store, world_se, FQDN, &client, &km, NULL, d->kmid, ERR));
    load_km(d, km.octets);
    om_secret_free(&km);
    return d;
}

struct device *device_new(void)
{
    return device_under(ADMIN, 0);
}

struct device *device_stranger(const char *kmid)
{
    struct device *d = new_device();
    uint8_t km[KM_SIZE];
    (void)snprintf(d->kmid, sizeof d->kmid, "%s", kmid);
    SUCCEEDS(se_random(world_se, km, sizeof km, ERR));
    load_km(d, km);
    return d;
}

static void join(SSL *client, SSL *server)
{
    BIO *a = NULL, *b = NULL;
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
}

static bool goes_on(SSL *ssl, int result)
{
    return result == 1 || SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ;
}

/* True when both ends finished; else *reason is what the client was told. */
static bool shake_hands(struct device *d, int *reason)
{
    int c = 0, s = 0;
    *reason = 0;
    for (int i = 0; i < 20 && (c != 1 || s != 1); i++) {
        ERR_clear_error();
        c = SSL_do_handshake(d->client);
        if (!goes_on(d->client, c)) {
            *reason = ERR_GET_REASON(ERR_peek_last_error());
            return false;
        }
        s = SSL_do_handshake(d->server);
        if (!goes_on(d->server, s)) {
            ERR_clear_error();
            (void)SSL_do_handshake(d->client);
            *reason = ERR_GET_REASON(ERR_peek_last_error());
            return false;
        }
    }
    return c == 1 && s == 1;
}

static bool try_to_connect(struct device *d, const char *identity, int *reason)
{
    disconnect(d);
    d->client = SSL_new(client_ctx);
    d->server = SSL_new(server_ctx);
    assert_non_null(d->client);
    assert_non_null(d->server);
    SUCCEEDS(omtls_client_psk(d->client, FQDN, identity, d->km, OMTLS_CUSTODY_SESSION, ERR));
    join(d->client, d->server);
    if (!shake_hands(d, reason))
        return false;
    d->session.peer = omtls_peer(d->server);
    d->session.ssl = d->server;
    return true;
}

void device_connect(struct device *d)
{
    int reason;
    if (!try_to_connect(d, d->kmid, &reason))
        fail_msg("handshake of %s failed: %s", d->kmid,
                 ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason)));
}

int device_refused(struct device *d, const char *identity)
{
    int reason;
    if (try_to_connect(d, identity, &reason))
        fail_msg("handshake of %s succeeded", identity);
    disconnect(d);
    return reason;
}
