/* Issuing certificates: see ca.h. */
#include "pki/path.h"
#include "provisioning/ca.h"
#include "provisioning/certificate.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static om_rc check_name(const struct ca *ca, const struct pki_name *name, struct om_error *err)
{
    bool own = false;
    for (const char *const *maf = ca->maf_names; *maf != NULL; maf++)
        own = own || strcmp(name->text, *maf) == 0;
    if (name->flavour == PKI_FQDN && !own)
        return om_fail(err, OM_EDENIED, "%.200s is no name of this MAF: neither fqdn nor one of aliases",
                       name->text);
    if (name->flavour == PKI_CSE && own)
        return om_fail(err, OM_EDENIED, "%.200s is the name of this MAF, not of a CSE", name->text);
    return OM_OK;
}

/* One key, one holder: a key in two names' certificates would be two identities in one hand. */
struct others {
    const struct ca_issue *what;
    const char *key;
    int64_t now;
    om_rc rc;
    struct om_error *err;
};

static bool check_other(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    struct others *o = arg;
    if (bad != NULL) {
        o->rc = om_fail(o->err, OM_EINTEGRITY, "%s", bad->text);
    } else if (strcmp(r->key, o->key) == 0) {
        bool same = r->flavour == (int)o->what->name->flavour && strcmp(r->name, o->what->name->text) == 0;
        bool over = r->revoked != 0 || r->expires <= o->now;
        if (r->revoked != 0 && r->reason == CRL_REASON_KEY_COMPROMISE)
            o->rc = om_fail(o->err, OM_EDENIED, "this key was revoked as compromised (certificate %s)",
                            r->serial);
        else if (!same && !over)
            o->rc = om_fail(o->err, OM_ECONFLICT, "this key is that of %.200s (certificate %s)", r->name,
                            r->serial);
    }
    return o->rc == OM_OK;
}

/* A holder's own certificates with this key are no obstacle, except those that were revoked. */
static bool may_be_obstacle(void *arg, const struct store_issued_glance *g)
{
    const struct pki_name *name = ((const struct others *)arg)->what->name;
    return g->revoked != 0 || g->flavour != (int64_t)name->flavour || g->name_len != strlen(name->text) ||
           memcmp(g->name, name->text, g->name_len) != 0;
}

static om_rc check_key(const struct ca *ca, const struct ca_issue *what, const char *key,
                       struct om_error *err)
{
    struct others o = {.what = what, .key = key, .now = (int64_t)time(NULL), .rc = OM_OK, .err = err};
    OM_TRY(store_issued_find(ca->store, STORE_ISSUED_BY_KEY, key, may_be_obstacle, check_other, &o, err));
    return o.rc;
}

static om_rc check_times(const struct ca_issue *what, const X509 *issuer, struct om_error *err)
{
    if (what->until <= (int64_t)time(NULL))
        return om_fail(err, OM_EINPUT, "the end of the certificate is past");
    if (X509_cmp_time(X509_get0_notAfter(issuer), NULL) <= 0)
        return om_fail(err, OM_EDENIED, "the authority's own certificate has expired");
    if (pki_not_after(issuer) < what->until)
        return om_fail(err, OM_EINPUT, "the certificate would outlive the authority that issues it");
    return OM_OK;
}

static om_rc fingerprint_text(EVP_PKEY *key, char out[2 * PKI_FINGERPRINT_SIZE + 1], struct om_error *err)
{
    uint8_t octets[PKI_FINGERPRINT_SIZE];
    X509_PUBKEY *spki = NULL;
    if (X509_PUBKEY_set(&spki, key) != 1)
        return pki_fail(err, "cannot encode a public key");
    om_rc rc = pki_fingerprint(spki, octets, err);
    X509_PUBKEY_free(spki);
    om_hex_lower(out, octets, sizeof octets);
    return rc;
}

