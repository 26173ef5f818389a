/* The common certificate profile: see profile.h. */
#include "pki/profile.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#define POINT_SIZE 65 /* octets of an uncompressed point of P-256 */

om_rc pki_fail(struct om_error *err, const char *what)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    ERR_clear_error();
    return om_fail(err, OM_EINTERNAL, "%s: %s", what, reason != NULL ? reason : "OpenSSL does not say why");
}

om_rc pki_profile_key(const X509_PUBKEY *key, struct om_error *err)
{
    ASN1_OBJECT *algorithm = NULL;
    X509_ALGOR *with = NULL;
    const unsigned char *point = NULL;
    int n = 0;
    const ASN1_OBJECT *named = NULL;
    const void *parameter = NULL;
    int type = V_ASN1_UNDEF;
    if (X509_PUBKEY_get0_param(&algorithm, &point, &n, &with, key) != 1 ||
        OBJ_obj2nid(algorithm) != NID_X9_62_id_ecPublicKey)
        return om_fail(err, OM_EDENIED, "its key is not an elliptic curve key");
    X509_ALGOR_get0(&named, &type, &parameter, with);
    if (type != V_ASN1_OBJECT || OBJ_obj2nid(parameter) != NID_X9_62_prime256v1)
        return om_fail(err, OM_EDENIED, "its key is not on the named curve secp256r1");
    if (n != POINT_SIZE || point[0] != POINT_CONVERSION_UNCOMPRESSED)
        return om_fail(err, OM_EDENIED, "its public key is not an uncompressed point");
    if (X509_PUBKEY_get0(key) == NULL) {
        ERR_clear_error();
        return om_fail(err, OM_EDENIED, "its public key is not a point of secp256r1");
    }
    return OM_OK;
}

om_rc pki_profile_signature(const X509_ALGOR *algorithm, struct om_error *err)
{
    const ASN1_OBJECT *object = NULL;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(&object, &type, NULL, algorithm);
    if (OBJ_obj2nid(object) != NID_ecdsa_with_SHA256 || type != V_ASN1_UNDEF)
        return om_fail(err, OM_EDENIED, "it is not signed with ECDSA and SHA-256");
    return OM_OK;
}

om_rc pki_fingerprint(const X509_PUBKEY *key, uint8_t out[PKI_FINGERPRINT_SIZE], struct om_error *err)
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(key, &der);
    if (n <= 0)
        return pki_fail(err, "cannot encode a public key");
    (void)SHA256(der, (size_t)n, out);
    OPENSSL_free(der);
    return OM_OK;
}
