/* Secure Environment (TS-0003 clause 6.3): operations on keys that stay in a token.
 *
 * Everything above this interface holds opaque handles and wrapped blobs. The table behind it is a plug-in
 * (se/plugin.h): one for PKCS#11, one for TPM 2.0. A `struct se` belongs to one thread of one process and
 * must be opened after any fork. All keys are HMAC-SHA-256 keys of 1..64 octets; that is all that oneM2M
 * needs.
 *
 * Errors common to all: OM_ETRANSIENT (token busy or gone, retry may help), OM_ECONFIG (PIN, URI, missing
 * root key), OM_EUNSUPPORTED (mechanism missing; the text names it), OM_EINTEGRITY (blob does not unwrap). */
#ifndef OPENMAF_SE_SE_H
#define OPENMAF_SE_SE_H

#include "util/error.h"
#include "util/secret.h"

#include <stdbool.h>
#include <stdint.h>

#define SE_KEY_MAX  64   /* octets of the longest key: the SHA-256 block, and what a TPM takes */
#define SE_BLOB_MAX 1024 /* octets of the longest wrapped key, header included */
#define SE_MAC_SIZE 32

struct se;     /* an open token */
struct se_key; /* a key loaded in it; reference-counted */

/* What a wrapped key is for. It is part of the blob, and se_load refuses a blob of another use. */
enum se_use {
    SE_USE_HMAC = 1,      /* plain HMAC-SHA-256 key: Ke, Kc at a client, pairwiseESPrimKey */
    SE_USE_TLS12_PSK = 2, /* a PSK prepared as TLS 1.2 premaster (see se_import_psk) */
    /* A PSK prepared for TLS 1.3 (see se_import_psk13). */
    SE_USE_TLS13_DERIVED = 3,   /* Derive-Secret(Early Secret, "derived", "") */
    SE_USE_TLS13_FINISHED = 4,  /* finished_key of the binder */
    SE_USE_TLS13_HANDSHAKE = 5, /* Handshake Secret without Diffie-Hellman */
    SE_USE_TLS13_MASTER = 6,    /* Master Secret without Diffie-Hellman */
};

/* A wrapped key or sealed value: safe to store anywhere, useless without the token. Not authenticated against
 * being exchanged for another blob of the same token: whoever stores it binds it to its row (se_row_mac). */
struct se_blob {
    size_t len;
    uint8_t octets[SE_BLOB_MAX];
};

/* One piece of a message; pieces are concatenated. */
struct se_part {
    const void *octets;
    size_t len;
};
#define SE_PARTS_MAX 8

/* How far secrets stay in this token; se_describe tells it. */
enum se_grade {
    SE_GRADE_HMAC = 1, /* HMAC only: master secret and Kc cross host memory once, when made */
    SE_GRADE_DERIVE,   /* the token derives TLS keys itself: they never cross */
};

struct se_description {
    char plugin[16];       /* "pkcs11" */
    char manufacturer[48]; /* as the token says, trimmed, printable */
    char model[48];
    char serial[48];
    char label[48];
    char firmware[24];
    char module[256];     /* library or transport in use */
    char quirks[256];     /* names of the quirks in force, comma-separated */
    char algorithms[128]; /* that openmaf uses in it */
    char state[128]; /* what an operator should know about it now (a TPM's lockout); "" when all is well */
    enum se_grade grade;
    bool test_only;    /* ignores templates or copies keys out: fit for tests only */
    bool provisioned;  /* the root keys are there */
    bool signs;        /* has signing keys (se/signer.h) */
    uint64_t commands; /* sent to the hardware since the token was opened; 0: not counted */
};

/* Promises for this process and for good that whatever uses tokens in it does so on one thread, other users
 * of a PKCS#11 module included. Libraries then need no locks. Before se_open. */
void se_promise_one_thread(void);

