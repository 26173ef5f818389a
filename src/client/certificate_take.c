/* A certificate that came for a key of this home, by a bundle or by EST: what it must be, whose it is, and
 * its record. */
#include "client/certificate.h"
#include "client/credential.h"
#include "pki/leaf.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static om_rc check_certificate(X509 *cert, const struct pki_name *name, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    OM_TRY(pki_leaf_check(cert, &fault, err));
    if ((X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) != 0 &&
        (X509_get_extended_key_usage(cert) & XKU_SSL_CLIENT) == 0)
        return om_fail(err, OM_EDENIED, "its extended key usage does not allow it for TLS clients");
    GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    om_rc rc = pki_name_check_san(name, san, err);
    GENERAL_NAMES_free(san);
    return rc;
}

static om_rc seconds_of(const ASN1_TIME *time, int64_t *out, struct om_error *err)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return om_fail(err, OM_EDENIED, "its validity is malformed");
    *out = (int64_t)timegm(&tm);
    return OM_OK;
}

/* The record whose key the certificate is for. */
struct owner {
    struct openmaf *maf;
    const char *id;
    X509 *cert;
    struct certificate found;
};

static bool owns(void *arg, struct certificate *c)
{
    struct owner *o = arg;
    struct se_signer *signer = NULL;
    if (strcmp(c->id, o->id) != 0 || certificate_signer(o->maf, c, &signer, NULL) != OM_OK)
        return true;
    const ASN1_BIT_STRING *point = X509_get0_pubkey_bitstr(o->cert);
    bool same = ASN1_STRING_length(point) == SE_POINT_SIZE &&
                memcmp(ASN1_STRING_get0_data(point), se_signer_point(signer), SE_POINT_SIZE) == 0;
    se_signer_unref(signer);
    if (!same)
        return true;
    o->found = *c;
    memset(c, 0, sizeof *c);
    return false;
}

static om_rc fill(struct openmaf *maf, const struct certificate_arrival *a, struct certificate *c,
                  struct om_error *err)
{
    X509 *cert = sk_X509_value(a->chain, 0);
    OM_TRY(seconds_of(X509_get0_notBefore(cert), &c->from, err));
    OM_TRY(seconds_of(X509_get0_notAfter(cert), &c->until, err));
    if (c->until <= client_now())
        return om_fail(err, OM_EDENIED, "it has expired already");
    OM_TRY(credential_next_order(maf, &c->order, err));
    c->imported = client_now();
    sk_X509_pop_free(c->chain, X509_free);
    c->chain = X509_chain_up_ref((STACK_OF(X509) *)a->chain);
    free(c->anchors);
    c->anchors = strdup(a->anchors);
    if (c->chain == NULL || c->anchors == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    return om_copy_text(c->mef, sizeof c->mef, a->mef, err);
}

om_rc certificate_take(struct openmaf *maf, const struct certificate_arrival *a, struct om_error *err)
{
    struct pki_name name;
    struct owner o = {.maf = maf, .id = a->id, .cert = sk_X509_value(a->chain, 0)};
    OM_TRY(pki_name_from_credential_id(&name, a->id, err));
    if (name.flavour == PKI_AE && strcmp(name.text, maf->home.id) != 0)
        return om_fail(err, OM_EINPUT, "it is for %.200s; this home is %.200s", name.text, maf->home.id);
    OM_TRY(check_certificate(o.cert, &name, err));
    OM_TRY(certificate_each(maf, owns, &o, err));
    if (o.found.key[0] == '\0')
        return om_fail(err, OM_EDENIED,
                       "it is for no key of this home: 'maf csr' makes the request that it must answer");
    if (o.found.imported != 0 && strcmp(o.found.mef, a->mef) != 0) {
        certificate_free(&o.found);
        return om_fail(err, OM_ECONFLICT,
                       "its key has a certificate for another server already; 'maf csr' makes a "
                       "request with another key");
    }
    om_rc rc = fill(maf, a, &o.found, err);
    if (rc == OM_OK)
        rc = certificate_write(maf, &o.found, err);
    certificate_free(&o.found);
    return rc;
}

om_rc certificate_remove_expired(struct openmaf *maf, const char *id, struct om_error *err)
{
    om_rc rc = certificate_remove_all(maf, id, client_now(), err);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}
