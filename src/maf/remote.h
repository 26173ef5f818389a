/* Remotely provisioned keys at a MAF (TS-0003 8.3.2.1 'Use', 8.8.2.3; spec/mef §6): a client that names a
 * KeID in its first handshake has Km from a MEF, and the MAF asks that MEF for the same. What is asked and
 * what becomes of the answer is here; how the question travels is not.
 *
 * What was fetched is a credential under the KeID: the handshake then finds it as it finds any. */
#ifndef OPENMAF_MAF_REMOTE_H
#define OPENMAF_MAF_REMOTE_H

#include "maf/maf.h"
#include "onem2m/primitive.h"
#include "store/provisioned.h"

/* A KeID whose key is not here yet, and the MEF to ask. Free with maf_remote_free. */
struct maf_remote {
    char keid[M2M_KEY_ID_SIZE];       /* in lower case */
    char relative[M2M_RELATIVE_SIZE]; /* as the client wrote it */
    struct store_mef mef;
};
void maf_remote_free(struct maf_remote *r);

/* Whether a psk_identity is such a KeID (MEF-FC-2): its FQDN is that of one of our MEFs, and there is no
 * credential under it. Cheap for all others. *out is valid when *wanted. Errors are the store's. */
OM_MUST_USE om_rc maf_remote_wanted(struct maf *maf, const char *identity, struct maf_remote *out,
                                    bool *wanted, struct om_error *err);

/* Whether the certificate that a MEF shows is one of this MEF, of those trusted for it. crls: who of them is
 * revoked; NULL is as good as none, and then none is trusted. OM_EDENIED says what is wrong, and is audited;
 * others are ours. */
OM_MUST_USE om_rc maf_remote_judge(struct maf *maf, const struct maf_remote *r, X509 *leaf,
                                   const STACK_OF(X509) * sent, const STACK_OF(X509_CRL) * crls,
                                   struct om_error *err);

/* The two questions, in this order (MEF-RP-8). */
enum maf_remote_path { MAF_REMOTE_FETCH, MAF_REMOTE_RETRIEVAL };
/* Fills a request that m2m_request_init made. */
OM_MUST_USE om_rc maf_remote_request(const struct maf *maf, const struct maf_remote *r,
                                     enum maf_remote_path path, struct m2m_request *rq, struct om_error *err);

/* Judges an answer and stores the credential. OM_ENOTFOUND: the MEF knows no such thing (after the first
 * question ask the second). OM_EDENIED: it refuses. OM_EINTEGRITY: it answered what it must not.
 * OM_ECONFLICT: the KeID was used before and is over. Others are ours. */
OM_MUST_USE om_rc maf_remote_take(struct maf *maf, const struct maf_remote *r, enum maf_remote_path path,
                                  int rsc, const json_t *content, struct om_error *err);

#endif
