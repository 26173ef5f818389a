/* Path validation: see path.h. */
#include "pki/path.h"
#include "pki/profile.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

struct validation {
    const struct pki_trust *trust;
    bool bare_names; /* the leaf has URIs without a scheme: to be checked afterwards */
};

/* --- OpenSSL's answers --- */

static enum pki_fault fault_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return PKI_FAULT_NOT_YET_VALID;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return PKI_FAULT_EXPIRED;
    case X509_V_ERR_CERT_REVOKED:
        return PKI_FAULT_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
        return PKI_FAULT_STATUS;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
        return PKI_FAULT_NAME_CONSTRAINTS;
    case X509_V_ERR_INVALID_PURPOSE:
        return PKI_FAULT_PURPOSE;
    default:
        return PKI_FAULT_PATH;
    }
}

static bool is_anchor(const struct pki_trust *trust, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(trust->anchors); i++)
        if (X509_cmp(sk_X509_value(trust->anchors, i), cert) == 0)
            return true;
    return false;
}

/* What of OpenSSL's strictness is not ours: an anchor is trusted without its issuer's CRL; where CRLs are not
 * demanded of everybody, an issuer may have none; and names that are checked afterwards. */
static int on_fault(int ok, X509_STORE_CTX *store)
{
    const struct validation *v = X509_STORE_CTX_get_app_data(store);
    int error = X509_STORE_CTX_get_error(store);
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    if (ok)
        return 1;
    bool pass = (fault_of(error) == PKI_FAULT_STATUS && cert != NULL && is_anchor(v->trust, cert)) ||
                (error == X509_V_ERR_UNABLE_TO_GET_CRL && !v->trust->every_crl) ||
                (error == X509_V_ERR_UNSUPPORTED_NAME_SYNTAX && v->bare_names &&
                 X509_STORE_CTX_get_error_depth(store) == 0);
    if (pass)
        X509_STORE_CTX_set_error(store, X509_V_OK);
    return pass;
}

/* --- nameConstraints --- */

static bool is_bare(const GENERAL_NAME *gen)
{
    int type = 0;
    const ASN1_STRING *uri = GENERAL_NAME_get0_value(gen, &type);
    return type == GEN_URI && ASN1_STRING_length(uri) > 2 && memcmp(ASN1_STRING_get0_data(uri), "//", 2) == 0;
}

static bool has_bare(X509 *leaf)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(san) && !found; i++)
        found = is_bare(sk_GENERAL_NAME_value(san, i));
    GENERAL_NAMES_free(san);
    return found;
}

static bool give_scheme(GENERAL_NAME *gen)
{
    static const char scheme[] = "m2m:";
    int type = 0;
    char text[2048];
    ASN1_STRING *uri = GENERAL_NAME_get0_value(gen, &type);
    int n = ASN1_STRING_length(uri);
    if (n > (int)(sizeof text - sizeof scheme))
        return false;
    memcpy(text, scheme, sizeof scheme - 1);
    memcpy(text + sizeof scheme - 1, ASN1_STRING_get0_data(uri), (size_t)n);
    return ASN1_STRING_set(uri, text, n + (int)sizeof scheme - 1) == 1;
}

