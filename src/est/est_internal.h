/* What the files of src/est share. */
#ifndef OPENMAF_EST_INTERNAL_H
#define OPENMAF_EST_INTERNAL_H

#include "est/est.h"
#include "maf/certificate.h"
#include "maf/maf_internal.h"
#include "pki/request.h"
#include "provisioning/ca.h"
#include "store/subject.h"

#define EST_NAMES_MAX   16    /* names that one client may have certificates for */
#define EST_BODY_MAX    16384 /* octets of a request's base64 text */
#define EST_A_DAY       86400 /* seconds in which the same key gets the same certificate again... */
#define EST_PER_DAY     10    /* ... and in which a name gets so many */
#define EST_RETRY_AFTER 5     /* seconds, after a fault that may pass */

struct est {
    struct maf *maf;
    bool require_challenge;
    struct ca ca;
    EVP_PKEY *keys[CA_AUTHORITIES];
    X509 *certificates[CA_AUTHORITIES];
    struct well_known well_known;
};

/* A name that the client may have a certificate for. */
struct est_name {
    struct pki_name name;
    char id[M2M_ID_SIZE]; /* of its client row: "<type>-<name>" */
    int64_t lifetime;     /* of a certificate, seconds */
};

/* One request under way. */
struct est_call {
    struct est *est;
    struct maf_session *session;
    const struct well_known_request *rq;
    struct well_known_answer *out;
    enum pki_flavour flavour; /* of the label; 0: none */
    struct est_name names[EST_NAMES_MAX];
    size_t n_names;
    struct om_error err;
};

/* est_names.c: what the operator lets this client have, of the label's flavour if there is one. */
OM_MUST_USE om_rc est_load_names(struct est_call *c);
/* The same; refuses a client that may have nothing. */
OM_MUST_USE om_rc est_need_names(struct est_call *c);
/* The one that a request asks for; NULL: none, and it is refused. */
const struct est_name *est_find_name(struct est_call *c, const GENERAL_NAMES *san);

/* Answers with this status and one line, and audits a refusal. Returns OM_EDENIED. */
om_rc est_refuse(struct est_call *c, int status, const char *fmt, ...) OM_PRINTF(3, 4);
/* Answers for a failure that is not the client's. */
void est_fault(struct est_call *c, om_rc rc);

/* est_body.c: the base64 of bodies. */

/* The octets of the request's body, white space between its digits allowed (RFC 8951); refuses what is none.
 */
OM_MUST_USE om_rc est_body_read(struct est_call *c, uint8_t *out, size_t cap, size_t *n);
/* A base64 text as the body of a 200. Takes nothing over. */
OM_MUST_USE om_rc est_body_send(struct est_call *c, const char *content_type, const char *text);
/* Certificates as certs-only CMS, likewise. */
OM_MUST_USE om_rc est_send_certificates(struct est_call *c, const char *content_type,
                                        const STACK_OF(X509) * all);

/* est_enrol.c: both kinds of enrolment. */
OM_MUST_USE om_rc est_enrol(struct est_call *c, bool again);

#endif