/* Opens the token that `uri` names (RFC 7512 `pkcs11:...` or `tpm2:...`), logs in with the PIN from
 * `pin_source`
 * ("file:PATH", or "credential:NAME" for $CREDENTIALS_DIRECTORY/NAME; NULL: the URI's own pin-source
 * attribute, else none), checks every mechanism needed. `plugin_dir` overrides where plug-ins are looked up
 * (NULL: beside the build, then the installed directory). Does not need the root keys to exist: see
 * se_provision. *out is freed by se_close. */
OM_MUST_USE om_rc se_open(const char *uri, const char *pin_source, const char *plugin_dir, struct se **out,
                          struct om_error *err);

/* Frees every loaded key, logs out when this was the last user in the process, closes. NULL is allowed.
 * References to keys should be gone by then: those that are not are counted in a log line, and their keys are
 * inert (every operation answers OM_EINTERNAL) until se_key_unref. */
void se_close(struct se *se);

/* Finds the root keys or makes those that are missing; idempotent. Called by `init` commands only. */
OM_MUST_USE om_rc se_provision(struct se *se, struct om_error *err);

OM_MUST_USE om_rc se_describe(struct se *se, struct se_description *out, struct om_error *err);

/* One cheap operation with a root key: the token answers and is still logged in. Recovers a lost session when
 * it can. */
OM_MUST_USE om_rc se_health(struct se *se, struct om_error *err);

/* n octets (up to 4096) from the token's generator. */
OM_MUST_USE om_rc se_random(struct se *se, void *out, size_t n, struct om_error *err);

/* Wraps a key given in host memory (1..64 octets; the caller wipes its copy). */
OM_MUST_USE om_rc se_import(struct se *se, enum se_use use, const void *octets, size_t n, struct se_blob *out,
                            struct om_error *err);

/* Prepares a pre-shared key of 1..64 octets (RFC 4279) as the HMAC key that the TLS 1.2 PRF needs, and wraps
 * it: premaster = u16 n | n x 00 | u16 n | psk, replaced by its SHA-256 when longer than 64 octets. The
 * premaster is made in host memory, once, and wiped. */
OM_MUST_USE om_rc se_import_psk(struct se *se, const void *psk, size_t n, struct se_blob *out,
                                struct om_error *err);

/* The forms of a pre-shared key that TLS 1.3 (RFC 8446) needs, each wrapped for its own use: `derived` for
 * psk_dhe_ke, `finished` for the binder, the other two for psk_ke. */
struct se_psk13 {
    struct se_blob derived, finished, handshake, master;
};

/* Prepares an external PSK of 1..64 octets for TLS 1.3 with SHA-256 and wraps its forms. They and what they
 * come from are made in host memory, once, and wiped. */
OM_MUST_USE om_rc se_import_psk13(struct se *se, const void *psk, size_t n, struct se_psk13 *out,
                                  struct om_error *err);

/* What a key is used as, once it is here. A wrapped key is an HMAC key and nothing else, so each form is made
 * when the key comes in. A set of these: */
enum se_form {
    SE_FORM_KEY = 1,         /* the key itself */
    SE_FORM_PSK = 2,         /* for TLS 1.2, as se_import_psk makes it */
    SE_FORM_PSK13 = 4,       /* for TLS 1.3, as se_import_psk13 makes it */
    SE_FORM_HALVES = 8,      /* each half of the key by itself; the key has an even number of octets */
    SE_FORM_PSK_OF_HALF = 16 /* changes the two PSK forms: they are made of the first half */
};

struct se_forms {                /* those that were not asked for are empty */
    struct se_blob key, half[2]; /* SE_USE_HMAC */
    struct se_blob psk;          /* SE_USE_TLS12_PSK */
    struct se_psk13 psk13;
};

/* Wraps the forms `wanted` of a key given in host memory (1..64 octets; the caller wipes its copy). */
OM_MUST_USE om_rc se_import_forms(struct se *se, const void *octets, size_t n, unsigned wanted,
                                  struct se_forms *out, struct om_error *err);

/* A new key made in the token, wrapped; its octets never exist outside. n is 16..64. */
OM_MUST_USE om_rc se_generate(struct se *se, enum se_use use, size_t n, struct se_blob *out,
                              struct om_error *err);

