/* trustAnchorCred: a CA certificate that is named by its fingerprint, taken from this home or fetched. The
 * fingerprint came with the object, so it alone says whether what came is the certificate: the server from
 * which it comes is not authenticated, and may be one that the certificate itself is for. */
#include "client/command.h"
#include "client/net.h"
#include "pki/anchors.h"
#include "pki/profile.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ssl.h>
#include <string.h>

#define CERTIFICATE_MAX 8192 /* octets of DER */

static om_rc fingerprint_of(const X509 *cert, char out[M2M_FINGERPRINT_SIZE], struct om_error *err)
{
    uint8_t digest[32];
    if (X509_digest(cert, EVP_sha256(), digest, NULL) != 1)
        return pki_fail(err, "fingerprint");
    om_hex_lower(out, digest, sizeof digest);
    return OM_OK;
}

/* --- HTTPS --- */

struct tls {
    SSL_CTX *ctx;
    char host[M2M_FQDN_SIZE];
};

/* An OSSL_HTTP_bio_cb_t: puts TLS in front of the socket, and takes it away at the end. */
static BIO *with_tls(BIO *bio, void *arg, int connect, int detail)
{
    const struct tls *tls = arg;
    (void)detail;
    if (!connect) {
        BIO *front = bio;
        bio = BIO_pop(front);
        BIO_free(front);
        return bio;
    }
    BIO *front = BIO_new_ssl(tls->ctx, 1);
    SSL *ssl = NULL;
    if (front == NULL || BIO_get_ssl(front, &ssl) != 1 || SSL_set_tlsext_host_name(ssl, tls->host) != 1) {
        BIO_free(front);
        return NULL;
    }
    return BIO_push(front, bio);
}

static om_rc download(const struct openmaf *maf, const char *uri, BIO **out, struct om_error *err)
{
    struct tls tls = {.ctx = NULL};
    OM_TRY(m2m_uri_host(uri, tls.host, err));
    tls.ctx = SSL_CTX_new_ex(maf->libctx, NULL, TLS_client_method());
    if (tls.ctx == NULL)
        return pki_fail(err, "TLS");
    SSL_CTX_set_verify(tls.ctx, SSL_VERIFY_NONE, NULL); /* see above */
    struct net_sigpipe pipe;
    net_sigpipe_block(&pipe);
    /* "" for a proxy: none, whatever the environment says. */
    *out = OSSL_HTTP_get(uri, "", NULL, NULL, NULL, with_tls, &tls, 0, NULL, NULL, 1, CERTIFICATE_MAX,
                         (int)maf->home.timeout);
    net_sigpipe_restore(&pipe);
    SSL_CTX_free(tls.ctx);
    if (*out != NULL)
        return OM_OK;
    char text[160];
    ERR_error_string_n(ERR_peek_error(), text, sizeof text);
    ERR_clear_error();
    return om_fail(err, OM_ETRANSIENT, "cannot fetch %.160s: %s", uri, text);
}

static om_rc fetch(const struct openmaf *maf, const struct m2m_object *mo, X509 **cert, struct om_error *err)
{
    char found[M2M_FINGERPRINT_SIZE];
    BIO *der = NULL;
    if (mo->uri[0] == '\0')
        return om_fail(err, OM_ENOTFOUND, "this home has no such certificate, and the object has no URI");
    OM_TRY(download(maf, mo->uri, &der, err));
    *cert = d2i_X509_bio(der, NULL);
    bool whole = *cert != NULL && BIO_pending(der) == 0;
    BIO_free(der);
    ERR_clear_error();
    if (!whole)
        return om_fail(err, OM_EINTEGRITY, "what %.160s gave is no certificate in DER", mo->uri);
    OM_TRY(fingerprint_of(*cert, found, err));
    return strcmp(found, mo->fingerprint) == 0
               ? OM_OK
               : om_fail(err, OM_EINTEGRITY, "what %.120s gave has fingerprint %s", mo->uri, found);
}

/* --- the home --- */

