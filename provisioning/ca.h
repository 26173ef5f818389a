/* The certification authorities of a MAF directory: small ones, for fleets that have none of their own.
 *
 * There are three, self-signed, each with a key of its own in the token, so that the anchors for one purpose
 * are good for no other: `maf` for the MAF itself, which clients trust; `entity` for AE-IDs and CSE-IDs and
 * `node` for Node-IDs and devices, which the MAF trusts. Their records are rows of the MAF's database
 * (store/issued.h); a certificate is handed out only once its row is on disk. */
#ifndef OPENMAF_PROVISIONING_CA_H
#define OPENMAF_PROVISIONING_CA_H

#include "pki/request.h"
#include "store/issued.h"
#include "tls/tls.h"

#define CA_LIFETIME      (INT64_C(3650) * 86400) /* seconds: of an authority, unless said otherwise */
#define CA_CERT_LIFETIME (INT64_C(365) * 86400)  /* of a certificate */
#define CA_CRL_LIFETIME  (INT64_C(7) * 86400)    /* until the next CRL must be there */
#define CA_AUTHORITIES   3

/* What the authorities work with. */
struct ca {
    struct se *se;
    OSSL_LIB_CTX *libctx; /* one that omtls_provider_load prepared, and that lives as long as their keys */
    struct store *store;
    const char *const *maf_names; /* MAF-FQDN first, then aliases; NULL-terminated */
    EVP_PKEY *const *keys; /* of each authority, in the order of ca_authority_names; NULL: each is looked for
                              in the token when it is needed */
};

/* "maf", "entity", "node", in this order. */
extern const char *const ca_authority_names[CA_AUTHORITIES];

/* The authority that issues a flavour. */
const char *ca_authority_of(enum pki_flavour flavour);

struct ca_init {
    const struct m2m_list *domains; /* FQDNs below which AE-IDs and CSE names lie; at least one */
    int64_t until;                  /* end of the authorities' certificates */
    const char *crl_uri;            /* http://… to which /NAME.crl is added; NULL for none */
};
/* Makes the authorities that are not there yet; can be run again after an interruption. OM_ECONFLICT: all are
 * there; OM_EUNSUPPORTED: the token has no signing keys. */
OM_MUST_USE om_rc ca_init(const struct ca *ca, const struct ca_init *what, struct om_error *err);

/* An authority's certificate as the database has it; freed with X509_free. OM_ENOTFOUND: not made yet. */
OM_MUST_USE om_rc ca_certificate(const struct ca *ca, const char *authority, X509 **out,
                                 struct om_error *err);

struct ca_issue {
    const struct pki_name *name;
    const struct pki_request *request; /* whose key it is for; its subjectAltName, if any, must be the name */
    EVP_PKEY *key;                     /* instead of a request: a key of our own */
    int64_t until;
};
/* Issues a certificate and records it; *out is freed with store_issued_free. Of one name's certificates no
 * two have the same time of creation, and a later one has a later time, whatever the clock does. The token
 * signs while no transaction is open. OM_EDENIED: the request asks for another name, or the authority may not
 * issue it; OM_ECONFLICT: the key is in another name's certificate. */
OM_MUST_USE om_rc ca_issue(const struct ca *ca, const struct ca_issue *what, struct store_issued *out,
                           struct om_error *err);

/* "unspecified", "keyCompromise" and so on (RFC 5280 section 5.3.1); -1 for what is none. */
int ca_reason_parse(const char *text);
const char *ca_reason_text(int reason);

/* Makes the authority's next CRL: X509_CRL freed by the caller. OM_EINTEGRITY: a row of a revoked certificate
 * is missing or does not verify. */
OM_MUST_USE om_rc ca_crl(const struct ca *ca, const char *authority, int64_t until, X509_CRL **out,
                         struct om_error *err);

/* The authority's key in the token. make: it may be made. */
OM_MUST_USE om_rc ca_key(const struct ca *ca, const char *authority, bool make, EVP_PKEY **out,
                         struct om_error *err);

#endif
