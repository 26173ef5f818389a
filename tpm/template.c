/* Public parts: see template.h. */
#include "tpm/template.h"
#include "util/buf.h"

#include <openssl/evp.h>
#include <string.h>

#define STORAGE_MARK "openmaf storage1" /* 16 octets; the salt follows */
#define ROW_ROLE     "openmaf tpm2 row key 1"
#define SIGNER_ROLE  "openmaf tpm2 signing key 1"
#define CERT_ROLE    "openmaf tpm2 certificate 1"

/* Never outside this TPM, usable with its authorisation value only, exempt from dictionary-attack lockout. */
#define OURS (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA)

static void storage_parameters(TPMT_PUBLIC *t)
{
    t->type = TPM2_ALG_ECC;
    t->nameAlg = TPM2_ALG_SHA256;
    t->parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
        .scheme.scheme = TPM2_ALG_NULL,
        .curveID = TPM2_ECC_NIST_P256,
        .kdf.scheme = TPM2_ALG_NULL,
    };
}

void tpm_template_primary(TPM2B_PUBLIC *out)
{
    memset(out, 0, sizeof *out);
    storage_parameters(&out->publicArea);
    out->publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                       TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                       TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
}

void tpm_template_storage(const uint8_t salt[TPM_SALT_LEN], TPM2B_PUBLIC *out)
{
    memset(out, 0, sizeof *out);
    TPMT_PUBLIC *t = &out->publicArea;
    storage_parameters(t);
    t->objectAttributes =
        OURS | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    t->authPolicy.size = 32;
    memcpy(t->authPolicy.buffer, STORAGE_MARK, 16);
    memcpy(t->authPolicy.buffer + 16, salt, TPM_SALT_LEN);
}

/* The two say the same about everything but the key itself. */
static bool same_kind(const TPMT_PUBLIC *a, const TPMT_PUBLIC *b)
{
    return a->type == b->type && a->nameAlg == b->nameAlg && a->objectAttributes == b->objectAttributes &&
           a->authPolicy.size == b->authPolicy.size &&
           memcmp(a->authPolicy.buffer, b->authPolicy.buffer, b->authPolicy.size) == 0;
}

bool tpm_is_storage(const TPM2B_PUBLIC *pub, uint8_t salt[TPM_SALT_LEN])
{
    const TPMT_PUBLIC *t = &pub->publicArea;
    TPM2B_PUBLIC wanted;
    if (t->authPolicy.size != 32)
        return false;
    memcpy(salt, t->authPolicy.buffer + 16, TPM_SALT_LEN);
    tpm_template_storage(salt, &wanted);
    return same_kind(t, &wanted.publicArea) && t->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 &&
           t->parameters.eccDetail.symmetric.algorithm == TPM2_ALG_AES;
}

/* An authPolicy that no policy reaches: the hash of a role and what it is for. */
static om_rc set_role(TPM2B_DIGEST *out, const char *role, const void *what, size_t n, struct om_error *err)
{
    uint8_t message[128];
    unsigned len = 0;
    struct om_writer w;
    om_writer_init(&w, message, sizeof message);
    om_write_octets(&w, role, strlen(role));
    om_write_octets(&w, what, n);
    if (!om_writer_ok(&w))
        return om_fail(err, OM_EINTERNAL, "the name of a key is too long");
    if (EVP_Digest(message, w.len, out->buffer, &len, EVP_sha256(), NULL) != 1)
        return om_fail(err, OM_EINTERNAL, "SHA-256 failed");
    out->size = (UINT16)len;
    return OM_OK;
}

om_rc tpm_template_row(const TPM2B_NAME *storage, TPM2B_PUBLIC *out, struct om_error *err)
{
    tpm_template_object(TPM_KIND_KEY, true, NULL, out);
    return set_role(&out->publicArea.authPolicy, ROW_ROLE, storage->name, storage->size, err);
}

bool tpm_is_row(const TPM2B_PUBLIC *pub, const TPM2B_PUBLIC *wanted)
{
    return same_kind(&pub->publicArea, &wanted->publicArea) &&
           pub->publicArea.parameters.keyedHashDetail.scheme.scheme == TPM2_ALG_HMAC;
}

void tpm_template_object(enum tpm_kind kind, bool generated, const TPM2B_DIGEST *unique, TPM2B_PUBLIC *out)
{
    memset(out, 0, sizeof *out);
    TPMT_PUBLIC *t = &out->publicArea;
    t->type = TPM2_ALG_KEYEDHASH;
    t->nameAlg = TPM2_ALG_SHA256;
    t->objectAttributes = OURS | (generated ? TPMA_OBJECT_SENSITIVEDATAORIGIN : 0) |
                          (kind == TPM_KIND_KEY ? TPMA_OBJECT_SIGN_ENCRYPT : 0);
    if (kind == TPM_KIND_KEY) {
        t->parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_HMAC;
        t->parameters.keyedHashDetail.scheme.details.hmac.hashAlg = TPM2_ALG_SHA256;
    } else {
        t->parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    }
    if (unique != NULL)
        t->unique.keyedHash = *unique;
}

om_rc tpm_template_signer(const char *name, TPM2B_PUBLIC *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    TPMT_PUBLIC *t = &out->publicArea;
    t->type = TPM2_ALG_ECC;
    t->nameAlg = TPM2_ALG_SHA256;
    t->objectAttributes = OURS | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_SIGN_ENCRYPT;
    t->parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric.algorithm = TPM2_ALG_NULL,
        .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
        .curveID = TPM2_ECC_NIST_P256,
        .kdf.scheme = TPM2_ALG_NULL,
    };
    return set_role(&t->authPolicy, SIGNER_ROLE, name, strlen(name), err);
}

static bool signs_p256(const TPMT_PUBLIC *t)
{
    const TPMS_ECC_PARMS *e = &t->parameters.eccDetail;
    return t->type == TPM2_ALG_ECC && e->curveID == TPM2_ECC_NIST_P256 &&
           (e->scheme.scheme == TPM2_ALG_NULL ||
            (e->scheme.scheme == TPM2_ALG_ECDSA && e->scheme.details.ecdsa.hashAlg == TPM2_ALG_SHA256));
}

bool tpm_is_signer(const TPM2B_PUBLIC *pub, const TPM2B_PUBLIC *wanted)
{
    return same_kind(&pub->publicArea, &wanted->publicArea) && signs_p256(&pub->publicArea);
}

bool tpm_is_foreign_signer(const TPM2B_PUBLIC *pub)
{
    const TPMA_OBJECT yes = OURS | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_SIGN_ENCRYPT;
    const TPMA_OBJECT no = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    return (pub->publicArea.objectAttributes & (yes | no)) == yes && signs_p256(&pub->publicArea);
}

om_rc tpm_template_certificate(const char *name, size_t n, TPM2B_NV_PUBLIC *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    TPMS_NV_PUBLIC *p = &out->nvPublic;
    if (n > UINT16_MAX)
        return om_fail(err, OM_EUNSUPPORTED, "%zu octets are more than a TPM keeps", n);
    p->nameAlg = TPM2_ALG_SHA256;
    p->attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
    p->dataSize = (UINT16)n;
    return set_role(&p->authPolicy, CERT_ROLE, name, strlen(name), err);
}