static om_rc read_anchor(struct openmaf *maf, const char *fingerprint, STACK_OF(X509) * *out,
                         struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    json_t *record = NULL;
    OM_TRY(record_name(name, RECORD_ANCHOR, fingerprint, err));
    OM_TRY(record_read(&maf->home, maf->se, name, &record, err));
    const char *text = json_string_value(json_object_get(record, "caCerts"));
    om_rc rc = text != NULL ? pki_anchors_decode(text, out, err)
                            : om_fail(err, OM_EINTEGRITY, "member 'caCerts' is missing");
    json_decref(record);
    return rc;
}

/* Only what is fit to be an anchor is kept: pki_anchors_decode judges it. */
static om_rc write_anchor(struct openmaf *maf, const char *fingerprint, X509 *cert, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    char *text = NULL;
    STACK_OF(X509) *certs = sk_X509_new_null();
    STACK_OF(X509) *judged = NULL;
    json_t *record = NULL;
    om_rc rc = record_name(name, RECORD_ANCHOR, fingerprint, err);
    if (rc == OM_OK && (certs == NULL || sk_X509_push(certs, cert) <= 0))
        rc = om_fail(err, OM_ENOMEM, "no memory for a certificate");
    if (rc == OM_OK)
        rc = pki_anchors_encode(certs, &text, err);
    if (rc == OM_OK)
        rc = pki_anchors_decode(text, &judged, err);
    if (rc == OM_OK && (record = json_pack("{s:s}", "caCerts", text)) == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for a record");
    if (rc == OM_OK)
        rc = record_write(&maf->home, maf->se, name, record, err);
    json_decref(record);
    sk_X509_pop_free(judged, X509_free);
    sk_X509_free(certs);
    free(text);
    return rc;
}

om_rc command_anchor(struct openmaf *maf, const struct m2m_object *mo, struct om_error *err)
{
    STACK_OF(X509) *here = NULL;
    X509 *cert = NULL;
    om_rc rc = read_anchor(maf, mo->fingerprint, &here, err);
    sk_X509_pop_free(here, X509_free);
    if (rc != OM_ENOTFOUND)
        return rc;
    rc = fetch(maf, mo, &cert, err);
    if (rc == OM_OK)
        rc = write_anchor(maf, mo->fingerprint, cert, err);
    X509_free(cert);
    return rc;
}

struct collection {
    struct openmaf *maf;
    STACK_OF(X509) * certs;
};

static om_rc add_one(void *arg, struct object *o, struct om_error *err)
{
    struct collection *c = arg;
    STACK_OF(X509) *here = NULL;
    if (o->mo.type != M2M_MO_TRUST_ANCHOR_CRED)
        return OM_OK;
    om_rc rc = read_anchor(c->maf, o->mo.fingerprint, &here, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc; /* not executed yet */
    X509 *cert = sk_X509_shift(here);
    if (sk_X509_push(c->certs, cert) <= 0) {
        X509_free(cert);
        rc = om_fail(err, OM_ENOMEM, "no memory for a certificate");
    }
    sk_X509_pop_free(here, X509_free);
    return rc;
}

om_rc command_add_anchors(struct openmaf *maf, const char *parent, char **text, struct om_error *err)
{
    struct collection c = {.maf = maf};
    char *all = NULL;
    if (*text != NULL)
        OM_TRY(pki_anchors_decode(*text, &c.certs, err));
    else if ((c.certs = sk_X509_new_null()) == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    om_rc rc = object_each(maf, parent, add_one, &c, err);
    if (rc == OM_OK && sk_X509_num(c.certs) == 0)
        rc = om_fail(err, OM_ENOTFOUND,
                     "below %s no trustAnchorCred says by which anchors the server is known", parent);
    if (rc == OM_OK)
        rc = pki_anchors_encode(c.certs, &all, err);
    sk_X509_pop_free(c.certs, X509_free);
    if (rc != OM_OK)
        return rc;
    free(*text);
    *text = all;
    return OM_OK;
}
