/* Server side: SNI, extended master secret, and the PSK callback that mints key references. */
#include "tls/certificate.h"
#include "tls/connection.h"
#include "tls/context.h"
#include "tls/error_queue.h"
#include "tls/identity.h"
#include "tls/tls13.h"

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
        if (OPENSSL_strcasecmp(name, *known) == 0) {
            *alert = SSL_AD_INTERNAL_ERROR;
            return omtls_server_choose(ssl, name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Whether the client hello under way leads to TLS 1.3. */
static bool offers_tls13(SSL *ssl)
{
    const unsigned char *octets = NULL;
    size_t n = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &octets, &n) != 1)
        return false;
    for (size_t i = 1; i + 1 < n; i += 2) /* u8 length, then versions of two octets */
        if (octets[i] == TLS1_3_VERSION >> 8 && octets[i + 1] == (TLS1_3_VERSION & 0xff))
            return true;
    return false;
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
    if (config != NULL && config->find13 != NULL && !config->dtls && offers_tls13(ssl))
        return SSL_CLIENT_HELLO_SUCCESS; /* it has no need of the extension */
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_extended_master_secret, &octets, &n) == 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    return SSL_CLIENT_HELLO_ERROR;
}

/* A malformed identity is looked up as the empty one: unknown, like any other that is unknown. */
static struct omtls_hello hello_of(SSL *ssl, const char *identity)
{
    return (struct omtls_hello){.ssl = ssl,
                                .identity = omtls_identity_clean(ssl, identity) ? identity : "",
                                .sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)};
}

static om_rc find_and_attach(SSL *ssl, const omtls_config *config, const char *identity,
                             uint8_t reference[OMTLS_REFERENCE_SIZE], struct om_error *err)
{
    struct omtls_hello hello = hello_of(ssl, identity);
    struct omtls_attachment what = {.identity = hello.identity,
                                    .custody = config->custody,
                                    .allow_no_ems = config->allow_no_ems,
                                    .peer_free = config->peer_free};
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

/* --- TLS 1.3 --- */

static om_rc find_and_attach13(SSL *ssl, const omtls_config *config, const char *identity,
                               struct omtls_connection **c, struct om_error *err)
{
    struct omtls_hello hello = hello_of(ssl, identity);
    struct omtls_attachment what = {.identity = hello.identity,
                                    .custody = config->custody,
                                    .allow_no_ems = config->allow_no_ems,
                                    .peer_free = config->peer_free};
    struct omtls_psk13 psk = {.derived = NULL};
    om_rc rc = config->find13(config->arg, &hello, &psk, &what.peer, err);
    if (rc != OM_OK)
        return rc;
    rc = omtls_connection_attach(ssl, &what, c, err);
    if (rc == OM_OK) {
        what.peer = NULL; /* the connection's now */
        rc = omtls_tls13_attach(*c, &psk, err);
    }
    se_key_unref(psk.derived);
    se_key_unref(psk.finished);
    if (what.peer != NULL && config->peer_free != NULL)
        config->peer_free(what.peer);
    return rc;
}

/* The octets of an identity as a text; "" for what cannot be one. */
static void text_of(const unsigned char *identity, size_t n, char out[OMTLS_IDENTITY_MAX + 1])
{
    out[0] = '\0';
    if (n > OMTLS_IDENTITY_MAX || memchr(identity, '\0', n) != NULL)
        return;
    memcpy(out, identity, n);
    out[n] = '\0';
}

/* MAF-HS-1, MAF-HS-6 in TLS 1.3: OpenSSL asks for each identity until one has a key. The first always has
 * one, or a decoy, so a handshake with an unknown identity ends where one with a wrong key does, at the
 * binder. Asked again after a HelloRetryRequest. */
static int on_psk13(SSL *ssl, const unsigned char *identity, size_t n, SSL_SESSION **session)
{
    struct om_error err = {.rc = OM_OK};
    const omtls_config *config = omtls_context_config(ssl);
    struct omtls_connection *c = NULL;
    char text[OMTLS_IDENTITY_MAX + 1];
    *session = NULL;
    if (config == NULL || config->find13 == NULL)
        return 0;
    text_of(identity, n, text);
    (void)ERR_set_mark();
    om_rc rc = find_and_attach13(ssl, config, text, &c, &err);
    (void)ERR_pop_to_mark();
    if (rc != OM_OK) {
        omtls_error_raise(rc, &err);
        return 0;
    }
    *session = omtls_tls13_session(ssl, c);
    return *session != NULL;
}

/* --- contexts --- */

om_rc omtls_server_adopt(SSL_CTX *ctx, const struct omtls_server *cfg, struct om_error *err)
{
    if (!cfg->any_name && (cfg->names == NULL || cfg->names[0] == NULL))
        return om_fail(err, OM_ECONFIG, "a TLS server needs at least one name");
    OM_TRY(omtls_context_harden(ctx, cfg, err));
    if (!cfg->any_name && SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name) != 1)
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
    bool tls13 = cfg->find13 != NULL && !cfg->dtls;
    OM_TRY(omtls_context_new(cfg->libctx, method, tls13, &ctx, err));
    om_rc rc = omtls_server_adopt(ctx, cfg, err);
    if (rc == OM_OK && tls13) {
        SSL_CTX_set_psk_find_session_callback(ctx, on_psk13);
        rc = omtls_tls13_enable(ctx, err);
    }
    if (rc == OM_OK && cfg->n_certificates > 0)
        rc = omtls_server_certificates(ctx, cfg, err);
    if (rc != OM_OK) {
        SSL_CTX_free(ctx);
        return rc;
    }
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    omtls_context_keep_buffers(ctx);
    *out = ctx;
    return OM_OK;
}
