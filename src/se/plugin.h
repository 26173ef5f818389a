/* The table between the Secure Environment and one kind of token. A plug-in is a shared object that exports
 * the one symbol `openmaf_se_plugin` (as a TCTI of tpm2-tss does). It knows this header and its own hardware
 * library.
 *
 * The table is small and coarse enough to be forwarded over a socket: keys are numbers, all data is octets.
 * All calls come from one thread. A plug-in initialises its hardware library in open(), never when it is
 * loaded. Errors as in se.h. Lengths are octets. */
#ifndef OPENMAF_SE_PLUGIN_H
#define OPENMAF_SE_PLUGIN_H

#include "se/se.h"
#include "se/signer.h"

#define SE_PLUGIN_MAGIC   UINT64_C(0x6f6d616673650001)
#define SE_PLUGIN_VERSION 5u
#define SE_PLUGIN_SYMBOL  "openmaf_se_plugin"

struct se_token; /* the plug-in's own */

typedef uint64_t se_handle; /* a loaded key; never 0 */

/* Root keys, each with one role. */
enum se_root {
    SE_ROOT_WRAP = 1, /* wraps and unwraps keys, under a template that keeps them sensitive and inside */
    SE_ROOT_SEAL = 2, /* wraps what must come out again */
    SE_ROOT_ROW = 3,  /* HMAC only */
};

/* How a fresh key is made of another: the steps that prepare a pre-shared key. */
enum se_step_kind {
    SE_STEP_RANGE = 1, /* octets [offset, offset + n) of the key */
    SE_STEP_HASH,      /* SHA-256(octets || key) */
    SE_STEP_EXTRACT,   /* HMAC-SHA-256 keyed with 32 zero octets, of the key (HKDF-Extract without salt) */
    SE_STEP_MAC,       /* HMAC-SHA-256 keyed with the key, of octets */
};

struct se_step {
    enum se_step_kind kind;
    size_t offset;         /* RANGE */
    const uint8_t *octets; /* HASH, MAC */
    size_t n;              /* RANGE: octets of the result (8..64), which has 32 otherwise; else of `octets` */
};

struct se_plugin {
    uint64_t magic;     /* SE_PLUGIN_MAGIC */
    uint32_t version;   /* SE_PLUGIN_VERSION */
    uint32_t size;      /* sizeof(struct se_plugin) */
    const char *name;   /* "pkcs11" */
    const char *scheme; /* URI scheme with its colon: "pkcs11:" */

    om_rc (*open)(const char *uri, const char *pin_source, struct se_token **out, struct om_error *err);
    void (*close)(struct se_token *tok);
    om_rc (*provision)(struct se_token *tok, struct om_error *err);
    om_rc (*describe)(struct se_token *tok, struct se_description *out, struct om_error *err);
    om_rc (*health)(struct se_token *tok, struct om_error *err);
    om_rc (*random)(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err);

    /* A fresh key: sensitive, can be wrapped, lives until key_free. */
    om_rc (*key_mint)(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                      struct om_error *err);
    om_rc (*key_generate)(struct se_token *tok, size_t n, se_handle *out, struct om_error *err);
    void (*key_free)(struct se_token *tok, se_handle key);

    /* Wraps a fresh key of key_len octets under SE_ROOT_WRAP or SE_ROOT_SEAL; *n is the capacity, then the
     * length. */
    om_rc (*key_wrap)(struct se_token *tok, enum se_root root, se_handle key, uint8_t *out, size_t *n,
                      struct om_error *err);
    /* Optional: the same for octets, for hardware to which key_mint, key_wrap and key_free would be more. */
    om_rc (*wrap_octets)(struct se_token *tok, enum se_root root, const uint8_t *octets, size_t len,
                         uint8_t *out, size_t *n, struct om_error *err);
    /* Unwraps under SE_ROOT_WRAP: sensitive, not extractable, HMAC (and derivation) only. Callers keep it for
     * as long as they like: when the hardware has lost it meanwhile (restart, lost session) and answers
     * again, the plug-in loads it again by itself. */
    om_rc (*key_load)(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len,
                      se_handle *out, struct om_error *err);
    /* Unwraps under SE_ROOT_SEAL and reads the value: key_len octets into out. */
    om_rc (*unseal)(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out, size_t key_len,
                    struct om_error *err);

    om_rc (*hmac)(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                  uint8_t out[SE_MAC_SIZE], struct om_error *err);
    om_rc (*row_mac)(struct se_token *tok, const struct se_part *parts, size_t n_parts,
                     uint8_t out[SE_MAC_SIZE], struct om_error *err);

    /* Optional, NULL where the hardware has HMAC only; then src/se does them with hmac and key_mint. A
     * plug-in that has them may still answer OM_EUNSUPPORTED for one token: src/se then falls back for that
     * token for good (describe tells the grade). The contracts are those of se_prf and se_prf_key. */
    om_rc (*prf)(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                 uint8_t *out, size_t n, struct om_error *err);
    om_rc (*prf_key)(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                     size_t offset, size_t n, se_handle *out, struct om_error *err);

    /* Optional, with prf_key: a fresh key made inside the hardware of a fresh one that has 32..64 octets and
     * a multiple of 8. OM_EUNSUPPORTED, always the same for a kind: src/se then does without. */
    om_rc (*key_step)(struct se_token *tok, se_handle key, const struct se_step *step, se_handle *out,
                      struct om_error *err);

    /* Optional, the five together: signing keys, contracts as se/signer.h. The handles are other ones than
     * those of keys; one stays good when the session is lost and found again. `point` is the public key. The
     * caller has checked plain names; a name with the plug-in's scheme is for signer_find only. */
    om_rc (*signer_find)(struct se_token *tok, const char *name, se_handle *out, uint8_t point[SE_POINT_SIZE],
                         struct om_error *err);
    om_rc (*signer_make)(struct se_token *tok, const char *name, se_handle *out, uint8_t point[SE_POINT_SIZE],
                         struct om_error *err);
    void (*signer_free)(struct se_token *tok, se_handle signer);
    om_rc (*signer_remove)(struct se_token *tok, const char *name, struct om_error *err);
    om_rc (*signer_sign)(struct se_token *tok, se_handle signer, const uint8_t digest[SE_DIGEST_SIZE],
                         uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err);

    /* Optional, both together: certificates kept beside signing keys. *n is the capacity, then the length. */
    om_rc (*certificate_read)(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                              struct om_error *err);
    om_rc (*certificate_write)(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                               struct om_error *err);

    /* Optional: se_promise_one_thread was called. Comes before open. */
    void (*one_thread)(void);
};

#endif
