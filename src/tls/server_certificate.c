/* Server side of certificates: which one SNI gets, and the client's handed to whoever decides about it. */
#include "tls/certificate.h"
#include "tls/connection.h"
#include "tls/error_queue.h"
#include "tls/tls13.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#define CHAIN_MAX 16384 /* octets of a client's certificates; few intermediates (TS-0003 10.1) */

/* What an SSL_CTX keeps: its certificates, and a key of the token that serves its connections. */
struct certificates {
    size_t n;
    struct {
        X509 *leaf;
        STACK_OF(X509) * chain;
        EVP_PKEY *key;
        const char *const *names;
    } each[OMTLS_CERTIFICATES_MAX];
    struct se_signer *signer;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;

static void certificates_free(struct certificates *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->n; i++) {
        X509_free(all->each[i].leaf);
        sk_X509_pop_free(all->each[i].chain, X509_free);
        EVP_PKEY_free(all->each[i].key);
    }
    se_signer_unref(all->signer);
    OPENSSL_free(all);
}

static void ex_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    certificates_free(ptr);
}

static void init_once(void)
{
    ex_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ex_free);
}

static const struct certificates *certificates_of(const SSL *ssl)
{
    return ex_index < 0 ? NULL : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ex_index);
}

/* --- the server's own --- */

static om_rc take(struct certificates *all, const struct omtls_server *cfg, struct om_error *err)
{
    for (size_t i = 0; i < cfg->n_certificates; i++) {
        const struct omtls_certificate *from = &cfg->certificates[i];
        all->n = i + 1;
        all->each[i].names = from->names;
        OM_TRY(omtls_signing_key(cfg->libctx, from->signer, &all->each[i].key, err));
        if (X509_up_ref(from->leaf) != 1)
            return om_fail(err, OM_ENOMEM, "no memory for certificates");
        all->each[i].leaf = from->leaf;
        if (from->chain != NULL && (all->each[i].chain = X509_chain_up_ref(from->chain)) == NULL)
            return om_fail(err, OM_ENOMEM, "no memory for certificates");
    }
    all->signer = se_signer_ref(cfg->certificates[0].signer);
    return OM_OK;
}

static om_rc keep(SSL_CTX *ctx, const struct omtls_server *cfg, struct om_error *err)
{
    if (pthread_once(&once, init_once) != 0 || ex_index < 0)
        return om_fail(err, OM_EINTERNAL, "cannot set up TLS contexts");
    if (cfg->n_certificates > OMTLS_CERTIFICATES_MAX)
        return om_fail(err, OM_ECONFIG, "more than %d certificates", OMTLS_CERTIFICATES_MAX);
    struct certificates *all = OPENSSL_zalloc(sizeof *all);
    if (all == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for certificates");
    om_rc rc = take(all, cfg, err);
    struct certificates *old = SSL_CTX_get_ex_data(ctx, ex_index);
    if (rc == OM_OK && SSL_CTX_set_ex_data(ctx, ex_index, all) == 1) {
        certificates_free(old);
        return OM_OK;
    }
    certificates_free(all);
    return rc != OM_OK ? rc : om_fail(err, OM_ENOMEM, "no memory for certificates");
}

static bool is_for(const char *const *names, const char *name)
{
    for (; names != NULL && *names != NULL; names++)
        if (OPENSSL_strcasecmp(*names, name) == 0)
            return true;
    return false;
}

/* The context has the first certificate, for clients without SNI too. */
bool omtls_server_choose(SSL *ssl, const char *name)
{
    const struct certificates *all = certificates_of(ssl);
    size_t i = 0;
    if (all == NULL)
        return true;
    while (i < all->n && !is_for(all->each[i].names, name))
        i++;
    if (i == 0)
        return true;
    SSL_certs_clear(ssl);
    return i == all->n ||
           SSL_use_cert_and_key(ssl, all->each[i].leaf, all->each[i].key, all->each[i].chain, 1) == 1;
}

/* --- the client's --- */

static om_rc decide(SSL *ssl, const omtls_config *config, const struct omtls_client_certificate *presented,
                    struct om_error *err)
{
    const struct certificates *all = certificates_of(ssl);
    struct omtls_hello hello = {
        .ssl = ssl, .identity = "", .sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)};
    struct omtls_attachment what = {.identity = "",
                                    .custody = config->custody,
                                    .allow_no_ems = config->allow_no_ems,
                                    .peer_free = config->peer_free};
    if (all == NULL)
        return om_fail(err, OM_EINTERNAL, "a client certificate where there is none of ours");
    what.signer = all->signer;
    OM_TRY(config->find_certificate(config->arg, &hello, presented, &what.peer, err));
    struct omtls_connection *c = NULL;
    om_rc rc = omtls_connection_attach(ssl, &what, &c, err);
    if (rc == OM_OK && SSL_version(ssl) == TLS1_3_VERSION)
        return omtls_tls13_attach_certificate(c, err);
    if (rc != OM_OK && what.peer != NULL && config->peer_free != NULL)
        config->peer_free(what.peer);
    return rc;
}

