/* Client side: what to say to the server, and the key as a reference. */
#include "tls/connection.h"
#include "tls/context.h"
#include "tls/error_queue.h"
#include "tls/identity.h"
#include "tls/tls13.h"

#include <string.h>

/* MAF-HS-1. Identity hints are ignored. */
static unsigned on_psk(SSL *ssl, const char *hint, char *identity, unsigned max_identity, unsigned char *psk,
                       unsigned max_psk)
{
    (void)hint;
    const struct omtls_connection *c = omtls_connection_of(ssl);
    if (c == NULL || max_psk < OMTLS_REFERENCE_SIZE || strlen(c->identity) >= max_identity)
        return 0;
    (void)stpcpy(identity, c->identity);
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_PSK);
    omtls_reference_encode(&ref, psk);
    return OMTLS_REFERENCE_SIZE;
}

om_rc omtls_client_adopt(SSL_CTX *ctx, bool allow_no_ems, const char *suites, struct om_error *err)
{
    const omtls_config config = {.allow_no_ems = allow_no_ems, .suites = suites};
    OM_TRY(omtls_context_harden(ctx, &config, err));
    SSL_CTX_set_psk_client_callback(ctx, on_psk);
    return OM_OK;
}

/* RFC 8446 section 4.2.11. Called for each client hello; md, once a suite is chosen, is its hash. */
static int on_psk13(SSL *ssl, const EVP_MD *md, const unsigned char **identity, size_t *n,
                    SSL_SESSION **session)
{
    const struct omtls_connection *c = omtls_connection_of(ssl);
    *session = NULL;
    if (c == NULL || c->tls13 == NULL || (md != NULL && !EVP_MD_is_a(md, "SHA256")))
        return 0;
    *identity = (const unsigned char *)c->identity;
    *n = strlen(c->identity);
    *session = omtls_tls13_session(ssl, c);
    return *session != NULL;
}

static om_rc enable_tls13(SSL_CTX *ctx, struct om_error *err)
{
    SSL_CTX_set_psk_use_session_callback(ctx, on_psk13);
    omtls_tls13_refuse_certificates(ctx);
    return omtls_tls13_enable(ctx, err);
}

static om_rc make_ctx(OSSL_LIB_CTX *libctx, const SSL_METHOD *method, bool allow_no_ems, bool tls13,
                      SSL_CTX **out, struct om_error *err)
{
    *out = NULL;
    SSL_CTX *ctx = NULL;
    OM_TRY(omtls_context_new(libctx, method, tls13, &ctx, err));
    om_rc rc = omtls_client_adopt(ctx, allow_no_ems, NULL, err);
    if (rc == OM_OK && tls13)
        rc = enable_tls13(ctx, err);
    if (rc != OM_OK) {
        SSL_CTX_free(ctx);
        return rc;
    }
    omtls_context_keep_buffers(ctx);
    *out = ctx;
    return OM_OK;
}

om_rc omtls_client_ctx(OSSL_LIB_CTX *libctx, bool allow_no_ems, SSL_CTX **out, struct om_error *err)
{
    return make_ctx(libctx, TLS_client_method(), allow_no_ems, false, out, err);
}

om_rc omtls_client_ctx13(OSSL_LIB_CTX *libctx, bool allow_no_ems, SSL_CTX **out, struct om_error *err)
{
    return make_ctx(libctx, TLS_client_method(), allow_no_ems, true, out, err);
}

om_rc omtls_client_ctx_dtls(OSSL_LIB_CTX *libctx, bool allow_no_ems, SSL_CTX **out, struct om_error *err)
{
    return make_ctx(libctx, DTLS_client_method(), allow_no_ems, false, out, err);
}

static om_rc attach(SSL *ssl, struct omtls_attachment *what, struct omtls_connection **out,
                    struct om_error *err)
{
    const omtls_config *config = omtls_context_config(ssl);
    what->allow_no_ems = config != NULL && config->allow_no_ems;
    if (!omtls_identity_clean(ssl, what->identity))
        return om_fail(err, OM_EINPUT, "psk_identity is too long or has control octets");
    return omtls_connection_attach(ssl, what, out, err);
}

om_rc omtls_client_psk(SSL *ssl, const char *server_name, const char *identity, struct se_key *key,
                       enum omtls_custody custody, struct om_error *err)
{
    struct omtls_connection *c = NULL;
    struct omtls_attachment what = {.identity = identity, .key = key, .custody = custody};
    /* MAF-HS-8: RFC 6066 allows names of 1 to 255 octets. */
    if (server_name[0] == '\0' || SSL_set_tlsext_host_name(ssl, server_name) != 1)
        return om_fail(err, OM_EINPUT, "\"%.64s\" cannot be a server name", server_name);
    return attach(ssl, &what, &c, err);
}

om_rc omtls_client_psk13(SSL *ssl, const struct omtls_psk13 *psk, struct om_error *err)
{
    struct omtls_connection *c = omtls_connection_of(ssl);
    if (c == NULL)
        return om_fail(err, OM_EINTERNAL, "a connection without a key gets none for TLS 1.3");
    return omtls_tls13_attach(c, psk, err);
}

om_rc omtls_attach_psk(SSL *ssl, const char *identity, struct se_key *key, enum omtls_custody custody,
                       void *peer, void (*peer_free)(void *), uint8_t reference[OMTLS_REFERENCE_SIZE],
                       struct om_error *err)
{
    struct omtls_connection *c = NULL;
    struct omtls_attachment what = {
        .identity = identity, .key = key, .custody = custody, .peer = peer, .peer_free = peer_free};
    OM_TRY(attach(ssl, &what, &c, err));
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_PSK);
    omtls_reference_encode(&ref, reference);
    return OM_OK;
}
