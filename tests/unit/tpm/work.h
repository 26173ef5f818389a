/* Every operation of the plug-in once, with its result checked, for tests that do them under difficulties. */
#ifndef OPENMAF_TESTS_TPM_WORK_H
#define OPENMAF_TESTS_TPM_WORK_H

#include "fixture.h"

/* What the operations work on; made while all is well. */
struct work {
    struct se_token *tok;
    se_handle key;                /* work_octets, loaded from a blob */
    uint8_t wrapped[SE_BLOB_MAX]; /* the same */
    uint8_t sealed[SE_BLOB_MAX];  /* work_octets, sealed */
    size_t wrapped_len, sealed_len;
    uint8_t row[SE_MAC_SIZE]; /* the row MAC of work_message */
};

extern const uint8_t work_octets[48];
extern const struct se_part work_message; /* short */
extern const struct se_part work_long;    /* for a sequence */

void work_begin(struct work *w, const char *attributes);
void work_end(struct work *w);

enum operation {
    OP_RANDOM,
    OP_MINT,
    OP_GENERATE,
    OP_WRAP,
    OP_SEAL,
    OP_LOAD, /* a blob, and one HMAC with it */
    OP_UNSEAL,
    OP_HMAC,
    OP_HMAC_LONG,
    OP_ROW,
    OP_PRF,
    OP_HEALTH,
    OP_DESCRIBE,
    N_OPERATIONS
};

extern const char *const operation_names[N_OPERATIONS];

/* Does it; a result that is not what it must be fails the test, whatever difficulties there were. */
om_rc work_do(struct work *w, enum operation op);

#endif
