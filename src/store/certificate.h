/* Clients by certificate: what the MAF knows of each (TS-0003 8.8.3.1, 8.1.2.4). Continues store.h, with its
 * rules. */
#ifndef OPENMAF_STORE_CERTIFICATE_H
#define OPENMAF_STORE_CERTIFICATE_H

#include "store/store.h"

#define STORE_ANCHOR_ID_SIZE 65   /* SHA-256 of a certificate as lower-case hex digits, and the NUL */
#define STORE_ANCHOR_MAX     4096 /* octets of a trust anchor in DER */
#define STORE_ANCHORS_OF     8    /* anchors of one client */
#define STORE_KEY_NAME_SIZE  64

/* ---- certificate information ---- */
struct store_certificate {
    /* "<type>-<name in the certificate>", such as 33-//sp.example/cse1/Cae7 or 32-cse1.sp.example: the type
     * is that of its Credential-ID; "fqdn-" for a MAF at its MEF, which has none. Compared octet for octet.
     */
    char id[M2M_ID_SIZE];
    char admin_fqdn[M2M_FQDN_SIZE]; /* the stakeholder for whom it was added */
    enum store_credential_state state;
    int64_t created, expires;
    char key[STORE_KEY_NAME_SIZE]; /* the one public key (RFC 6920) that it may have; "": any */
    struct m2m_list identities;    /* what the client may be; none: its Credential-ID */
    struct m2m_list anchors;       /* STORE_ANCHORS_OF identifiers of anchors at most */
};
void store_certificate_free(struct store_certificate *r);
/* New, or in place of one that was revoked; OM_ECONFLICT when there is one that was not. */
OM_MUST_USE om_rc store_certificate_create(struct store *s, const struct store_certificate *r,
                                           struct om_error *err);
OM_MUST_USE om_rc store_certificate_get(struct store *s, const char *id, struct store_certificate *out,
                                        struct om_error *err);
/* State and expiry only. */
OM_MUST_USE om_rc store_certificate_update(struct store *s, const struct store_certificate *r,
                                           struct om_error *err);
typedef bool store_certificate_fn(void *arg, const struct store_certificate *r, const struct om_error *bad);
OM_MUST_USE om_rc store_certificate_list(struct store *s, store_certificate_fn *fn, void *arg,
                                         struct om_error *err);

/* ---- trust anchors; they stay, and are trusted by those clients only whose rows name them ---- */
struct store_anchor {
    char id[STORE_ANCHOR_ID_SIZE];
    size_t len;
    uint8_t cert[STORE_ANCHOR_MAX]; /* DER */
};
/* Idempotent; makes the identifier, which it returns. */
OM_MUST_USE om_rc store_anchor_put(struct store *s, const uint8_t *cert, size_t n,
                                   char id[STORE_ANCHOR_ID_SIZE], struct om_error *err);
OM_MUST_USE om_rc store_anchor_get(struct store *s, const char *id, struct store_anchor *out,
                                   struct om_error *err);

#endif
