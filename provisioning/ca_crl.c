/* Revocation lists: see ca.h. */
#include "provisioning/ca.h"

#include <string.h>
#include <time.h>

static const struct {
    int reason;
    const char *text;
} reasons[] = {
    {CRL_REASON_UNSPECIFIED, "unspecified"},
    {CRL_REASON_KEY_COMPROMISE, "keyCompromise"},
    {CRL_REASON_AFFILIATION_CHANGED, "affiliationChanged"},
    {CRL_REASON_SUPERSEDED, "superseded"},
    {CRL_REASON_CESSATION_OF_OPERATION, "cessationOfOperation"},
    {CRL_REASON_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn"},
};

int ca_reason_parse(const char *text)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].text, text) == 0)
            return reasons[i].reason;
    return -1;
}

const char *ca_reason_text(int reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].reason == reason)
            return reasons[i].text;
    return "unspecified";
}

/* State of one list. */
struct revoked {
    X509_CRL *crl;
    const char *authority;
    int64_t now;
    int64_t seen; /* rows of this authority */
    om_rc rc;
    struct om_error *err;
};

static om_rc add_entry(X509_CRL *crl, const struct store_issued *r, struct om_error *err)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial = NULL;
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)r->revoked);
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    bool good = entry != NULL && when != NULL && reason != NULL && BN_hex2bn(&number, r->serial) > 0 &&
                (serial = BN_to_ASN1_INTEGER(number, NULL)) != NULL &&
                X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                X509_REVOKED_set_revocationDate(entry, when) == 1 &&
                ASN1_ENUMERATED_set(reason, r->reason) == 1;
    if (good && r->reason != CRL_REASON_UNSPECIFIED) /* RFC 5280 section 5.3.1: absent instead */
        good = X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1;
    good = good && X509_CRL_add0_revoked(crl, entry) == 1;
    if (!good)
        X509_REVOKED_free(entry);
    ASN1_ENUMERATED_free(reason);
    ASN1_TIME_free(when);
    ASN1_INTEGER_free(serial);
    BN_free(number);
    return good ? OM_OK : pki_fail(err, "cannot write an entry of a CRL");
}

static bool add_revoked(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    struct revoked *v = arg;
    if (bad != NULL) {
        v->rc = om_fail(v->err, OM_EINTEGRITY, "%s", bad->text);
    } else if (strcmp(r->authority, v->authority) == 0 && r->revoked != 0) {
        v->seen++;
        if (r->expires > v->now) /* one that has expired needs no entry any more */
            v->rc = add_entry(v->crl, r, v->err);
    }
    return v->rc == OM_OK;
}

/* Rows that were taken out of the database show in the authority's count. */
static om_rc add_entries(const struct ca *ca, const char *authority, X509_CRL *crl, struct om_error *err)
{
    struct store_authority row = {.cert = NULL};
    struct revoked v = {
        .crl = crl, .authority = authority, .now = (int64_t)time(NULL), .rc = OM_OK, .err = err};
    OM_TRY(store_authority_get(ca->store, authority, &row, err));
    om_rc rc = store_issued_list(ca->store, STORE_ISSUED_REVOKED_OF, authority, add_revoked, &v, err);
    if (rc == OM_OK)
        rc = v.rc;
    if (rc == OM_OK && v.seen != row.revoked)
        rc = om_fail(err, OM_EINTEGRITY,
                     "authority %s revoked %lld certificates and the database shows %lld: rows are missing",
                     authority, (long long)row.revoked, (long long)v.seen);
    store_authority_free(&row);
    return rc;
}

static om_rc set_frame(X509_CRL *crl, X509 *issuer, int64_t number, int64_t until, struct om_error *err)
{
    ASN1_TIME *this = ASN1_TIME_set(NULL, time(NULL));
    ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)until);
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
    bool good = this != NULL && next != NULL && n != NULL && id != NULL &&
                ASN1_INTEGER_set_int64(n, number) == 1 &&
                (id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(issuer))) != NULL &&
                X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
                X509_CRL_set1_lastUpdate(crl, this) == 1 && X509_CRL_set1_nextUpdate(crl, next) == 1 &&
                X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, id, 0, 0) == 1 &&
                X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;
    ASN1_TIME_free(this);
    ASN1_TIME_free(next);
    ASN1_INTEGER_free(n);
    AUTHORITY_KEYID_free(id);
    return good ? OM_OK : pki_fail(err, "cannot make a CRL");
}

static om_rc fill(const struct ca *ca, const char *authority, X509 *issuer, int64_t until, X509_CRL *crl,
                  struct om_error *err)
{
    int64_t number = 0;
    EVP_PKEY *key = NULL;
    OM_TRY(store_authority_next_crl(ca->store, authority, &number, err));
    OM_TRY(set_frame(crl, issuer, number, until, err));
    OM_TRY(add_entries(ca, authority, crl, err));
    OM_TRY(ca_key(ca, authority, false, &key, err));
    bool good = X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, key, EVP_sha256()) > 0 &&
                X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1;
    EVP_PKEY_free(key);
    return good ? OM_OK : pki_fail(err, "cannot sign a CRL");
}

om_rc ca_crl(const struct ca *ca, const char *authority, int64_t until, X509_CRL **out, struct om_error *err)
{
    X509 *issuer = NULL;
    X509_CRL *crl = X509_CRL_new_ex(ca->libctx, NULL);
    *out = NULL;
    if (crl == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a CRL");
    om_rc rc = ca_certificate(ca, authority, &issuer, err);
    if (rc == OM_OK)
        rc = fill(ca, authority, issuer, until, crl, err);
    X509_free(issuer);
    if (rc == OM_OK)
        *out = crl;
    else
        X509_CRL_free(crl);
    return rc;
}
