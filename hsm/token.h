/* What the files of the PKCS#11 plug-in share: an open token and the operations on it.
 *
 * plugin.c calls in from above, bracketing every call with hsm_enter and hsm_leave; all else here may assume
 * a session. */
#ifndef OPENMAF_HSM_TOKEN_H
#define OPENMAF_HSM_TOKEN_H

#include "hsm/handles.h"
#include "hsm/module.h"
#include "hsm/quirks.h"
#include "hsm/template.h"
#include "se/plugin.h"

#include <sys/types.h>

#define HSM_N_ROOTS    (SE_ROOT_ROW + 1) /* indexed by enum se_root; 0 unused */
#define HSM_ORPHANS    32
#define HSM_WRAP_EXTRA (HSM_BLOB_MAX - SE_KEY_MAX) /* octets that CKM_AES_KEY_WRAP adds (RFC 3394) */

/* A root key: the object on the token, and what is worked with: a session copy where the token makes one
 * that is as strong (several times faster on software tokens), else the same object. */
struct hsm_root {
    CK_OBJECT_HANDLE object; /* CK_INVALID_HANDLE: not there */
    CK_OBJECT_HANDLE working;
};

struct hsm_signer; /* signer.c */

struct se_token {
    struct hsm_uri uri;
    char *pin_source; /* or NULL */
    struct hsm_module *module;
    CK_FUNCTION_LIST *f;
    unsigned quirks;
    unsigned process; /* hsm_process() of whom it was opened by */

    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE: none */
    bool lost;                 /* the session has to be opened again */
    bool was_open;
    bool pin_refused;     /* at the last try: tries are counted by the token */
    int64_t next_attempt; /* monotonic seconds: not opened again before */

    struct hsm_root roots[HSM_N_ROOTS];
    struct hsm_handles keys;
    struct hsm_signer *signers; /* a list */
    se_handle last_signer;
    CK_OBJECT_HANDLE orphans[HSM_ORPHANS]; /* objects that could not be destroyed yet */
    size_t n_orphans;

    bool derives;                /* proved at open: SP 800-108 and EXTRACT_KEY_FROM_KEY */
    bool steps[SE_STEP_MAC + 1]; /* proved at open, where it derives; indexed by enum se_step_kind */
    CK_MECHANISM_TYPE prf;       /* proved at open: TLS 1.2 PRF as a signature */
    bool has_prf;
    bool test_only;
};

static inline bool hsm_has_quirk(const struct se_token *tok, enum hsm_quirk quirk)
{
    return (tok->quirks & (unsigned)quirk) != 0;
}

/* OM_OK for CKR_OK; else the failure of `call`, noting when the session is gone. */
OM_MUST_USE om_rc hsm_check(struct se_token *tok, CK_RV rv, const char *call, struct om_error *err);

/* --- slot.c --- */

/* Finds the one slot whose token matches the URI, with its CK_TOKEN_INFO. OM_ECONFIG: none, or several; the
 * text lists what is there. OM_ETRANSIENT: none now, but there was. */
OM_MUST_USE om_rc hsm_slot_find(struct se_token *tok, struct om_error *err);
/* OM_EUNSUPPORTED, naming the mechanisms that are needed and missing, and the way out where one is known.
 * Asks no PIN. */
OM_MUST_USE om_rc hsm_slot_check_mechanisms(struct se_token *tok, struct om_error *err);
bool hsm_slot_has_mechanism(struct se_token *tok, CK_MECHANISM_TYPE type, CK_FLAGS flags);
/* A blank-padded field as text: trimmed, printable. */
void hsm_field_text(char *out, size_t cap, const unsigned char *field, size_t size);

/* --- session.c --- */

