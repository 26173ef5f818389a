/* Attribute templates: see template.h. */
#include "hsm/template.h"

#include <stdint.h>
#include <stdlib.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static CK_ATTRIBUTE *append(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, void *value, size_t n)
{
    if (t->n >= HSM_TEMPLATE_MAX)
        abort();
    CK_ATTRIBUTE *a = &t->attributes[t->n++];
    *a = (CK_ATTRIBUTE){type, value, n};
    return a;
}

void hsm_template_bool(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
    (void)append(t, type, value ? &yes : &no, sizeof yes);
}

void hsm_template_number(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    CK_ATTRIBUTE *a = append(t, type, NULL, sizeof value);
    size_t i = (size_t)(a - t->attributes);
    t->numbers[i] = value;
    a->pValue = &t->numbers[i];
}

void hsm_template_octets(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, const void *octets, size_t n)
{
    /* Cryptoki takes templates as writable and does not write them. */
    (void)append(t, type, (void *)octets, n);
}

void hsm_template_nested(struct hsm_template *t, CK_ATTRIBUTE_TYPE type, struct hsm_template *inner)
{
    (void)append(t, type, inner->attributes, inner->n * sizeof inner->attributes[0]);
}

void hsm_template_hmac_key(struct hsm_template *t, bool sensitive, bool extractable, bool derive)
{
    t->n = 0;
    hsm_template_number(t, CKA_CLASS, CKO_SECRET_KEY);
    hsm_template_number(t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    hsm_template_bool(t, CKA_TOKEN, false);
    hsm_template_bool(t, CKA_PRIVATE, true);
    hsm_template_bool(t, CKA_SENSITIVE, sensitive);
    hsm_template_bool(t, CKA_EXTRACTABLE, extractable);
    hsm_template_bool(t, CKA_SIGN, true);
    hsm_template_bool(t, CKA_VERIFY, false);
    hsm_template_bool(t, CKA_DERIVE, derive);
}

void hsm_template_opened_value(struct hsm_template *t)
{
    t->n = 0;
    hsm_template_number(t, CKA_CLASS, CKO_SECRET_KEY);
    hsm_template_number(t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    hsm_template_bool(t, CKA_TOKEN, false);
    hsm_template_bool(t, CKA_PRIVATE, false);
    hsm_template_bool(t, CKA_SENSITIVE, false);
    hsm_template_bool(t, CKA_EXTRACTABLE, true);
    hsm_template_bool(t, CKA_SIGN, false);
}
