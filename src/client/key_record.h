/* The home's record of a distributed key: Kc as wrapped keys, and all that is bound to its key identifier
 * (MAF-KT-9). */
#ifndef OPENMAF_CLIENT_KEY_RECORD_H
#define OPENMAF_CLIENT_KEY_RECORD_H

#include "client/client.h"
#include "onem2m/resource.h"

#define KEY_CHECK_SIZE 17 /* 16 hex digits and a NUL */

struct key_record {
    struct openmaf_key pub;           /* first; points into this structure */
    const struct home_server *server; /* that keeps it */
    char key_id[M2M_KEY_ID_SIZE];
    char relative[M2M_RELATIVE_SIZE];
    char source[M2M_ID_SIZE];
    char stakeholder[M2M_FQDN_SIZE];
    char check[KEY_CHECK_SIZE];
    char problem[sizeof((struct om_error *)0)->text];
    struct m2m_list labels;
    struct m2m_list targets;
    unsigned made; /* of enum se_form: which of the forms are there */
    struct se_forms forms;
};

/* Zeroed; NULL: no memory. Freed with openmaf_key_free(&k->pub). */
struct key_record *key_record_new(void);

/* Splits RelativeKeyID@FQDN, the FQDN being that of a server of this home. The RelativeKeyID is put in upper
 * case if it is hex, as servers emit it. OM_EINPUT. */
OM_MUST_USE om_rc key_record_name(const struct openmaf *maf, const char *key_id, struct key_record *k,
                                  struct om_error *err);

/* The record of k->relative. OM_ENOTFOUND. */
OM_MUST_USE om_rc key_record_read(struct openmaf *maf, struct key_record *k, struct om_error *err);
OM_MUST_USE om_rc key_record_write(struct openmaf *maf, const struct key_record *k, struct om_error *err);
OM_MUST_USE om_rc key_record_remove(struct openmaf *maf, const char *relative, struct om_error *err);

/* The record, of a random key, that is read for an identity which has none: the same work (MAF-HS-6). Made
 * when it is not there or not good; then the lock is held until client_end. */
OM_MUST_USE om_rc key_record_decoy(struct openmaf *maf, struct key_record *k, struct om_error *err);
OM_MUST_USE om_rc key_record_read_decoy(struct openmaf *maf, struct key_record *k, struct om_error *err);

/* Fills the pointers of pub. */
void key_record_publish(struct key_record *k);

/* Takes et, lbl, tgis of an answer, as far as present. */
OM_MUST_USE om_rc key_record_take(struct key_record *k, const struct m2m_resource *answer,
                                  struct om_error *err);

/* The forms (enum se_form) in which a Kc is kept: itself, and what the feature of its SUID needs. */
unsigned key_record_wanted(const struct openmaf *maf, unsigned suid);

/* Wraps a Kc of k->pub.suid that is in host memory, and computes its check value. */
OM_MUST_USE om_rc key_record_import(struct openmaf *maf, struct key_record *k, const struct om_secret *kc,
                                    struct om_error *err);

/* Takes a Kc of k->pub.suid from the exporter of a TLS session with that label, with its RelativeKeyID's
 * octets in id. */
OM_MUST_USE om_rc key_record_export(struct openmaf *maf, struct key_record *k, SSL *ssl, const char *label,
                                    uint8_t id[OMTLS_EXPORT_ID_SIZE], struct om_error *err);

/* MAF-KT-9: a key is not used outside the feature of its SUID (that of 32 is that of 22), nor at or after
 * expirationTime. OM_EDENIED. */
OM_MUST_USE om_rc key_record_may(const struct key_record *k, unsigned suid, struct om_error *err);

#endif
