/* Attribute templates for Cryptoki calls. A template points into itself: build it where it is used, do not
 * copy it. */
#ifndef OPENMAF_HSM_TEMPLATE_H
#define OPENMAF_HSM_TEMPLATE_H

#include "hsm/cryptoki.h"

#include <stdbool.h>
#include <stddef.h>

#define HSM_TEMPLATE_MAX 20

struct hsm_template {
    CK_ULONG n;
    CK_ATTRIBUTE attributes[HSM_TEMPLATE_MAX];
    CK_ULONG numbers[HSM_TEMPLATE_MAX]; /* values of the numeric ones */
};

/* All append. There is room for HSM_TEMPLATE_MAX; more is a defect and ends the process. */
void hsm_template_bool(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, bool value);
void hsm_template_number(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void hsm_template_octets(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, const void *octets, size_t n);
void hsm_template_nested(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, struct hsm_template *inner);

/* Starts the template of a secret session object: an HMAC key, which may also derive when `derive`. Every
 * attribute that matters is there, so that no token's default decides. */
void hsm_template_hmac_key(struct hsm_template *t, bool sensitive, bool extractable, bool derive);

/* A sealed value that is opened to be read and destroyed at once. Not CKA_PRIVATE: SoftHSM would encrypt it
 * on the way in and decrypt it on the way out, half of the cost of a retrieval. */
void hsm_template_opened_value(struct hsm_template *t);

#endif
