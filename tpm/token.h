/* What the files of the TPM plug-in share: an open token and the operations on it.
 *
 * plugin.c calls in from above with tpm_group(), which brackets a group of TPM commands: what it needs is
 * there when the work begins, and what it left in the TPM is flushed when it ends, also after a failure. */
#ifndef OPENMAF_TPM_TOKEN_H
#define OPENMAF_TPM_TOKEN_H

#include "se/plugin.h"
#include "tpm/auth.h"
#include "tpm/blob.h"
#include "tpm/handles.h"
#include "tpm/link.h"
#include "tpm/rc.h"

#include <sys/types.h>
#include <tss2/tss2_esys.h>

/* Ranges of handles. Those of tpm2-tss that begin with an 8 shift a signed number. */
#define TPM_TRANSIENT_FIRST  UINT32_C(0x80000000)
#define TPM_PERSISTENT_FIRST UINT32_C(0x81000000)
#define TPM_PERSISTENT_LAST  UINT32_C(0x81ffffff)

#define TPM_SLOTS 2 /* keys that stay loaded under a resource manager; a TPM has room for three objects */

/* A persistent object: where it is, and what ESYS knows of it, for the next ESYS context. */
struct tpm_known {
    TPM2_HANDLE handle;
    uint8_t *octets; /* owned; from Esys_TR_Serialize, for Esys_Free */
    size_t n;
};

struct tpm_root {
    struct tpm_known known;
    bool present;
    ESYS_TR object; /* in the ESYS context; ESYS_TR_NONE: not known to it */
};

struct tpm_slot {
    ESYS_TR object; /* ESYS_TR_NONE: free */
    se_handle key;
    uint64_t used; /* when, in groups */
};

/* What the TPM said of itself when it was opened. */
struct tpm_facts {
    char manufacturer[8];
    char model[20];
    char firmware[24];
    char algorithms[128];
};

/* What may be in the TPM that nobody will flush, without a resource manager; swept away before the next work.
 */
enum tpm_left {
    TPM_LEFT_NOTHING = 0,
    TPM_LEFT_LOADED, /* objects and sessions, by a connection that broke */
    TPM_LEFT_SAVED,  /* also sessions that others saved: there is no room for more */
};

struct se_token {
    struct tpm_uri uri;
    char *pin_source; /* or NULL */
    pid_t process;    /* that opened it */
    struct tpm_link link;
    ESYS_CONTEXT *esys; /* NULL: to be made anew */
    ESYS_TR session;    /* ESYS_TR_NONE: none */
    struct tpm_root storage, row;
    struct tpm_auth auth; /* from the PIN; meaningful when the storage key is present */
    uint8_t
        blob_key[32]; /* of the check values in blobs; made by the row key, so only where the PIN is known */
    struct tpm_slot slots[TPM_SLOTS];
    struct tpm_handles keys;
    uint64_t groups;
    enum tpm_trouble trouble; /* of the group that runs */
    enum tpm_left leftovers;
    int64_t next_attempt; /* milliseconds: the TPM is not asked again before, once it was silent */
    struct tpm_facts facts;
    struct tpm_signer *signers; /* that are in use (signer.c) */
    se_handle last_signer;
};

/* --- group.c --- */

typedef om_rc (*tpm_work)(struct se_token *tok, void *arg, struct om_error *err);

/* Does a group of commands; once more from the beginning when what stood in the way could be removed, so the
 * work must be such that it can be. now: also when the TPM was silent a moment ago. */
OM_MUST_USE om_rc tpm_group(struct se_token *tok, bool now, tpm_work work, void *arg, struct om_error *err);

/* OM_OK for TSS2_RC_SUCCESS; else the failure of `call`, noted for tpm_group. */
OM_MUST_USE om_rc tpm_check(struct se_token *tok, TSS2_RC r, const char *call, struct om_error *err);

/* The session that authorises and encrypts, started when there is none: salted with salt_key, an ESYS object.
 * ESYS_TR_PASSWORD where parameters are not encrypted. */
OM_MUST_USE om_rc tpm_session(struct se_token *tok, ESYS_TR salt_key, ESYS_TR *out, struct om_error *err);

/* Before and, when it succeeded, after the group's last command with the session: the TPM ends it by itself,
 * which spares a command. Nothing under a resource manager, where the session is kept. */
void tpm_session_last(struct se_token *tok);
void tpm_session_gone(struct se_token *tok);

/* Takes an object out of the TPM; *object is ESYS_TR_NONE then. */
void tpm_flush(struct se_token *tok, ESYS_TR *object);

/* Drops the connection, the ESYS context and all that was loaded. */
void tpm_drop(struct se_token *tok);

/* --- roots.c --- */

/* Finds the root keys and checks what they are, and the PIN if both are there. */
OM_MUST_USE om_rc tpm_roots_find(struct se_token *tok, struct om_error *err);
/* Makes those that are missing. */
OM_MUST_USE om_rc tpm_roots_provision(struct se_token *tok, struct om_error *err);
/* Makes the roots known to a new ESYS context. */
OM_MUST_USE om_rc tpm_roots_restore(struct se_token *tok, struct om_error *err);
void tpm_roots_free(struct se_token *tok);
/* OM_ECONFIG when they are not there. */
OM_MUST_USE om_rc tpm_roots_check(const struct se_token *tok, struct om_error *err);

/* --- object.c: wrapped keys and sealed values as objects under the storage key --- */

/* Makes an object of n octets, or (octets NULL) a key that the TPM generates. last: no more commands with the
 * session. */
OM_MUST_USE om_rc tpm_object_make(struct se_token *tok, enum tpm_kind kind, const uint8_t *octets, size_t n,
                                  bool last, struct tpm_blob *out, struct om_error *err);
/* Loads it; tpm_flush when done. */
OM_MUST_USE om_rc tpm_object_load(struct se_token *tok, enum tpm_kind kind, const struct tpm_blob *blob,
                                  size_t n, ESYS_TR *out, struct om_error *err);
/* The loaded object of a key; it stays until the end of the group, under a resource manager until others were
 * used more recently. */
OM_MUST_USE om_rc tpm_slot_load(struct se_token *tok, se_handle key, ESYS_TR *out, struct om_error *err);
void tpm_slots_flush(struct se_token *tok);
void tpm_slot_forget(struct se_token *tok, se_handle key);

/* --- mac.c --- */

/* HMAC-SHA-256 by a loaded object over messages of any length. last: no more commands with the session. */
OM_MUST_USE om_rc tpm_hmac(struct se_token *tok, ESYS_TR object, const struct se_part *parts, size_t n_parts,
                           bool last, uint8_t out[SE_MAC_SIZE], struct om_error *err);
/* n octets of P_SHA256 with a key, the last of the group. */
OM_MUST_USE om_rc tpm_prf(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                          uint8_t *out, size_t n, struct om_error *err);

/* --- status.c --- */

/* OM_EUNSUPPORTED names what the TPM lacks. */
OM_MUST_USE om_rc tpm_facts_read(struct se_token *tok, struct om_error *err);
/* What an operator should know about it now: "" or a line. */
OM_MUST_USE om_rc tpm_state_read(struct se_token *tok, char *out, size_t cap, struct om_error *err);

/* --- scrub.c --- */

/* ESYS and SAPI keep copies of secrets in their contexts, and leave some on the stack. */
void tpm_scrub_create(ESYS_CONTEXT *esys);
void tpm_scrub_response(ESYS_CONTEXT *esys);
void tpm_scrub_object(ESYS_CONTEXT *esys, ESYS_TR object);
void tpm_scrub_stack(void);

#endif
