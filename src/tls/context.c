/* Hardened contexts: see context.h. */
#include "tls/context.h"
#include "tls/ahead.h"
#include "tls/connection.h"
#include "tls/error_queue.h"
#include "tls/identity.h"
#include "tls/provider.h"

#include <openssl/err.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;

static void ex_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    OPENSSL_free(ptr);
}

static void init_once(void)
{
    ex_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ex_free);
}

static om_rc keep_config(SSL_CTX *ctx, const omtls_config *config, struct om_error *err)
{
    if (pthread_once(&once, init_once) != 0 || ex_index < 0)
        return om_fail(err, OM_EINTERNAL, "cannot set up TLS contexts");
    omtls_config *copy = OPENSSL_memdup(config, sizeof *config);
    void *old = SSL_CTX_get_ex_data(ctx, ex_index);
    if (copy == NULL || SSL_CTX_set_ex_data(ctx, ex_index, copy) != 1) {
        OPENSSL_free(copy);
        return om_fail(err, OM_ENOMEM, "no memory for a TLS context");
    }
    OPENSSL_free(old);
    return OM_OK;
}

const omtls_config *omtls_context_config(const SSL *ssl)
{
    return ex_index < 0 ? NULL : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ex_index);
}

om_rc omtls_context_new(OSSL_LIB_CTX *libctx, const SSL_METHOD *method, bool tls13, SSL_CTX **out,
                        struct om_error *err)
{
    *out = NULL;
    OM_TRY(omtls_provider_load(libctx, err));
    if (tls13)
        OM_TRY(omtls_provider_check13(libctx, err));
    SSL_CTX *ctx = SSL_CTX_new_ex(libctx, tls13 ? OMTLS_PROPQ13 : OMTLS_PROPQ, method);
    if (ctx == NULL)
        return omtls_error_openssl(err, "cannot make a TLS context");
    *out = ctx;
    return OM_OK;
}

/* OpenSSL ignores a bound of the other transport: the one that takes tells which it is. */
static om_rc set_version(SSL_CTX *ctx, bool *dtls, struct om_error *err)
{
    static const int versions[] = {0, TLS1_2_VERSION, DTLS1_2_VERSION}; /* 0 forgets what openssl.cnf set */
    for (size_t i = 0; i < 3; i++) {
        if (SSL_CTX_set_min_proto_version(ctx, versions[i]) != 1 ||
            SSL_CTX_set_max_proto_version(ctx, versions[i]) != 1)
            return omtls_error_openssl(err, "cannot set the TLS version");
        if (i > 0 && SSL_CTX_get_min_proto_version(ctx) == versions[i])
            break; /* bounds of both kinds at once are refused */
    }
    long version = SSL_CTX_get_max_proto_version(ctx);
    if (version != SSL_CTX_get_min_proto_version(ctx) ||
        (version != TLS1_2_VERSION && version != DTLS1_2_VERSION))
        return om_fail(err, OM_EINPUT, "the TLS context is for one version only; make it version-flexible");
    *dtls = version == DTLS1_2_VERSION;
    return OM_OK;
}

/* The state machine tells of each step before it takes it: the first one after the client's Finished. */
static void tell_authenticated(SSL *ssl)
{
    const omtls_config *config = omtls_context_config(ssl);
    struct omtls_connection *c = omtls_connection_of(ssl);
    if (config == NULL || config->authenticated == NULL || c == NULL || c->authenticated)
        return;
    c->authenticated = true;
    (void)ERR_set_mark();
    config->authenticated(config->arg, ssl, c->peer);
    (void)ERR_pop_to_mark();
}

static void on_info(const SSL *ssl, int where, int ret)
{
    (void)ret;
    if ((where & SSL_CB_ACCEPT_LOOP) == SSL_CB_ACCEPT_LOOP && SSL_get_state(ssl) == TLS_ST_SR_FINISHED)
        tell_authenticated((SSL *)ssl);
    if ((where & SSL_CB_HANDSHAKE_START) != 0)
        omtls_ahead_begin((SSL *)ssl);
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
        omtls_ahead_end((SSL *)ssl);
        (void)SSL_set_mode((SSL *)ssl, SSL_MODE_RELEASE_BUFFERS);
    }
}

void omtls_context_keep_buffers(SSL_CTX *ctx)
{
    (void)SSL_CTX_clear_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_info_callback(ctx, on_info);
}

om_rc omtls_context_harden(SSL_CTX *ctx, const omtls_config *config, struct om_error *err)
{
    bool dtls = false;
    OM_TRY(set_version(ctx, &dtls, err));
    const char *suites = config->suites;
    if (suites == NULL && config->n_certificates > 0)
        suites = dtls ? OMTLS_PSK_SUITES_DTLS ":" OMTLS_CERT_SUITES_DTLS
                      : OMTLS_PSK_SUITES_TLS ":" OMTLS_CERT_SUITES_TLS;
    else if (suites == NULL)
        suites = dtls ? OMTLS_PSK_SUITES_DTLS : OMTLS_PSK_SUITES_TLS;
    if (SSL_CTX_set_cipher_list(ctx, suites) != 1)
        return omtls_error_openssl(err, "cannot set the cipher suites");
    /* openssl.cnf may have set options that weaken what follows. */
    SSL_CTX_clear_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_NO_ENCRYPT_THEN_MAC |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
    /* A ticket or a cached session would carry a key reference past its life (MAF-HS-9 for renegotiation). */
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_num_tickets(ctx, 0) != 1)
        return omtls_error_openssl(err, "cannot switch tickets off");
    SSL_CTX_set_keylog_callback(ctx, NULL);
    omtls_identity_watch(ctx);
    return keep_config(ctx, config, err);
}
