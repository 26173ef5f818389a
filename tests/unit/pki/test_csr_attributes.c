/* CSR attributes: what we write is read again, what others write is understood, the malformed is refused. */
#include "fixture.h"
#include "pki/csr_attributes.h"

#include <string.h>

static void what_we_write_is_read(void **state)
{
    (void)state;
    struct om_error err = {0};
    struct pki_name name = make_name(PKI_AE, "//sp.example.com/cse1/Cae7");
    GENERAL_NAMES *san = NULL;
    assert_ok(pki_name_to_san(&name, &san, &err), &err);
    for (int i = 0; i < 8; i++) {
        struct pki_csr_attributes out;
        struct pki_csr_attributes in = {
            .challenge = (i & 1) != 0, .names = (i & 2) != 0, .san = (i & 4) != 0 ? san : NULL};
        unsigned char *der = NULL;
        size_t n = 0;
        assert_ok(pki_csr_attributes_encode(&in, &der, &n, &err), &err);
        assert_ok(pki_csr_attributes_decode(der, n, &out, &err), &err);
        assert_int_equal(in.challenge, out.challenge);
        if (in.san != NULL)
            assert_ok(pki_name_check_san(&name, out.san, &err), &err);
        else
            assert_int_equal(in.names, out.names);
        assert_int_equal(out.san != NULL, in.san != NULL);
        pki_csr_attributes_free(&out);
        for (size_t cut = 0; cut < n; cut++)
            assert_rc(OM_EINPUT, pki_csr_attributes_decode(der, cut, &out, &err), &err);
        OPENSSL_free(der);
    }
    GENERAL_NAMES_free(san);
}

/* The example of RFC 7030 section 4.5.2: OIDs, an extensionRequest with an OID in it, a curve. */
static void the_example_of_the_rfc(void **state)
{
    (void)state;
    struct om_error err = {0};
    static const uint8_t der[] =
        "\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x30\x12\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x31"
        "\x07\x06\x05\x2b\x81\x04\x00\x22\x30\x16\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e\x31\x09\x06\x07"
        "\x2b\x06\x01\x01\x01\x01\x16\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
    struct pki_csr_attributes out;
    assert_ok(pki_csr_attributes_decode(der, sizeof der - 1, &out, &err), &err);
    assert_true(out.challenge);
    assert_false(out.names);
    assert_null(out.san);
    pki_csr_attributes_free(&out);
}

static void malformed(void **state)
{
    (void)state;
    struct om_error err = {0};
    struct pki_csr_attributes out;
    uint8_t many[2 + 3 * 40] = {0x30, 3 * 40};
    for (size_t i = 2; i < sizeof many; i += 3)
        memcpy(many + i, "\x06\x01\x2a", 3);
    assert_ok(pki_csr_attributes_decode("\x30\x00", 2, &out, &err), &err);
    assert_rc(OM_EINPUT, pki_csr_attributes_decode("\x30\x00\x00", 3, &out, &err), &err);
    assert_rc(OM_EINPUT, pki_csr_attributes_decode("\x30\x03\x02\x01\x01", 5, &out, &err), &err);
    assert_rc(OM_EINPUT, pki_csr_attributes_decode("\x30\x02\x30\x00", 4, &out, &err), &err);
    assert_rc(OM_EINPUT, pki_csr_attributes_decode(many, sizeof many, &out, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_write_is_read),
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
