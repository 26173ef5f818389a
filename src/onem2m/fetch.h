/* Credential fetch (TS-0003 8.3.2.1 'Use'): the address in the request and the answer. Pure. */
#ifndef OPENMAF_ONEM2M_FETCH_H
#define OPENMAF_ONEM2M_FETCH_H

#include "onem2m/primitive.h"

/* Octets of the key that is fetched: an HMAC-SHA-256. */
#define M2M_FETCHED_SIZE 32

struct m2m_fetch {
    bool absolute; /* the address named an FQDN */
    char fqdn[M2M_FQDN_SIZE];
    char keid[M2M_KEY_ID_SIZE]; /* as sent */
    char relative[M2M_RELATIVE_SIZE];
    char issuer[M2M_FQDN_SIZE]; /* what follows '@' in the KeID, in lower case */
    unsigned suid;              /* 0: what was sent is none of two digits */
};

/* True when To is "[/]fetchCredentials/..." or "//fqdn/fetchCredentials/...", whatever follows. */
bool m2m_fetch_is(const char *to);
/* "[//fqdn][/]fetchCredentials/<KeID>/<SUID>". OM_ENOTFOUND when it is not, or has no KeID. */
OM_MUST_USE om_rc m2m_fetch_parse(const char *to, struct m2m_fetch *out, struct om_error *err);
/* The relative address for a request. OM_EINPUT: too long. */
OM_MUST_USE om_rc m2m_fetch_address(char out[M2M_TO_SIZE], const char *keid, unsigned suid,
                                    struct om_error *err);

/* MEF-FC-8, -9. */
struct m2m_fetched {
    bool status;
    struct om_secret credential; /* owned */
    char enrolee[M2M_ID_SIZE];
    int64_t lifetime;
    char error[200];
};
void m2m_fetched_free(struct m2m_fetched *f);

/* *out is a new reference. */
OM_MUST_USE om_rc m2m_fetched_encode(const struct m2m_fetched *f, json_t **out, struct om_error *err);
/* Strict about what counts; members it does not know are ignored. OM_EINPUT, without quoting. *out is freed
 * by m2m_fetched_free. */
OM_MUST_USE om_rc m2m_fetched_decode(const json_t *content, struct m2m_fetched *out, struct om_error *err);

/* The FQDN representation of a target that goes into its key (TS-0003 10.3.7, spec/crypto §6): of a MAF its
 * FQDN; of a CSE "//sp/cse" cse.sp; of an AE "//sp/cse/Cx" Cx.cse.sp and "//sp/Sx" Sx.sp; in lower case.
 * OM_EINPUT. */
OM_MUST_USE om_rc m2m_target_fqdn(char out[M2M_ID_SIZE], const char *target, struct om_error *err);

#endif