/* Finds the slot, opens the session, logs in, finds the roots and proves what the token does. */
OM_MUST_USE om_rc hsm_session_open(struct se_token *tok, struct om_error *err);
/* False when the token did not close it now. */
bool hsm_session_close(struct se_token *tok);
/* Opens it again when it was lost; at most once a second unless `now`. */
OM_MUST_USE om_rc hsm_session_restore(struct se_token *tok, bool now, struct om_error *err);
/* Logs `session` in; success when the user is logged in already. */
OM_MUST_USE om_rc hsm_login(struct se_token *tok, CK_SESSION_HANDLE session, struct om_error *err);
/* Destroys a session object; one that cannot be destroyed now is kept for later. */
void hsm_destroy(struct se_token *tok, CK_OBJECT_HANDLE object);
void hsm_destroy_orphans(struct se_token *tok);

/* --- roots.c --- */

/* Finds those root keys that are there, checks them and makes their working copies. OM_ECONFIG: one is there
 * twice, or weaker than it must be; the text names it. */
OM_MUST_USE om_rc hsm_roots_find(struct se_token *tok, struct om_error *err);
/* Makes those that are missing. */
OM_MUST_USE om_rc hsm_roots_provision(struct se_token *tok, struct om_error *err);
bool hsm_roots_complete(const struct se_token *tok);
/* The working object of a root; OM_ECONFIG when it is not there. */
OM_MUST_USE om_rc hsm_root(struct se_token *tok, enum se_root root, CK_OBJECT_HANDLE *out,
                           struct om_error *err);
void hsm_root_drop_copy(struct se_token *tok, enum se_root root);
const char *hsm_root_label(enum se_root root);

/* --- selftest.c --- */

/* Proves with throw-away keys that keys loaded under SE_ROOT_WRAP stay in, or sets test_only where a quirk
 * says that this token does not keep them. OM_ECONFIG. */
OM_MUST_USE om_rc hsm_selftest_custody(struct se_token *tok, struct om_error *err);
/* Finds out by comparing with its own HMAC whether the token derives TLS 1.2 keys itself. */
OM_MUST_USE om_rc hsm_selftest_derivation(struct se_token *tok, struct om_error *err);
/* ... and, where it does, which of the steps of se/plugin.h it makes. */
OM_MUST_USE om_rc hsm_selftest_steps(struct se_token *tok, struct om_error *err);
/* Whether an object signs as a key of these octets does: keys cannot be compared, what they sign can. */
OM_MUST_USE om_rc hsm_selftest_same(struct se_token *tok, CK_OBJECT_HANDLE object, const uint8_t *octets,
                                    size_t n, bool *same, struct om_error *err);

/* --- keys.c: objects ... --- */

/* Octets of a key's object: HMAC pads keys with zeros (RFC 2104), so padding them to what tokens accept (32)
 * and what CKM_AES_KEY_WRAP takes (multiples of 8) changes nothing. */
size_t hsm_padded_len(size_t n);
OM_MUST_USE om_rc hsm_object_mint(struct se_token *tok, const uint8_t *octets, size_t n,
                                  CK_OBJECT_HANDLE *out, struct om_error *err);
OM_MUST_USE om_rc hsm_object_wrap(struct se_token *tok, CK_OBJECT_HANDLE root, CK_OBJECT_HANDLE object,
                                  uint8_t *out, size_t *n, struct om_error *err);
OM_MUST_USE om_rc hsm_object_unwrap(struct se_token *tok, CK_OBJECT_HANDLE root, const uint8_t *blob,
                                    size_t blob_len, struct hsm_template *t, CK_OBJECT_HANDLE *out,
                                    struct om_error *err);
/* A new handle for an object, which is destroyed when there is none to be had. */
OM_MUST_USE om_rc hsm_object_adopt(struct se_token *tok, CK_OBJECT_HANDLE object, size_t len, bool fresh,
                                   se_handle *out, struct om_error *err);

/* ... and the plug-in's operations (se/plugin.h) --- */

OM_MUST_USE om_rc hsm_key_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                               struct om_error *err);
OM_MUST_USE om_rc hsm_key_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err);
void hsm_key_free(struct se_token *tok, se_handle key);
OM_MUST_USE om_rc hsm_key_wrap(struct se_token *tok, enum se_root root, se_handle key, uint8_t *out,
                               size_t *n, struct om_error *err);
