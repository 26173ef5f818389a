/* Signing keys and certificates in a TPM: somebody else's keys, and ways that break. */
#include "fixture.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

static const uint8_t digest[SE_DIGEST_SIZE] = {1, 2, 3};

/* A certificate, because that is what is kept; anybody's. */
static const uint8_t *certificate(size_t *n)
{
    static uint8_t der[SE_CERTIFICATE_MAX];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    unsigned char *at = der;
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                                (const unsigned char *)"a name", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    *n = (size_t)i2d_X509(x, &at);
    X509_free(x);
    EVP_PKEY_free(key);
    return der;
}

static ESYS_TR make_foreign(ESYS_CONTEXT *esys, TPM2_HANDLE handle, TPMA_OBJECT attributes,
                            TPM2_ECC_CURVE curve)
{
    static const TPM2B_SENSITIVE_CREATE nothing;
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    TPM2B_PUBLIC template = {0};
    TPMT_PUBLIC *t = &template.publicArea;
    ESYS_TR object = ESYS_TR_NONE, persistent = ESYS_TR_NONE;
    t->type = TPM2_ALG_ECC;
    t->nameAlg = TPM2_ALG_SHA256;
    t->objectAttributes = attributes;
    t->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
    t->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    t->parameters.eccDetail.curveID = curve;
    t->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    assert_int_equal(TSS2_RC_SUCCESS, Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                                         ESYS_TR_NONE, ESYS_TR_NONE, &nothing, &template,
                                                         &outside, &pcrs, &object, NULL, NULL, NULL, NULL));
    assert_int_equal(TSS2_RC_SUCCESS, Esys_EvictControl(esys, ESYS_TR_RH_OWNER, object, ESYS_TR_PASSWORD,
                                                        ESYS_TR_NONE, ESYS_TR_NONE, handle, &persistent));
    assert_int_equal(TSS2_RC_SUCCESS, Esys_FlushContext(esys, object));
    return persistent;
}

#define STRONG                                                                                               \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |                      \
     TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT)

static void keys_of_others_by_handle(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    uint8_t point[SE_POINT_SIZE], signature[SE_SIGNATURE_SIZE];
    se_handle key = 0;
    ESYS_CONTEXT *esys = raw_open();
    (void)make_foreign(esys, 0x81000100, STRONG, TPM2_ECC_NIST_P256);
    (void)make_foreign(esys, 0x81000101, STRONG & ~TPMA_OBJECT_NODA, TPM2_ECC_NIST_P256);
    (void)make_foreign(esys, 0x81000102, STRONG, TPM2_ECC_NIST_P384);
    raw_close(esys);
    SUCCEEDS(plugin->signer_find(tok, "tpm2:handle=0x81000100", &key, point, ERR));
    SUCCEEDS(plugin->signer_sign(tok, key, digest, signature, ERR));
    assert_int_equal(point[0], 4);
    FAILS(OM_ECONFIG, plugin->signer_find(tok, "tpm2:handle=0x81000101", &key, point, ERR));
    SAYS("exempt from lockout");
    FAILS(OM_ECONFIG, plugin->signer_find(tok, "tpm2:handle=0x81000102", &key, point, ERR));
    FAILS(OM_ECONFIG,
          plugin->signer_find(tok, "tpm2:handle=0x81006f6d", &key, point, ERR)); /* the storage key */
    FAILS(OM_ENOTFOUND, plugin->signer_find(tok, "tpm2:handle=0x81000103", &key, point, ERR));
    FAILS(OM_ECONFIG, plugin->signer_find(tok, "tpm2:handle=0x80000000", &key, point, ERR));
    FAILS(OM_ECONFIG, plugin->signer_find(tok, "tpm2:tcti=swtpm", &key, point, ERR));
    raw_expect_clean();
    plugin->close(tok);
}

static void replaced_key_does_not_sign(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    uint8_t point[SE_POINT_SIZE], signature[SE_SIGNATURE_SIZE];
    se_handle key = 0, other = 0;
    SUCCEEDS(plugin->signer_make(tok, "a", &key, point, ERR));
    SUCCEEDS(plugin->signer_sign(tok, key, digest, signature, ERR));
    SUCCEEDS(plugin->signer_remove(tok, "a", ERR));
    om_rc rc = plugin->signer_sign(tok, key, digest, signature, ERR);
    assert_true(rc == OM_ETRANSIENT || rc == OM_ENOTFOUND);
    SUCCEEDS(plugin->signer_make(tok, "a", &other, point, ERR)); /* at the same handle */
    FAILS(OM_ENOTFOUND, plugin->signer_sign(tok, key, digest, signature, ERR));
    SUCCEEDS(plugin->signer_sign(tok, other, digest, signature, ERR));
    plugin->signer_free(tok, key);
    FAILS(OM_EINTERNAL, plugin->signer_sign(tok, key, digest, signature, ERR));
    raw_expect_clean();
    plugin->close(tok);
}