static om_rc fill_row(const struct certificate_leaf *leaf, X509 *cert, struct store_issued *row,
                      struct om_error *err)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    if (n <= 0)
        return pki_fail(err, "cannot encode a certificate");
    row->cert = malloc((size_t)n);
    if (row->cert != NULL)
        memcpy(row->cert, der, (size_t)n);
    OPENSSL_free(der);
    if (row->cert == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    row->cert_len = (size_t)n;
    row->flavour = (int)leaf->name->flavour;
    row->created = (int64_t)time(NULL);
    row->expires = leaf->frame.until;
    certificate_serial_text(leaf->frame.serial, row->serial);
    (void)snprintf(row->authority, sizeof row->authority, "%s", ca_authority_of(leaf->name->flavour));
    return om_copy_text(row->name, sizeof row->name, leaf->name->text, err);
}

static om_rc make(const struct ca *ca, const struct ca_issue *what, const struct store_authority *authority,
                  const X509 *issuer, struct store_issued *row, struct om_error *err)
{
    X509 *cert = NULL;
    struct certificate_leaf leaf = {.frame = {.libctx = ca->libctx,
                                              .from = (int64_t)time(NULL) - CERTIFICATE_BACKDATE,
                                              .until = what->until},
                                    .issuer = issuer,
                                    .name = what->name,
                                    .key = what->request != NULL ? X509_REQ_get0_pubkey(what->request->req)
                                                                 : what->key,
                                    .crl_uri = authority->crl_uri};
    OM_TRY(check_times(what, issuer, err));
    OM_TRY(fingerprint_text(leaf.key, row->key, err));
    OM_TRY(check_key(ca, what, row->key, err));
    OM_TRY(se_random(ca->se, leaf.frame.serial, sizeof leaf.frame.serial, err));
    OM_TRY(ca_key(ca, authority->name, false, &leaf.frame.signer, err));
    om_rc rc = certificate_make_leaf(&leaf, &cert, err);
    if (rc == OM_OK)
        rc = fill_row(&leaf, cert, row, err);
    EVP_PKEY_free(leaf.frame.signer);
    X509_free(cert);
    return rc;
}

/* Everything that takes the token's time. */
static om_rc prepare(const struct ca *ca, const struct ca_issue *what, struct store_issued *out,
                     struct om_error *err)
{
    struct store_authority authority = {.cert = NULL};
    X509 *issuer = NULL;
    const char *name = ca_authority_of(what->name->flavour);
    OM_TRY(ca_certificate(ca, name, &issuer, err));
    om_rc rc = store_authority_get(ca->store, name, &authority, err);
    if (rc == OM_OK)
        rc = make(ca, what, &authority, issuer, out, err);
    store_authority_free(&authority);
    X509_free(issuer);
    return rc;
}

static bool find_newest(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    int64_t *newest = arg;
    if (bad == NULL && r->created > *newest)
        *newest = r->created;
    return true;
}

static bool may_be_newest(void *arg, const struct store_issued_glance *g)
{
    return g->created > *(const int64_t *)arg;
}

/* Of two commands at once, the later sees the other's key. */
static om_rc record(const struct ca *ca, const struct ca_issue *what, struct store_issued *row,
                    struct om_error *err)
{
    int64_t newest = 0;
    OM_TRY(check_key(ca, what, row->key, err));
    OM_TRY(store_issued_find(ca->store, STORE_ISSUED_BY_NAME, row->name, may_be_newest, find_newest, &newest,
                             err));
    if (row->created <= newest)
        row->created = newest + 1;
    return store_issued_create(ca->store, row, err);
}

om_rc ca_issue(const struct ca *ca, const struct ca_issue *what, struct store_issued *out,
               struct om_error *err)
{
    memset(out, 0, sizeof *out);
    OM_TRY(check_name(ca, what->name, err));
    if (what->request != NULL && what->request->san != NULL) {
        om_rc asks = pki_name_check_san(what->name, what->request->san, err);
        if (asks != OM_OK)
            return om_context(err, asks, "the request asks for something else");
    }
    om_rc rc = prepare(ca, what, out, err);
    if (rc == OM_OK)
        rc = store_begin(ca->store, err);
    if (rc == OM_OK)
        rc = store_end(ca->store, record(ca, what, out, err), err);
    if (rc != OM_OK)
        store_issued_free(out);
    return rc;
}
