/* What an EST server answered, and whether it is what was asked for. */
#ifndef OPENMAF_CLIENT_EST_ANSWER_H
#define OPENMAF_CLIENT_EST_ANSWER_H

#include "client/client.h"

#include <openssl/evp.h>

struct est_expected {
    const char *id;                    /* Credential-ID */
    EVP_PKEY *key;                     /* that the request was for */
    const char *cacerts, *certificate; /* base64, as they came */
};

/* Demands one certificate, for this key and name, of the profile, issued by one of the authorities; keeps it
 * with the others as the MEF's trust anchors. *expires is its end. OM_EINTEGRITY: it is not all of that. */
OM_MUST_USE om_rc est_answer_take(struct openmaf *maf, const struct est_expected *expected, int64_t *expires,
                                  struct om_error *err);

#endif