OM_MUST_USE om_rc hsm_key_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len,
                               se_handle *out, struct om_error *err);
/* The key that is known by this handle. One that was loaded from a blob is loaded again when it died with its
 * session; OM_ETRANSIENT for others that did. */
OM_MUST_USE om_rc hsm_key_get(struct se_token *tok, se_handle handle, const struct hsm_key **out,
                              struct om_error *err);
OM_MUST_USE om_rc hsm_unseal(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out,
                             size_t key_len, struct om_error *err);

/* --- mac.c --- */

/* Signs the concatenated parts; the signature must have exactly n octets. */
OM_MUST_USE om_rc hsm_sign(struct se_token *tok, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE object,
                           const struct se_part *parts, size_t n_parts, uint8_t *out, size_t n,
                           struct om_error *err);

/* --- prf.c --- */

struct hsm_derivation {
    CK_MECHANISM_TYPE type;
    void *parameter;
    size_t parameter_len;
    const char *name; /* of the call, for errors */
};

/* A new HMAC key object of len octets, derived by one mechanism; it can be wrapped. */
OM_MUST_USE om_rc hsm_derive(struct se_token *tok, CK_OBJECT_HANDLE base, const struct hsm_derivation *d,
                             size_t len, CK_OBJECT_HANDLE *out, struct om_error *err);

/* Octets [offset, offset + n) of an object as a new object of hsm_padded_len(n) octets. */
OM_MUST_USE om_rc hsm_object_range(struct se_token *tok, CK_OBJECT_HANDLE base, size_t offset, size_t n,
                                   CK_OBJECT_HANDLE *out, struct om_error *err);

/* Octets [offset, offset + n) of P_SHA256 as a new object of hsm_padded_len(n) octets. */
OM_MUST_USE om_rc hsm_object_derive(struct se_token *tok, CK_OBJECT_HANDLE base, const struct se_part *parts,
                                    size_t n_parts, size_t offset, size_t n, CK_OBJECT_HANDLE *out,
                                    struct om_error *err);

/* --- steps.c --- */

/* A step (se/plugin.h) from an object of base_len octets, as a new object. */
OM_MUST_USE om_rc hsm_object_step(struct se_token *tok, CK_OBJECT_HANDLE base, size_t base_len,
                                  const struct se_step *step, CK_OBJECT_HANDLE *out, struct om_error *err);
OM_MUST_USE om_rc hsm_key_step(struct se_token *tok, se_handle key, const struct se_step *step,
                               se_handle *out, struct om_error *err);

/* --- signer.c: signing keys, and the plug-in's operations on them --- */

OM_MUST_USE om_rc hsm_signer_find(struct se_token *tok, const char *name, se_handle *out,
                                  uint8_t point[SE_POINT_SIZE], struct om_error *err);
OM_MUST_USE om_rc hsm_signer_make(struct se_token *tok, const char *name, se_handle *out,
                                  uint8_t point[SE_POINT_SIZE], struct om_error *err);
void hsm_signer_free(struct se_token *tok, se_handle signer);
void hsm_signers_free(struct se_token *tok);
OM_MUST_USE om_rc hsm_signer_remove(struct se_token *tok, const char *name, struct om_error *err);
OM_MUST_USE om_rc hsm_signer_sign(struct se_token *tok, se_handle signer,
                                  const uint8_t digest[SE_DIGEST_SIZE], uint8_t signature[SE_SIGNATURE_SIZE],
                                  struct om_error *err);

/* --- certificate.c: the same for certificates --- */

OM_MUST_USE om_rc hsm_certificate_read(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                                       struct om_error *err);
OM_MUST_USE om_rc hsm_certificate_write(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                                        struct om_error *err);

/* --- status.c --- */

void hsm_describe(struct se_token *tok, struct se_description *out);
/* Restores a lost session itself, unlike all else here. */
OM_MUST_USE om_rc hsm_health(struct se_token *tok, struct om_error *err);

#endif
