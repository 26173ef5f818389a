/* The keys that src/se holds, by the numbers that it knows them by. They are blobs in host memory, loaded
 * into the TPM when they are used; so there may be any number of them. A number holds a place and that
 * place's serial number: one that was freed does not reach another key. */
#ifndef OPENMAF_TPM_HANDLES_H
#define OPENMAF_TPM_HANDLES_H

#include "se/plugin.h"
#include "tpm/blob.h"

struct tpm_key {
    uint8_t len;             /* octets of the key */
    struct tpm_blob wrapped; /* as TPM_KIND_KEY */
    struct tpm_blob
        *sealed; /* the same octets as TPM_KIND_VALUE, owned; NULL for a generated or loaded key */
    bool fresh;  /* minted, generated or derived: may be wrapped */
};

struct tpm_place {
    struct tpm_key *key; /* NULL: free */
    uint32_t serial;
    uint32_t next_free; /* of a free place: plus one; 0: none */
};

struct tpm_handles {
    struct tpm_place *places;
    size_t n;
    uint32_t first_free; /* plus one; 0: none */
};

/* Takes the key over, which is from malloc; frees it when that fails. OM_ENOMEM. */
OM_MUST_USE om_rc tpm_handles_add(struct tpm_handles *h, struct tpm_key *key, se_handle *out,
                                  struct om_error *err);
/* OM_EINTERNAL: no such key. */
OM_MUST_USE om_rc tpm_handles_get(const struct tpm_handles *h, se_handle handle, const struct tpm_key **out,
                                  struct om_error *err);
void tpm_handles_remove(struct tpm_handles *h, se_handle handle);
void tpm_handles_free(struct tpm_handles *h);

#endif