static void there_is_room_for_so_many(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned(";encrypt=no");
    uint8_t point[SE_POINT_SIZE];
    char name[8];
    se_handle key = 0;
    om_rc rc = OM_OK;
    for (int i = 0; i < 20 && rc == OM_OK; i++) {
        (void)snprintf(name, sizeof name, "k%d", i);
        rc = plugin->signer_make(tok, name, &key, point, ERR);
    }
    assert_int_equal(rc, OM_ECONFIG); /* handles, or the TPM's memory: told, and nothing is broken */
    SUCCEEDS(plugin->signer_remove(tok, "k0", ERR));
    SUCCEEDS(plugin->signer_make(tok, name, &key, point, ERR));
    SUCCEEDS(plugin->signer_find(tok, "k1", &key, point, ERR));
    plugin->close(tok);
}

/* At every command of making and using one, once: what was made is found and not made twice. */
static void broken_once_is_not_seen(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    uint8_t point[SE_POINT_SIZE], signature[SE_SIGNATURE_SIZE], out[SE_CERTIFICATE_MAX];
    size_t n_der = 0, n = sizeof out;
    const uint8_t *der = certificate(&n_der);
    se_handle key = 0;
    for (unsigned i = 0; i < 30; i++) {
        bus_set(&(struct bus_fault){i % 2 == 0 ? BUS_DROP : BUS_LOSE, 0, i / 2, 1, 0});
        SUCCEEDS(plugin->signer_make(tok, "a", &key, point, ERR));
        bus_set(NULL);
        SUCCEEDS(plugin->signer_sign(tok, key, digest, signature, ERR));
        plugin->signer_free(tok, key);
        bus_set(&(struct bus_fault){i % 2 == 0 ? BUS_DROP : BUS_LOSE, 0, i / 2, 1, 0});
        SUCCEEDS(plugin->signer_remove(tok, "a", ERR));
        bus_set(NULL);
        FAILS(OM_ENOTFOUND, plugin->signer_find(tok, "a", &key, point, ERR));

        bus_set(&(struct bus_fault){i % 2 == 0 ? BUS_DROP : BUS_LOSE, 0, i / 2, 1, 0});
        SUCCEEDS(plugin->certificate_write(tok, "c", der, n_der, ERR));
        bus_set(NULL);
        n = sizeof out;
        SUCCEEDS(plugin->certificate_read(tok, "c", out, &n, ERR));
        assert_int_equal(n, n_der);
        assert_memory_equal(out, der, n);
    }
    assert_int_equal(raw_count(TPM2_NV_INDEX_FIRST), 1);
    plugin->close(tok);
}

static void certificates_of_two_names(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    uint8_t out[SE_CERTIFICATE_MAX];
    size_t n_der = 0, n = sizeof out;
    const uint8_t *der = certificate(&n_der);
    SUCCEEDS(plugin->certificate_write(tok, "a", der, n_der, ERR));
    FAILS(OM_ENOTFOUND, plugin->certificate_read(tok, "b", out, &n, ERR));
    SUCCEEDS(plugin->certificate_write(tok, "b", der, n_der, ERR));
    n = n_der - 1;
    FAILS(OM_EINPUT, plugin->certificate_read(tok, "a", out, &n, ERR));
    for (int i = 0; i < 20; i++) /* each in the place of the one before */
        SUCCEEDS(plugin->certificate_write(tok, "b", der, n_der, ERR));
    n = sizeof out;
    SUCCEEDS(plugin->certificate_read(tok, "b", out, &n, ERR));
    assert_int_equal(raw_count(TPM2_NV_INDEX_FIRST), 2);
    raw_expect_clean();
    plugin->close(tok);
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(keys_of_others_by_handle), CASE(replaced_key_does_not_sign), CASE(there_is_room_for_so_many),
        CASE(broken_once_is_not_seen),  CASE(certificates_of_two_names),
    };
    return cmocka_run_group_tests_name("tpm signer", tests, NULL, NULL);
}