/* Loads a wrapped key for use; it is sensitive and cannot be wrapped or sealed again. Free with se_key_unref.
 */
OM_MUST_USE om_rc se_load(struct se *se, const struct se_blob *blob, enum se_use use, struct se_key **out,
                          struct om_error *err);

/* A loaded key made from host octets (1..64) without a blob: a session secret. It may be wrapped or sealed
 * once or more until it is freed. */
OM_MUST_USE om_rc se_mint(struct se *se, const void *octets, size_t n, struct se_key **out,
                          struct om_error *err);

struct se_key *se_key_ref(struct se_key *key);
void se_key_unref(struct se_key *key); /* the last one destroys the token object; NULL is allowed */
size_t se_key_len(const struct se_key *key);
struct se *se_key_se(const struct se_key *key); /* NULL when the token was closed under the key */

/* HMAC-SHA-256 with a loaded key over the concatenated parts (at most SE_PARTS_MAX). */
OM_MUST_USE om_rc se_hmac(struct se_key *key, const struct se_part *parts, size_t n_parts,
                          uint8_t out[SE_MAC_SIZE], struct om_error *err);

/* TLS 1.2 P_SHA256 (RFC 5246 section 5) with a loaded key: n octets (1..4096) of output into host memory. The
 * parts are label and seeds, label first, at most SE_PARTS_MAX - 1. */
OM_MUST_USE om_rc se_prf(struct se_key *key, const struct se_part *parts, size_t n_parts, void *out, size_t n,
                         struct om_error *err);

/* Octets [offset, offset + n) of the same output as a new token key (n 16..64, offset + n <= 96). In the
 * token where it can (SE_GRADE_DERIVE); else they cross host memory once and are wiped. The result can be
 * wrapped or sealed like a minted key. */
OM_MUST_USE om_rc se_prf_key(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset,
                             size_t n, struct se_key **out, struct om_error *err);

/* The same octets (n 32..64, a multiple of 8) as wrapped forms. In the token where it can make both the key
 * and the form, except PSKs of halves; what it cannot make crosses host memory once and is wiped. */
OM_MUST_USE om_rc se_prf_forms(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset,
                               size_t n, unsigned wanted, struct se_forms *out, struct om_error *err);

/* What an exporter gives (TS-0003 10.3.1): octets [0, head_len) of the same output into host memory, head_len
 * 1..64, and the n octets after them as a new token key, as se_prf_key does. In one pass where they cross
 * host memory anyway. */
OM_MUST_USE om_rc se_prf_head_and_key(struct se_key *key, const struct se_part *parts, size_t n_parts,
                                      void *head, size_t head_len, size_t n, struct se_key **out,
                                      struct om_error *err);

/* Wraps a minted or derived key as se_import would have. OM_EDENIED for a key from se_load. */
OM_MUST_USE om_rc se_wrap(struct se_key *key, enum se_use use, struct se_blob *out, struct om_error *err);

/* Seals 1..64 octets, or a minted or derived key, under the sealing root, from which it comes out again. For
 * Kc at the MAF. */
OM_MUST_USE om_rc se_seal(struct se *se, const void *octets, size_t n, struct se_blob *out,
                          struct om_error *err);
OM_MUST_USE om_rc se_seal_key(struct se_key *key, struct se_blob *out, struct om_error *err);
OM_MUST_USE om_rc se_unseal(struct se *se, const struct se_blob *blob, struct om_secret *out,
                            struct om_error *err);

/* HMAC-SHA-256 with the root key that authenticates the store's rows. */
OM_MUST_USE om_rc se_row_mac(struct se *se, const struct se_part *parts, size_t n_parts,
                             uint8_t out[SE_MAC_SIZE], struct om_error *err);

/* The root keys are identified by this value (first 8 octets of a row MAC over a fixed text): a database made
 * with another token is told apart from a tampered one. */
OM_MUST_USE om_rc se_root_id(struct se *se, uint8_t out[8], struct om_error *err);

#endif
