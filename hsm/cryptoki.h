/* Cryptoki as p11-kit's header has it, and the few names of PKCS#11 3.0 and of NSS that it lacks. */
#ifndef OPENMAF_HSM_CRYPTOKI_H
#define OPENMAF_HSM_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

/* Key derivation of NIST SP 800-108 (PKCS#11 3.0, section 2.42). */
#define HSM_CKM_SP800_108_DOUBLE_PIPELINE_KDF 0x000003aeUL
#define HSM_SP800_108_ITERATION_VARIABLE      1UL
#define HSM_SP800_108_BYTE_ARRAY              4UL

struct hsm_sp800_108_data { /* CK_PRF_DATA_PARAM */
    CK_ULONG type;
    void *value;
    CK_ULONG len;
};

struct hsm_sp800_108_params { /* CK_SP800_108_KDF_PARAMS */
    CK_MECHANISM_TYPE prf;
    CK_ULONG n_data;
    struct hsm_sp800_108_data *data;
    CK_ULONG n_additional_keys;
    void *additional_keys;
};

#define HSM_CKM_SP800_108_FEEDBACK_KDF 0x000003adUL

struct hsm_sp800_108_feedback_params { /* CK_SP800_108_FEEDBACK_KDF_PARAMS */
    CK_MECHANISM_TYPE prf;
    CK_ULONG n_data;
    struct hsm_sp800_108_data *data;
    CK_ULONG iv_len;
    CK_BYTE *iv;
    CK_ULONG n_additional_keys;
    void *additional_keys;
};

/* HKDF (PKCS#11 3.0, section 2.58). */
#define HSM_CKM_HKDF_DERIVE    0x0000402aUL
#define HSM_CKF_HKDF_SALT_NULL 1UL

struct hsm_hkdf_params { /* CK_HKDF_PARAMS */
    CK_BBOOL extract, expand;
    CK_MECHANISM_TYPE hash;
    CK_ULONG salt_type;
    CK_BYTE *salt;
    CK_ULONG salt_len;
    CK_OBJECT_HANDLE salt_key;
    CK_BYTE *info;
    CK_ULONG info_len;
};

/* TLS 1.2 PRF with SHA-256 and any output length, as a signature (NSS, vendor-defined). */
#define HSM_CKM_NSS_TLS_PRF_GENERAL_SHA256 ((CKM_VENDOR_DEFINED | 0x4e534350UL) + 21UL)

/* CK_C_INITIALIZE_ARGS as NSS reads it: its parameters in place of pReserved, then a pointer that must be
 * NULL. A module that knows the standard structure only does not look at it. */
struct hsm_initialize_args {
    CK_C_INITIALIZE_ARGS standard;
    void *null_for_nss;
};

#endif
