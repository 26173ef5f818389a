/* The home's record of a distributed key: Kc as wrapped keys, and all that is bound to its key identifier
 * (MAF-KT-9). */
#ifndef OPENMAF_CLIENT_KEY_RECORD_H
#define OPENMAF_CLIENT_KEY_RECORD_H

#include "client/client.h"
#include "onem2m/resource.h"

#define KEY_CHECK_SIZE 17 /* 16 hex digits and a NUL */

struct key_record {
    struct openmaf_key pub; /* first; points into this structure */
    char key_id[M2M_KEY_ID_SIZE];
    char relative[M2M_RELATIVE_SIZE];
    char source[M2M_ID_SIZE];
    char stakeholder[M2M_FQDN_SIZE];
    char check[KEY_CHECK_SIZE];
    char problem[sizeof((struct om_error *)0)->text];
    struct m2m_list labels;
    struct m2m_list targets;
    struct se_blob hmac; /* SE_USE_HMAC */
    bool has_psk;        /* also as TLS 1.2 PSK: only where the octets were in host memory anyway */
    struct se_blob psk;
};

/* Zeroed; NULL: no memory. Freed with openmaf_key_free(&k->pub). */
struct key_record *key_record_new(void);

/* Splits RelativeKeyID@MAF-FQDN; the MAF must be this client's. The RelativeKeyID is put in upper case if it
 * is hex, as MAFs emit it. OM_EINPUT. */
OM_MUST_USE om_rc key_record_name(const struct openmaf *maf, const char *key_id, struct key_record *k,
                                  struct om_error *err);

/* The record of k->relative. OM_ENOTFOUND. */
OM_MUST_USE om_rc key_record_read(struct openmaf *maf, struct key_record *k, struct om_error *err);
OM_MUST_USE om_rc key_record_write(struct openmaf *maf, const struct key_record *k, struct om_error *err);
OM_MUST_USE om_rc key_record_remove(struct openmaf *maf, const char *relative, struct om_error *err);

/* Fills the pointers of pub. */
void key_record_publish(struct key_record *k);

/* Takes et, lbl, tgis of an answer, as far as present. */
OM_MUST_USE om_rc key_record_take(struct key_record *k, const struct m2m_resource *answer,
                                  struct om_error *err);

/* Key check value of a key in the token (see openmaf.h). */
OM_MUST_USE om_rc key_check_value(struct se_key *key, char out[KEY_CHECK_SIZE], struct om_error *err);

/* Wraps a Kc that is in host memory, in both forms, and computes its check value. */
OM_MUST_USE om_rc key_record_import(struct openmaf *maf, struct key_record *k, const struct om_secret *kc,
                                    struct om_error *err);

#endif
