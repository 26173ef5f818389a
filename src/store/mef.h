/* The records that only a MEF has (spec/mef §2, §3, §7): who may enrol for what, enrolments, and commands.
 * Rules common to all records stand in store.h. */
#ifndef OPENMAF_STORE_MEF_H
#define OPENMAF_STORE_MEF_H

#include "store/store.h"

/* ---- Enrolees: which keys the MEF hands out of an Enrolee's enrolments (MEF-EK-3) ---- */
struct store_enrolee {
    char identity[M2M_ID_SIZE]; /* Enrolee-ID */
    int64_t lifetime;           /* Enrolment Expiry, seconds */
    struct m2m_list rights;     /* "<SUID> <Enrolment Target ID>" each */
    int64_t created;
};
void store_enrolee_free(struct store_enrolee *r);
/* New, or in place of the old one. */
OM_MUST_USE om_rc store_enrolee_put(struct store *s, const struct store_enrolee *r, struct om_error *err);
OM_MUST_USE om_rc store_enrolee_get(struct store *s, const char *identity, struct store_enrolee *out,
                                    struct om_error *err);
OM_MUST_USE om_rc store_enrolee_delete(struct store *s, const char *identity, struct om_error *err);

/* ---- Enrolments: KeID -> Enrolee and wrapped Ke ---- */
struct store_enrolment {
    char id[M2M_RELATIVE_SIZE]; /* RelativeKeID */
    char enrolee[M2M_ID_SIZE];
    char credential[M2M_ID_SIZE]; /* of the handshake that it comes from: a KpmID, or a struct
                                     store_certificate's id */
    bool fetched;                 /* a key that follows from Ke was given out */
    int64_t created, expires;
    struct se_blob ke; /* SE_USE_HMAC */
};
/* OM_ECONFLICT: there is one, or the id was ever given to a key registration (MEF-EK-4). Of the Enrolee's
 * older enrolments the newest `keep` stay. */
OM_MUST_USE om_rc store_enrolment_create(struct store *s, const struct store_enrolment *r, size_t keep,
                                         struct om_error *err);
OM_MUST_USE om_rc store_enrolment_get(struct store *s, const char *id, struct store_enrolment *out,
                                      struct om_error *err);
/* Marks it as fetched. */
OM_MUST_USE om_rc store_enrolment_fetched(struct store *s, const char *id, struct om_error *err);
OM_MUST_USE om_rc store_enrolment_delete(struct store *s, const char *id, struct om_error *err);
/* All of one credential, a KpmID or the id of a client by certificate; *deleted gets the count. */
OM_MUST_USE om_rc store_enrolment_delete_of(struct store *s, const char *credential, size_t *deleted,
                                            struct om_error *err);

/* ---- MEF Client Commands, in the order in which they were queued ---- */
enum store_command_state {
    STORE_COMMAND_WAITING = 1,
    STORE_COMMAND_ISSUED = 2,
    STORE_COMMAND_REPORTED = 3,
};
struct store_command {
    char id[M2M_RELATIVE_SIZE]; /* cmdID, decimal */
    char identity[M2M_ID_SIZE]; /* of the client */
    char admin_fqdn[M2M_FQDN_SIZE];
    int64_t position;  /* set by store_command_create */
    char *description; /* owned: cmdDescription as JSON text */
    enum store_command_state state;
    int status; /* what the client reported; 0: nothing yet */
    int64_t created, issued, reported;
};
void store_command_free(struct store_command *r);
/* OM_ECONFLICT: the cmdID is in use. */
OM_MUST_USE om_rc store_command_create(struct store *s, const struct store_command *r, struct om_error *err);
OM_MUST_USE om_rc store_command_get(struct store *s, const char *id, struct store_command *out,
                                    struct om_error *err);
/* The first of a client under an administrator that was not reported on. OM_ENOTFOUND. */
OM_MUST_USE om_rc store_command_next(struct store *s, const char *identity, const char *admin_fqdn,
                                     struct store_command *out, struct om_error *err);
/* state, status, issued, reported. */
OM_MUST_USE om_rc store_command_update(struct store *s, const struct store_command *r, struct om_error *err);
OM_MUST_USE om_rc store_command_delete(struct store *s, const char *id, struct om_error *err);

/* ---- lists: as in store.h ---- */
typedef bool store_enrolee_fn(void *arg, const struct store_enrolee *r, const struct om_error *bad);
typedef bool store_enrolment_fn(void *arg, const struct store_enrolment *r, const struct om_error *bad);
typedef bool store_command_fn(void *arg, const struct store_command *r, const struct om_error *bad);

OM_MUST_USE om_rc store_enrolee_list(struct store *s, store_enrolee_fn *fn, void *arg, struct om_error *err);
OM_MUST_USE om_rc store_enrolment_list(struct store *s, store_enrolment_fn *fn, void *arg,
                                       struct om_error *err);
OM_MUST_USE om_rc store_command_list(struct store *s, store_command_fn *fn, void *arg, struct om_error *err);

#endif
