/* Certificate credentials of the client: a key in the token, the request made for it, and the certificate
 * that came back. One record each; a key has a name of its own, so a renewal stands beside what it renews. */
#ifndef OPENMAF_CLIENT_CERTIFICATE_H
#define OPENMAF_CLIENT_CERTIFICATE_H

#include "client/client.h"
#include "client/record.h"
#include "pki/anchors.h"
#include "pki/name.h"
#include "se/signer.h"

#define CERTIFICATE_CHAIN_MAX 4  /* certificates that are sent, the client's own included */
#define CERTIFICATE_KEY_SIZE  17 /* 16 hex digits, and the NUL */

struct certificate {
    char key[CERTIFICATE_KEY_SIZE]; /* names the record, and the key in the token */
    struct pki_name name;
    char id[M2M_ID_SIZE];        /* Credential-ID */
    int64_t requested, imported; /* 0: not yet */
    int64_t order;       /* as that of struct credential, with which it shares the count; 0: not imported */
    int64_t from, until; /* validity */
    STACK_OF(X509) * chain;  /* leaf first; NULL: not imported */
    char *anchors;           /* caCerts that came with it, base64 CMS; NULL: not imported */
    char mef[M2M_FQDN_SIZE]; /* of the MEF that gave it by EST; "": it came in a bundle */
};

void certificate_free(struct certificate *c); /* what it holds; and zeroes it */

/* The record of that name. c is zeroed when it fails. */
OM_MUST_USE om_rc certificate_read(struct openmaf *maf, const char *name, struct certificate *c,
                                   struct om_error *err);
OM_MUST_USE om_rc certificate_write(struct openmaf *maf, const struct certificate *c, struct om_error *err);

/* Removes the record, and the key from the token. */
OM_MUST_USE om_rc certificate_remove(struct openmaf *maf, const struct certificate *c, struct om_error *err);

/* The same for all of a Credential-ID; expired_at not 0: only for those imported and expired at that time.
 * OM_ENOTFOUND: there is none. */
OM_MUST_USE om_rc certificate_remove_all(struct openmaf *maf, const char *id, int64_t expired_at,
                                         struct om_error *err);

/* Calls fn for each record until it answers false; c is freed after each call. A record that is refused ends
 * it. */
typedef bool certificate_fn(void *arg, struct certificate *c);
OM_MUST_USE om_rc certificate_each(struct openmaf *maf, certificate_fn *fn, void *arg, struct om_error *err);

/* The newest imported certificate; id NULL: of any Credential-ID. OM_ENOTFOUND. */
OM_MUST_USE om_rc certificate_newest(struct openmaf *maf, const char *id, struct certificate *c,
                                     struct om_error *err);
/* The same of those that this MEF gave; mef "": of those that came in bundles. */
OM_MUST_USE om_rc certificate_newest_of(struct openmaf *maf, const char *mef, const char *id,
                                        struct certificate *c, struct om_error *err);

/* --- requests: csr.c --- */

/* The name that a certificate of this flavour is to have; text NULL: what follows from the client's ID.
 * OM_EINPUT. */
OM_MUST_USE om_rc certificate_name_of(const struct openmaf *maf, enum pki_flavour flavour, const char *text,
                                      struct pki_name *out, struct om_error *err);
/* The key of the request for that name that was not answered yet, else a new one in the token; and its
 * record, free it with certificate_free. */
OM_MUST_USE om_rc certificate_request_key(struct openmaf *maf, const struct pki_name *name,
                                          struct certificate *c, EVP_PKEY **key, struct om_error *err);

/* --- arrivals: certificate_take.c --- */

struct certificate_arrival {
    const char *id;               /* Credential-ID */
    const STACK_OF(X509) * chain; /* leaf first */
    const char *anchors;          /* of the server that it is for: caCerts */
    const char *mef;              /* as in struct certificate */
};
/* Demands of the certificate what TS-0003 does and that it is for a key of this home, and keeps it.
 * OM_EINPUT, OM_EDENIED. */
OM_MUST_USE om_rc certificate_take(struct openmaf *maf, const struct certificate_arrival *a,
                                   struct om_error *err);
/* After a renewal: certificates of this Credential-ID that have expired, and their keys, are of no use. */
OM_MUST_USE om_rc certificate_remove_expired(struct openmaf *maf, const char *id, struct om_error *err);

/* Its name in the token. */
void certificate_key_name(const struct certificate *c, char out[SE_NAME_MAX + 1]);

/* Its key. OM_ENOTFOUND: not in the token any more. */
OM_MUST_USE om_rc certificate_signer(struct openmaf *maf, const struct certificate *c, struct se_signer **out,
                                     struct om_error *err);

/* A handshake with it, as src/tls wants it. anchors NULL: its own. Ended with certificate_unload. OM_EDENIED:
 * it has expired, or is not valid yet. */
struct certificate_key {
    char id[M2M_ID_SIZE];
    struct omtls_certificate own; /* all of it owned */
    STACK_OF(X509) * anchors;     /* of the MAF */
};
OM_MUST_USE om_rc certificate_load(struct openmaf *maf, const struct certificate *c, const char *anchors,
                                   struct certificate_key *out, struct om_error *err);
void certificate_unload(struct certificate_key *key);

#endif
