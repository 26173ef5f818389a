/* Whom a MEF gives certificates, and which certificate each holder is at (spec/mef §8, MEF-HS-2): continues
 * store.h, with its rules. */
#ifndef OPENMAF_STORE_SUBJECT_H
#define OPENMAF_STORE_SUBJECT_H

#include "store/issued.h"

/* ---- Enrolees that may have certificates ---- */
struct store_subject {
    char identity[M2M_ID_SIZE]; /* Enrolee-ID */
    int64_t lifetime;           /* of a certificate, seconds */
    struct m2m_list names;      /* "<type>-<name in the certificate>", as of a certificate client */
    int64_t created;
};
void store_subject_free(struct store_subject *r);
/* New, or in place of the old one. */
OM_MUST_USE om_rc store_subject_put(struct store *s, const struct store_subject *r, struct om_error *err);
OM_MUST_USE om_rc store_subject_get(struct store *s, const char *identity, struct store_subject *out,
                                    struct om_error *err);
OM_MUST_USE om_rc store_subject_delete(struct store *s, const char *identity, struct om_error *err);
typedef bool store_subject_fn(void *arg, const struct store_subject *r, const struct om_error *bad);
OM_MUST_USE om_rc store_subject_list(struct store *s, store_subject_fn *fn, void *arg, struct om_error *err);

/* ---- of each name, the newest certificate that its holder has used ---- */
struct store_latest {
    char id[M2M_ID_SIZE]; /* "<type>-<name in the certificate>" */
    char serial[STORE_SERIAL_SIZE];
    int64_t created; /* of that certificate; of one name's certificates no two have the same */
};
/* New, or in place of one with an earlier certificate; a later one stays, and it is OM_OK. */
OM_MUST_USE om_rc store_latest_put(struct store *s, const struct store_latest *r, struct om_error *err);
OM_MUST_USE om_rc store_latest_get(struct store *s, const char *id, struct store_latest *out,
                                   struct om_error *err);
typedef bool store_latest_fn(void *arg, const struct store_latest *r, const struct om_error *bad);
OM_MUST_USE om_rc store_latest_list(struct store *s, store_latest_fn *fn, void *arg, struct om_error *err);

#endif
