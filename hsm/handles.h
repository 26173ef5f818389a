/* The keys that are loaded, by the numbers that src/se knows them by.
 *
 * A number is never an object handle: tokens use those again. It holds a slot and that slot's serial number,
 * so a number that was freed, or whose session is gone, does not reach another key. */
#ifndef OPENMAF_HSM_HANDLES_H
#define OPENMAF_HSM_HANDLES_H

#include "hsm/cryptoki.h"
#include "se/plugin.h"

#define HSM_BLOB_MAX (SE_KEY_MAX + 8) /* CKM_AES_KEY_WRAP adds 8 octets (RFC 3394) */

struct hsm_key {
    CK_OBJECT_HANDLE object; /* of a free slot: the next free slot, plus one */
    uint32_t serial;
    uint32_t epoch;
    uint8_t len; /* octets of the key, without padding */
    bool used;
    bool fresh;       /* minted, generated or derived: may be wrapped */
    uint8_t blob_len; /* not fresh: what it was loaded from, to load it again when its session is lost */
    uint8_t blob[HSM_BLOB_MAX];
};

struct hsm_handles {
    struct hsm_key *slots;
    size_t n;
    size_t first_free; /* plus one; 0: none */
    uint32_t epoch;    /* keys of another epoch died with their session */
};

/* Of a key that has this blob. */
void hsm_handles_keep_blob(struct hsm_handles *h, se_handle handle, const uint8_t *blob, size_t n);
/* The key when it died with its session and has a blob; else NULL. */
const struct hsm_key *hsm_handles_dead(const struct hsm_handles *h, se_handle handle);
/* It lives again, as this object. */
void hsm_handles_revive(struct hsm_handles *h, se_handle handle, CK_OBJECT_HANDLE object);

OM_MUST_USE om_rc hsm_handles_add(struct hsm_handles *h, CK_OBJECT_HANDLE object, size_t len, bool fresh,
                                  se_handle *out, struct om_error *err);
/* OM_ETRANSIENT: it died with its session. OM_EINTERNAL: no such key. */
OM_MUST_USE om_rc hsm_handles_get(const struct hsm_handles *h, se_handle handle, const struct hsm_key **out,
                                  struct om_error *err);
/* Forgets it; its object, or CK_INVALID_HANDLE when there is none any more. */
CK_OBJECT_HANDLE hsm_handles_remove(struct hsm_handles *h, se_handle handle);
/* All keys died. */
void hsm_handles_invalidate(struct hsm_handles *h);
void hsm_handles_free(struct hsm_handles *h);

#endif
