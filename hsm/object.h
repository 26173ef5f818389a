/* Objects that lie on the token under a name that an operator gave: signing keys, certificates. */
#ifndef OPENMAF_HSM_OBJECT_H
#define OPENMAF_HSM_OBJECT_H

#include "hsm/token.h"

#define HSM_OBJECT_TEXT_MAX 128 /* octets of a label or an ID */

struct hsm_octets {
    bool given;
    size_t n;
    uint8_t octets[HSM_OBJECT_TEXT_MAX];
};

/* CKA_LABEL, CKA_ID or both. */
struct hsm_name {
    struct hsm_octets label, id;
};

/* A plain name is a label; a pkcs11: URI gives label (object=), ID (id=) or both, and may say of the token
 * and of the kind of object (type=) only what is true of this token and this class. OM_EINPUT. */
OM_MUST_USE om_rc hsm_name_parse(struct se_token *tok, const char *text, CK_OBJECT_CLASS class,
                                 struct hsm_name *out, struct om_error *err);

/* The one token object of this class and name. `what` is for the error text: OM_ENOTFOUND, OM_ECONFIG
 * (several). */
OM_MUST_USE om_rc hsm_object_find(struct se_token *tok, CK_OBJECT_CLASS class, const struct hsm_name *name,
                                  const char *what, CK_OBJECT_HANDLE *out, struct om_error *err);

/* An attribute of at most *n octets; *n becomes its length. OM_ENOTFOUND: the object does not have it. */
OM_MUST_USE om_rc hsm_object_attribute(struct se_token *tok, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                       void *out, size_t *n, struct om_error *err);

/* A session that may write to the token; the caller closes it. */
OM_MUST_USE om_rc hsm_object_writer(struct se_token *tok, CK_SESSION_HANDLE *out, struct om_error *err);

#endif