/* MAF-HS-4. Stands in for OpenSSL's own verification. All refusals end alike, with handshake_failure. */
static int on_verify(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    struct om_error err = {.rc = OM_OK};
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const omtls_config *config = ssl != NULL ? omtls_context_config(ssl) : NULL;
    struct omtls_client_certificate presented = {.leaf = X509_STORE_CTX_get0_cert(store),
                                                 .chain = X509_STORE_CTX_get0_untrusted(store)};
#if OPENSSL_VERSION_NUMBER >= OMTLS_RAW_KEYS_VERSION
    presented.raw_key = X509_STORE_CTX_get0_rpk(store);
#endif
    if (config == NULL || config->find_certificate == NULL ||
        (presented.leaf == NULL) == (presented.raw_key == NULL)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    (void)ERR_set_mark();
    om_rc rc = decide(ssl, config, &presented, &err);
    (void)ERR_pop_to_mark();
    X509_STORE_CTX_set_error(store, rc == OM_OK        ? X509_V_OK
                                    : rc == OM_EDENIED ? X509_V_ERR_APPLICATION_VERIFICATION
                                                       : X509_V_ERR_UNSPECIFIED);
    if (rc != OM_OK)
        omtls_error_raise(rc, &err);
    return rc == OM_OK;
}

/* --- both --- */

/* RFC 7250; the issue of a raw key is its fingerprint's alone. */
static om_rc offer_raw_keys(SSL_CTX *ctx, struct om_error *err)
{
#if OPENSSL_VERSION_NUMBER >= OMTLS_RAW_KEYS_VERSION
    static const unsigned char types[] = {TLSEXT_cert_type_x509, TLSEXT_cert_type_rpk};
    if (SSL_CTX_set1_client_cert_type(ctx, types, sizeof types) != 1)
        return omtls_error_openssl(err, "cannot offer raw public keys");
    return OM_OK;
#else
    (void)ctx;
    return om_fail(err, OM_EUNSUPPORTED, "raw public keys (RFC 7250) need OpenSSL 3.2; this is %s",
                   OpenSSL_version(OPENSSL_VERSION_STRING));
#endif
}

om_rc omtls_server_certificates(SSL_CTX *ctx, const struct omtls_server *cfg, struct om_error *err)
{
    if (cfg->find_certificate == NULL)
        return om_fail(err, OM_ECONFIG,
                       "a TLS server with certificates needs a way to verify those of clients");
    OM_TRY(omtls_certificate_parameters(ctx, err));
    OM_TRY(omtls_certificate_use(ctx, cfg->libctx, &cfg->certificates[0], err));
    OM_TRY(keep(ctx, cfg, err));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
    return cfg->raw_keys ? offer_raw_keys(ctx, err) : OM_OK;
}
