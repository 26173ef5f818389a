/* What the MAF's own certification authorities issued (provisioning/): continues store.h, with its rules. A
 * certificate that is handed out has a row first; rows are never deleted. */
#ifndef OPENMAF_STORE_ISSUED_H
#define OPENMAF_STORE_ISSUED_H

#include "store/store.h"

#define STORE_CERT_MAX    4096 /* octets of a certificate in DER */
#define STORE_SERIAL_SIZE 41   /* 20 octets as lower-case hex digits, and the NUL */
#define STORE_URI_SIZE    256

/* ---- certification authorities ---- */
struct store_authority {
    char name[16];
    uint8_t *cert; /* owned: its certificate in DER */
    size_t cert_len;
    char crl_uri[STORE_URI_SIZE]; /* where its certificates say that the CRL is; "" for nowhere */
    int64_t crl_number;           /* of the last CRL; 0: none yet */
    int64_t revoked; /* certificates that it ever revoked: a CRL that finds fewer is not complete */
    int64_t created;
};
void store_authority_free(struct store_authority *r);
/* OM_ECONFLICT when there is one of that name. */
OM_MUST_USE om_rc store_authority_create(struct store *s, const struct store_authority *r,
                                         struct om_error *err);
OM_MUST_USE om_rc store_authority_get(struct store *s, const char *name, struct store_authority *out,
                                      struct om_error *err);
/* The next CRL number, on disk before it is used. */
OM_MUST_USE om_rc store_authority_next_crl(struct store *s, const char *name, int64_t *number,
                                           struct om_error *err);

/* ---- certificates ---- */
struct store_issued {
    char serial[STORE_SERIAL_SIZE];
    char authority[16];
    int flavour;            /* enum pki_flavour */
    char name[M2M_ID_SIZE]; /* of the holder, as its flavour has it */
    char key[65];           /* SHA-256 of its SubjectPublicKeyInfo, lower-case hex digits */
    int64_t created, expires;
    int64_t revoked; /* when; 0: not */
    int reason;      /* CRLReason, RFC 5280 section 5.3.1 */
    uint8_t *cert;   /* owned: DER */
    size_t cert_len;
};
void store_issued_free(struct store_issued *r);
/* OM_ECONFLICT: that serial number exists. */
OM_MUST_USE om_rc store_issued_create(struct store *s, const struct store_issued *r, struct om_error *err);
OM_MUST_USE om_rc store_issued_get(struct store *s, const char *serial, struct store_issued *out,
                                   struct om_error *err);
/* For ever. OM_ECONFLICT when it was revoked before. */
OM_MUST_USE om_rc store_issued_revoke(struct store *s, const char *serial, int64_t when, int reason,
                                      struct om_error *err);

typedef bool store_issued_fn(void *arg, const struct store_issued *r, const struct om_error *bad);
enum store_issued_by {
    STORE_ISSUED_ALL,        /* in order of serial number; the text is NULL */
    STORE_ISSUED_BY_NAME,    /* of the holder */
    STORE_ISSUED_BY_KEY,     /* with that key */
    STORE_ISSUED_REVOKED_OF, /* revoked, of that authority */
};
OM_MUST_USE om_rc store_issued_list(struct store *s, enum store_issued_by by, const char *text,
                                    store_issued_fn *fn, void *arg, struct om_error *err);

/* What a row says of itself before it is verified: as struct store_glance. A name has as many rows as it ever
 * got certificates, and each that is verified costs the token an HMAC. */
struct store_issued_glance {
    const char *name; /* of name_len octets */
    size_t name_len;
    int64_t flavour, created, expires, revoked;
};
typedef bool store_issued_glance_fn(void *arg, const struct store_issued_glance *g);

/* As store_issued_list, of the rows that `glance` says yes to. */
OM_MUST_USE om_rc store_issued_find(struct store *s, enum store_issued_by by, const char *text,
                                    store_issued_glance_fn *glance, store_issued_fn *fn, void *arg,
                                    struct om_error *err);

#endif
