/* Client certificates: see client_certificate.h. */
#include "tls/client_certificate.h"
#include "tls/certificate.h"
#include "tls/connection.h"
#include "tls/error_queue.h"

#include <openssl/err.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;

static void ex_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    OPENSSL_free(ptr);
}

static int ex_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx, long argl,
                  void *argp)
{
    (void)to, (void)from, (void)idx, (void)argl, (void)argp;
    *from_d = NULL;
    return 1;
}

static void init_once(void)
{
    ex_index = SSL_get_ex_new_index(0, NULL, NULL, ex_dup, ex_free);
}

/* MAF-HS-3. Where nothing was said about servers, none is good. */
static int on_chain(X509_STORE_CTX *ctx, void *arg)
{
    (void)arg;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct omtls_server_check *server = ssl != NULL ? SSL_get_ex_data(ssl, ex_index) : NULL;
    if (server != NULL && server->check(server->arg, X509_STORE_CTX_get0_cert(ctx),
                                        X509_STORE_CTX_get0_untrusted(ctx)) == OM_OK)
        return 1;
    X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static om_rc set_up(SSL_CTX *ctx, OSSL_LIB_CTX *libctx, bool dtls, bool allow_no_ems,
                    const struct omtls_certificate *own, struct om_error *err)
{
    const omtls_config config = {.allow_no_ems = allow_no_ems,
                                 .suites = dtls ? OMTLS_CERT_SUITES_DTLS : OMTLS_CERT_SUITES_TLS};
    OM_TRY(omtls_context_harden(ctx, &config, err));
    OM_TRY(omtls_certificate_parameters(ctx, err));
    OM_TRY(omtls_certificate_use(ctx, libctx, own, err));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_chain, NULL);
    return OM_OK;
}

om_rc omtls_client_certificate_ctx(OSSL_LIB_CTX *libctx, bool dtls, bool allow_no_ems,
                                   const struct omtls_certificate *own, SSL_CTX **out, struct om_error *err)
{
    SSL_CTX *ctx = NULL;
    *out = NULL;
    OM_TRY(omtls_context_new(libctx, dtls ? DTLS_client_method() : TLS_client_method(), false, &ctx, err));
    om_rc rc = set_up(ctx, libctx, dtls, allow_no_ems, own, err);
    if (rc != OM_OK) {
        SSL_CTX_free(ctx);
        return rc;
    }
    if (!dtls)
        omtls_context_keep_buffers(ctx);
    *out = ctx;
    return OM_OK;
}

static om_rc keep_check(SSL *ssl, const struct omtls_server_check *server, struct om_error *err)
{
    if (pthread_once(&once, init_once) != 0 || ex_index < 0)
        return om_fail(err, OM_EINTERNAL, "cannot set up TLS connections");
    struct omtls_server_check *copy = OPENSSL_memdup(server, sizeof *server);
    if (copy == NULL || SSL_set_ex_data(ssl, ex_index, copy) != 1) {
        OPENSSL_free(copy);
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    }
    return OM_OK;
}

om_rc omtls_client_certificate(SSL *ssl, const char *server_name, struct se_signer *signer,
                               enum omtls_custody custody, const struct omtls_server_check *server,
                               struct om_error *err)
{
    struct omtls_connection *c = NULL;
    const omtls_config *config = omtls_context_config(ssl);
    const struct omtls_attachment what = {.identity = "",
                                          .signer = signer,
                                          .custody = custody,
                                          .allow_no_ems = config != NULL && config->allow_no_ems};
    /* MAF-HS-8: RFC 6066 allows names of 1 to 255 octets. */
    if (server_name[0] == '\0' || SSL_set_tlsext_host_name(ssl, server_name) != 1)
        return om_fail(err, OM_EINPUT, "\"%.64s\" cannot be a server name", server_name);
    OM_TRY(keep_check(ssl, server, err));
    return omtls_connection_attach(ssl, &what, &c, err);
}
