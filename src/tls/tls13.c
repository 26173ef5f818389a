/* TLS 1.3 with an external pre-shared key, what both roles share: see tls13.h. */
#include "tls/tls13.h"
#include "tls/error_queue.h"

#include <openssl/err.h>
#include <stdlib.h>

/* --- the forms of a connection's key --- */

/* A loaded form that the look-up shares with others: not counted as a key of the session. */
static void unref_form(const struct omtls_connection *c, struct se_key **form)
{
    struct se_key *key = *form;
    *form = NULL;
    if (key == NULL || !omtls_connection_alive(c))
        return;
    (void)ERR_set_mark();
    se_key_unref(key);
    (void)ERR_pop_to_mark();
}

om_rc omtls_tls13_attach(struct omtls_connection *c, const struct omtls_psk13 *psk, struct om_error *err)
{
    if (psk->derived == NULL || psk->finished == NULL)
        return om_fail(err, OM_EINTERNAL, "no key and no decoy for a TLS 1.3 identity");
    struct omtls_tls13 *t = malloc(sizeof *t);
    if (t == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a TLS 1.3 connection");
    *t = (struct omtls_tls13){.derived = se_key_ref(psk->derived),
                              .finished = se_key_ref(psk->finished),
                              .handshake_blob = psk->handshake,
                              .master_blob = psk->master};
    omtls_tls13_detach(c);
    c->tls13 = t;
    return OM_OK;
}

om_rc omtls_tls13_attach_certificate(struct omtls_connection *c, struct om_error *err)
{
    struct omtls_tls13 *t = calloc(1, sizeof *t);
    if (t == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a TLS 1.3 connection");
    omtls_tls13_detach(c);
    c->tls13 = t;
    c->custody = OMTLS_CUSTODY_PSK;
    c->ems = true; /* TLS 1.3 binds every secret to the whole handshake */
    c->established = true;
    return OM_OK;
}

void omtls_tls13_finish(struct omtls_connection *c)
{
    omtls_connection_set(c, &c->tls13->handshake, NULL);
    omtls_connection_set(c, &c->tls13->master, NULL);
    unref_form(c, &c->tls13->finished);
}

void omtls_tls13_detach(struct omtls_connection *c)
{
    if (c->tls13 == NULL)
        return;
    omtls_tls13_finish(c);
    omtls_connection_set(c, &c->tls13->exporter, NULL);
    omtls_connection_set(c, &c->tls13->export_secret, NULL);
    unref_form(c, &c->tls13->derived);
    free(c->tls13);
    c->tls13 = NULL;
}

/* --- OpenSSL's view of it --- */

SSL_SESSION *omtls_tls13_session(SSL *ssl, const struct omtls_connection *c)
{
    /* Any suite will do that has the hash of the key (RFC 8446 section 4.2.11). */
    static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes_128_gcm_sha256);
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_PSK13);
    uint8_t octets[OMTLS_REFERENCE_SIZE];
    omtls_reference_encode(&ref, octets);
    SSL_SESSION *session = SSL_SESSION_new();
    if (session == NULL || cipher == NULL ||
        SSL_SESSION_set1_master_key(session, octets, sizeof octets) != 1 ||
        SSL_SESSION_set_cipher(session, cipher) != 1 ||
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    om_wipe(octets, sizeof octets);
    return session;
}

/* A TLS 1.3 handshake without our key would be one by certificate: there is none that we trust. */
static int refuse_certificate(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

om_rc omtls_tls13_enable(SSL_CTX *ctx, struct om_error *err)
{
    if (SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, OMTLS_SUITES_TLS13) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(ctx, 0) != 1)
        return omtls_error_openssl(err, "cannot set up TLS 1.3");
    SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
    return OM_OK;
}

void omtls_tls13_refuse_certificates(SSL_CTX *ctx)
{
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, refuse_certificate, NULL);
}
