/* The records of remote provisioning that a MAF has (spec/mef §6): the MEFs that it asks, and the KmIDs that
 * it assigned. What was fetched for a KeID is a credential (store.h) under that KeID. Rules common to all
 * records stand in store.h. */
#ifndef OPENMAF_STORE_PROVISIONED_H
#define OPENMAF_STORE_PROVISIONED_H

#include "store/store.h"

/* ---- MEFs ---- */
#define STORE_ADDRESS_SIZE 80
struct store_mef {
    char fqdn[M2M_FQDN_SIZE];
    char address[STORE_ADDRESS_SIZE]; /* numeric host:port of its HTTPS */
    char kpmid[M2M_KEY_ID_SIZE];      /* this MAF's credential there; "": its certificate */
    struct m2m_list vouches;          /* identities that it may name, or "//.../..." for all below */
    int64_t created;
    struct se_blob kpm; /* of the KpmID: SE_USE_TLS12_PSK */
    struct m2m_list
        anchors; /* without one: identifiers of anchors (certificate.h) for the MEF's certificate */
};
void store_mef_free(struct store_mef *r);
/* New, or in place of the old one. */
OM_MUST_USE om_rc store_mef_put(struct store *s, const struct store_mef *r, struct om_error *err);
OM_MUST_USE om_rc store_mef_get(struct store *s, const char *fqdn, struct store_mef *out,
                                struct om_error *err);
OM_MUST_USE om_rc store_mef_delete(struct store *s, const char *fqdn, struct om_error *err);
typedef bool store_mef_fn(void *arg, const struct store_mef *r, const struct om_error *bad);
OM_MUST_USE om_rc store_mef_list(struct store *s, store_mef_fn *fn, void *arg, struct om_error *err);

/* ---- KeIDs: credentials whose admin_fqdn is the MEF that provided them ---- */

/* As store_credential_create and store_credential_tls13_create. Of the client's older KeIDs of that MEF the
 * newest `keep` stay; the others go, their names stay burnt, and KmIDs that were assigned for them stay. */
OM_MUST_USE om_rc store_provided_create(struct store *s, const struct store_credential *r,
                                        const struct se_psk13 *forms, size_t keep, struct om_error *err);

/* ---- assignments: a KmID that the MAF gave to a remotely provisioned client; they go with its credential
 * ---- */
struct store_assignment {
    char kmid[M2M_KEY_ID_SIZE];
    char keid[M2M_KEY_ID_SIZE];           /* from whose credential Km is */
    char registration[M2M_RELATIVE_SIZE]; /* at whose making or update it was given */
    bool used;                            /* a handshake with it succeeded */
};
/* OM_ENOTFOUND: there is no such credential. */
OM_MUST_USE om_rc store_assignment_create(struct store *s, const struct store_assignment *r,
                                          struct om_error *err);
OM_MUST_USE om_rc store_assignment_get(struct store *s, const char *kmid, struct store_assignment *out,
                                       struct om_error *err);
OM_MUST_USE om_rc store_assignment_used(struct store *s, const char *kmid, struct om_error *err);
typedef bool store_assignment_fn(void *arg, const struct store_assignment *r, const struct om_error *bad);
/* All; those of a registration; those that come from a KeID. */
OM_MUST_USE om_rc store_assignment_list(struct store *s, store_assignment_fn *fn, void *arg,
                                        struct om_error *err);
OM_MUST_USE om_rc store_assignment_list_of(struct store *s, const char *registration, store_assignment_fn *fn,
                                           void *arg, struct om_error *err);
OM_MUST_USE om_rc store_assignment_list_from(struct store *s, const char *keid, store_assignment_fn *fn,
                                             void *arg, struct om_error *err);

#endif
