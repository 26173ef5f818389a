/* What the files of the RAM plug-in share. */
#ifndef OPENMAF_TESTS_RAM_H
#define OPENMAF_TESTS_RAM_H

#include "se/plugin.h"

#include <limits.h>
#include <openssl/types.h>

#define RAM_ROOT_SIZE 32
#define RAM_ROOTS     3 /* enum se_root - 1 is the index */

struct ram_key {
    uint8_t octets[SE_KEY_MAX];
    size_t len;          /* 0: the slot is free */
    size_t next_free;    /* of a free slot; n_keys ends the list */
    uint32_t generation; /* a stale handle does not fit the slot's next key */
    bool fresh;          /* minted, generated or derived: may be wrapped */
};

struct ram_signer; /* ram_signer.c */

struct se_token {
    OSSL_LIB_CTX *libctx;
    EVP_MAC *hmac;
    EVP_CIPHER *wrap;
    EVP_KDF *prf;

    char file[PATH_MAX]; /* of the root keys; "": this process's */
    bool provisioned;
    uint8_t roots[RAM_ROOTS][RAM_ROOT_SIZE];

    bool derive;
    uint64_t fail_every; /* 0: never */
    uint64_t random_state;

    struct ram_key *keys;
    size_t n_keys;
    size_t first_free;

    struct ram_signer *signers; /* a list */
    se_handle last_signer;
};

/* ram_crypto.c: the arithmetic, on OpenSSL's default provider in a library context of our own, so that no
 * provider under test is asked. */
OM_MUST_USE om_rc ram_crypto_open(struct se_token *tok, struct om_error *err);
void ram_crypto_close(struct se_token *tok);
OM_MUST_USE om_rc ram_random(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err);
OM_MUST_USE om_rc ram_hmac(struct se_token *tok, const uint8_t *key, size_t key_len,
                           const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                           struct om_error *err);
/* TLS 1.2 PRF with SHA-256. */
OM_MUST_USE om_rc ram_prf(struct se_token *tok, const struct ram_key *key, const struct se_part *parts,
                          size_t n_parts, uint8_t *out, size_t n, struct om_error *err);
/* AES-256 key wrap with padding (RFC 5649). *n is the capacity, then the length. */
OM_MUST_USE om_rc ram_wrap(struct se_token *tok, enum se_root root, const uint8_t *octets, size_t len,
                           uint8_t *out, size_t *n, struct om_error *err);
/* OM_EINTEGRITY unless exactly `len` octets come out. */
OM_MUST_USE om_rc ram_hash(const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                           struct om_error *err);
OM_MUST_USE om_rc ram_unwrap(struct se_token *tok, enum se_root root, const uint8_t *blob, size_t blob_len,
                             uint8_t *out, size_t len, struct om_error *err);

/* ram.c: what an operation begins with; the second also when it needs the root keys. */
OM_MUST_USE om_rc ram_maybe_fail(struct se_token *tok, struct om_error *err);
OM_MUST_USE om_rc ram_begin_with_roots(struct se_token *tok, struct om_error *err);

/* ram_keys.c: the plug-in's operations on keys, as se/plugin.h says. */
om_rc ram_key_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                   struct om_error *err);
om_rc ram_key_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err);
void ram_key_free(struct se_token *tok, se_handle handle);
om_rc ram_key_wrap(struct se_token *tok, enum se_root root, se_handle handle, uint8_t *out, size_t *n,
                   struct om_error *err);
om_rc ram_key_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len, se_handle *out,
                   struct om_error *err);
om_rc ram_unseal(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out, size_t key_len,
                 struct om_error *err);
om_rc ram_key_hmac(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                   uint8_t out[SE_MAC_SIZE], struct om_error *err);
om_rc ram_row_mac(struct se_token *tok, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err);
om_rc ram_key_prf(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                  uint8_t *out, size_t n, struct om_error *err);
om_rc ram_key_prf_key(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                      size_t offset, size_t n, se_handle *out, struct om_error *err);
om_rc ram_key_step(struct se_token *tok, se_handle handle, const struct se_step *step, se_handle *out,
                   struct om_error *err);

/* ram_signer.c: the same for signing keys and certificates. */
om_rc ram_signer_find(struct se_token *tok, const char *name, se_handle *out, uint8_t point[SE_POINT_SIZE],
                      struct om_error *err);
om_rc ram_signer_make(struct se_token *tok, const char *name, se_handle *out, uint8_t point[SE_POINT_SIZE],
                      struct om_error *err);
void ram_signer_free(struct se_token *tok, se_handle handle);
om_rc ram_signer_remove(struct se_token *tok, const char *name, struct om_error *err);
om_rc ram_signer_sign(struct se_token *tok, se_handle handle, const uint8_t digest[SE_DIGEST_SIZE],
                      uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err);
om_rc ram_certificate_read(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                           struct om_error *err);
om_rc ram_certificate_write(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                            struct om_error *err);

#endif