/* A certificate with nothing but the leaf's names, in which bare URIs have got a scheme. */
static X509 *names_with_schemes(X509 *leaf)
{
    X509 *names = X509_new();
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool good = names != NULL && san != NULL &&
                X509_set_subject_name(names, X509_get_subject_name(leaf)) == 1 &&
                X509_set_version(names, X509_VERSION_3) == 1;
    for (int i = 0; good && i < sk_GENERAL_NAME_num(san); i++)
        good = !is_bare(sk_GENERAL_NAME_value(san, i)) || give_scheme(sk_GENERAL_NAME_value(san, i));
    good = good && X509_add1_ext_i2d(names, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(san);
    if (good) {
        (void)X509_get_extension_flags(names); /* reads the extensions */
        return names;
    }
    X509_free(names);
    return NULL;
}

static om_rc check_bare(X509 *leaf, const STACK_OF(X509) * path, enum pki_fault *fault, struct om_error *err)
{
    X509 *names = names_with_schemes(leaf);
    if (names == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for names");
    int result = X509_V_OK;
    for (int i = 1; i < sk_X509_num(path) && result == X509_V_OK; i++) {
        NAME_CONSTRAINTS *limits = X509_get_ext_d2i(sk_X509_value(path, i), NID_name_constraints, NULL, NULL);
        if (limits != NULL)
            result = NAME_CONSTRAINTS_check(names, limits);
        NAME_CONSTRAINTS_free(limits);
    }
    X509_free(names);
    return result == X509_V_OK ? OM_OK
                               : pki_fault_set(fault, PKI_FAULT_NAME_CONSTRAINTS, err, "%s",
                                               X509_verify_cert_error_string(result));
}

static bool permits_some(const NAME_CONSTRAINTS *limits, int type)
{
    for (int i = 0; limits != NULL && i < sk_GENERAL_SUBTREE_num(limits->permittedSubtrees); i++) {
        int kind = 0;
        (void)GENERAL_NAME_get0_value(sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i)->base, &kind);
        if (kind == type)
            return true;
    }
    return false;
}

/* TS-0003 8.1.2.2: CA certificates carry nameConstraints that limit the names below them. */
static om_rc check_constrained(const STACK_OF(X509) * path, int type, enum pki_fault *fault,
                               struct om_error *err)
{
    bool found = type < 0;
    for (int i = 1; i < sk_X509_num(path) && !found; i++) {
        NAME_CONSTRAINTS *limits = X509_get_ext_d2i(sk_X509_value(path, i), NID_name_constraints, NULL, NULL);
        found = permits_some(limits, type);
        NAME_CONSTRAINTS_free(limits);
    }
    return found ? OM_OK
                 : pki_fault_set(fault, PKI_FAULT_NO_NAME_CONSTRAINTS, err,
                                 "no CA above it has nameConstraints for its kind of name");
}

/* --- the path --- */

/* "every certificate in the chain signed ECDSA/secp256r1/SHA-256" */
static om_rc check_profile(const STACK_OF(X509) * path, enum pki_fault *fault, struct om_error *err)
{
    for (int i = 0; i < sk_X509_num(path); i++) {
        X509 *cert = sk_X509_value(path, i);
        const X509_ALGOR *algorithm = NULL;
        X509_get0_signature(NULL, &algorithm, cert);
        om_rc rc = pki_profile_key(X509_get_X509_PUBKEY(cert), err);
        *fault = rc != OM_OK ? PKI_FAULT_KEY : PKI_GOOD;
        if (rc == OM_OK && i + 1 < sk_X509_num(path)) { /* nobody relies on the anchor's signature */
            rc = pki_profile_signature(algorithm, err);
            *fault = rc != OM_OK ? PKI_FAULT_HASH : PKI_GOOD;
        }
        if (rc != OM_OK)
            return om_context(err, rc, "certificate %d of the path", i);
    }
    return OM_OK;
}

static om_rc check_result(X509_STORE_CTX *store, const struct validation *v, X509 *leaf, int verified,
                          enum pki_fault *fault, struct om_error *err)
{
    int error = X509_STORE_CTX_get_error(store);
    if (error == X509_V_ERR_OUT_OF_MEM || verified < 0)
        return om_fail(err, OM_ENOMEM, "no memory to validate a certificate");
    if (verified != 1)
        return pki_fault_set(fault, error == X509_V_OK ? PKI_FAULT_PATH : fault_of(error), err,
                             "%s (certificate %d of the path)", X509_verify_cert_error_string(error),
                             X509_STORE_CTX_get_error_depth(store));
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(store);
    OM_TRY(check_profile(path, fault, err));
    if (v->bare_names)
        OM_TRY(check_bare(leaf, path, fault, err));
    return check_constrained(path, v->trust->constrained, fault, err);
}

static om_rc fill_store(X509_STORE *store, const struct pki_trust *trust, struct om_error *err)
{
    bool good = true;
    for (int i = 0; i < sk_X509_num(trust->anchors) && good; i++)
        good = X509_STORE_add_cert(store, sk_X509_value(trust->anchors, i)) == 1;
    for (int i = 0; i < sk_X509_CRL_num(trust->crls) && good; i++)
        good = X509_STORE_add_crl(store, sk_X509_CRL_value(trust->crls, i)) == 1;
    return good ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for trust anchors");
}

static om_rc set_up(X509_STORE_CTX *ctx, X509_STORE *store, X509 *leaf, const STACK_OF(X509) * sent,
                    struct validation *v, struct om_error *err)
{
    const struct pki_trust *trust = v->trust;
    unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN;
    if (trust->crls != NULL)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    if (X509_STORE_CTX_init(ctx, store, leaf, (STACK_OF(X509) *)sent) != 1)
        return om_fail(err, OM_ENOMEM, "no memory to validate a certificate");
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_depth(param, PKI_INTERMEDIATES_MAX);
    X509_VERIFY_PARAM_set_time(param, (time_t)trust->now);
    if (X509_VERIFY_PARAM_set_flags(param, flags) != 1 ||
        X509_STORE_CTX_set_purpose(ctx, trust->server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT) !=
            1)
        return om_fail(err, OM_EINTERNAL, "cannot set up path validation");
    X509_STORE_CTX_set_app_data(ctx, v);
    X509_STORE_CTX_set_verify_cb(ctx, on_fault);
    return OM_OK;
}

om_rc pki_path_verify(X509 *leaf, const STACK_OF(X509) * sent, const struct pki_trust *trust,
                      enum pki_fault *fault, struct om_error *err)
{
    struct validation v = {.trust = trust, .bare_names = has_bare(leaf)};
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    *fault = PKI_GOOD;
    (void)ERR_set_mark();
    om_rc rc = store != NULL && ctx != NULL ? fill_store(store, trust, err)
                                            : om_fail(err, OM_ENOMEM, "no memory to validate a certificate");
    if (rc == OM_OK)
        rc = set_up(ctx, store, leaf, sent, &v, err);
    if (rc == OM_OK)
        rc = check_result(ctx, &v, leaf, X509_verify_cert(ctx), fault, err);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    (void)ERR_pop_to_mark();
    return rc;
}

int64_t pki_not_after(const X509 *cert)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
        return 0; /* malformed: over long since */
    return (int64_t)timegm(&tm);
}
