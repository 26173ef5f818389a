/* Server side: SNI, extended master secret, and the PSK callback that mints key references. */
#include "tls/connection.h"
#include "tls/context.h"
#include "tls/error_queue.h"
#include "tls/identity.h"

#include <openssl/err.h>
#include <string.h>

/* A length that OpenSSL answers with internal_error. Zero would say unknown_psk_identity. */
#define PSK_FAILED (PSK_MAX_PSK_LEN + 1)

/* MAF-HS-8 */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    const omtls_config *config = omtls_context_config(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (config == NULL) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (name == NULL) {
        *alert = SSL_AD_HANDSHAKE_FAILURE;
        return config->require_sni ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
    }
    for (const char *const *known = config->names; *known != NULL; known++)
        if (OPENSSL_strcasecmp(name, *known) == 0)
            return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* MAF-HS-9, with the alert of RFC 7627 section 5.3. The PRF refuses too, where this callback is not ours. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    const omtls_config *config = omtls_context_config(ssl);
    const unsigned char *octets = NULL;
    size_t n = 0;
    if (config != NULL && config->allow_no_ems)
        return SSL_CLIENT_HELLO_SUCCESS;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_extended_master_secret, &octets, &n) == 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    return SSL_CLIENT_HELLO_ERROR;
}

static om_rc find_and_attach(SSL *ssl, const omtls_config *config, const char *identity,
                             uint8_t reference[OMTLS_REFERENCE_SIZE], struct om_error *err)
{
    struct omtls_attachment what = {
        .custody = config->custody, .allow_no_ems = config->allow_no_ems, .peer_free = config->peer_free};
    /* A malformed identity is looked up as the empty one: unknown, like any other that is unknown. */
    what.identity = omtls_identity_clean(ssl, identity) ? identity : "";
    struct omtls_hello hello = {
        .ssl = ssl, .identity = what.identity, .sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)};
    om_rc rc = config->find(config->arg, &hello, &what.key, &what.peer, err);
    if (rc != OM_OK)
        return rc;
    struct omtls_connection *c = NULL;
    if (what.key == NULL)
        rc = om_fail(err, OM_EINTERNAL, "no key and no decoy for a psk_identity");
    else
        rc = omtls_connection_attach(ssl, &what, &c, err);
    se_key_unref(what.key); /* the connection has its own */
    if (rc != OM_OK) {
        if (what.peer != NULL && config->peer_free != NULL)
            config->peer_free(what.peer);
        return rc;
    }
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_PSK);
    omtls_reference_encode(&ref, reference);
    return OM_OK;
}

/* MAF-HS-1, MAF-HS-6: what happens does not depend on whether the identity is known. */
static unsigned on_psk(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    struct om_error err = {.rc = OM_OK};
    const omtls_config *config = omtls_context_config(ssl);
    if (config == NULL || identity == NULL || max < OMTLS_REFERENCE_SIZE)
        return PSK_FAILED;
    (void)ERR_set_mark();
    om_rc rc = find_and_attach(ssl, config, identity, psk, &err);
    (void)ERR_pop_to_mark();
    if (rc == OM_OK)
        return OMTLS_REFERENCE_SIZE;
    omtls_error_raise(rc, &err);
    return PSK_FAILED;
}

om_rc omtls_server_adopt(SSL_CTX *ctx, const struct omtls_server *cfg, struct om_error *err)
{
    if (cfg->names == NULL || cfg->names[0] == NULL)
        return om_fail(err, OM_ECONFIG, "a TLS server needs at least one name");
    OM_TRY(omtls_context_harden(ctx, cfg, err));
    if (SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name) != 1)
        return omtls_error_openssl(err, "cannot set the SNI callback");
    if (cfg->find != NULL)
        SSL_CTX_set_psk_server_callback(ctx, on_psk);
    return OM_OK;
}

om_rc omtls_server_ctx(const struct omtls_server *cfg, SSL_CTX **out, struct om_error *err)
{
    *out = NULL;
    if (cfg->find == NULL)
        return om_fail(err, OM_ECONFIG, "a TLS server needs a way to find keys");
    SSL_CTX *ctx = NULL;
    const SSL_METHOD *method = cfg->dtls ? DTLS_server_method() : TLS_server_method();
    OM_TRY(omtls_context_new(cfg->libctx, method, &ctx, err));
    om_rc rc = omtls_server_adopt(ctx, cfg, err);
    if (rc != OM_OK) {
        SSL_CTX_free(ctx);
        return rc;
    }
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    omtls_context_keep_buffers(ctx);
    *out = ctx;
    return OM_OK;
}
