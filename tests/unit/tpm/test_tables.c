/* Parts of the plug-in that need no TPM: URIs, answers, blobs, the table of keys. */
#include "fixture.h"

#include "tpm/blob.h"
#include "tpm/handles.h"
#include "tpm/rc.h"
#include "tpm/uri.h"

static struct tpm_uri parsed(const char *text)
{
    struct tpm_uri uri;
    SUCCEEDS(tpm_uri_parse(text, &uri, ERR));
    return uri;
}

static void uris_that_are_understood(void **state)
{
    (void)state;
    struct tpm_uri u = parsed("tpm2:tcti=swtpm:host=127.0.0.1,port=4711");
    assert_true(u.via == TPM_VIA_SWTPM && u.encrypt && !u.managed);
    assert_string_equal(u.address, "127.0.0.1");
    assert_int_equal(u.port, 4711);
    assert_int_equal(u.handle, TPM_HANDLE_DEFAULT);
    assert_int_equal(u.timeout_ms, 5000);

    u = parsed("tpm2:tcti=swtpm");
    assert_string_equal(u.address, "127.0.0.1");
    assert_int_equal(u.port, 2321);
    u = parsed("tpm2:tcti=swtpm:path=/run/a%3Bb.sock;encrypt=no;timeout=20;handle=0x817fffee");
    assert_string_equal(u.path, "/run/a;b.sock");
    assert_true(!u.encrypt && u.timeout_ms == 20000 && u.handle == 0x817fffee);
    u = parsed("tpm2:encrypt=no;tcti=swtpm:host=localhost");
    assert_string_equal(u.address, "127.0.0.1");

    u = parsed("tpm2:tcti=device:/dev/tpmrm0?pin-source=file:/a%20b&owner-pin-source=credential:owner");
    assert_true(u.via == TPM_VIA_DEVICE && u.managed);
    assert_string_equal(u.tcti, "device:/dev/tpmrm0");
    assert_string_equal(u.pin_source, "file:/a b");
    assert_string_equal(u.owner_pin_source, "credential:owner");
    assert_false(parsed("tpm2:tcti=device:/dev/tpm0").managed);
    assert_true(parsed("tpm2:tcti=tabrmd:bus_type=session").managed);
}

static void uris_that_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"tpm2:", "no tcti"},
        {"pkcs11:token=x", "not a tpm2 URI"},
        {"tpm2:tcti", "NAME=VALUE"},
        {"tpm2:tcti=", "known are swtpm"},
        {"tpm2:=swtpm", "NAME=VALUE"},
        {"tpm2:tcti=swtpm;", "ends where"},
        {"tpm2:tcti=swtpm?", "ends where"},
        {"tpm2:tcti=mssim", "known are swtpm"},
        {"tpm2:tcti=swtpm2", "known are swtpm"},
        {"tpm2:tcti=swtpm:2321", "host=ADDRESS"},
        {"tpm2:tcti=swtpm:port=0", "no port"},
        {"tpm2:tcti=swtpm:port=65536", "no port"},
        {"tpm2:tcti=swtpm:port=1x", "no port"},
        {"tpm2:tcti=swtpm:speed=1", "no setting 'speed'"},
        {"tpm2:tcti=swtpm:path=/x,port=1", "needs no host"},
        {"tpm2:tcti=device", "path of the device"},
        {"tpm2:tcti=device:tpmrm0", "path of the device"},
        {"tpm2:tcti=swtpm;tcti=swtpm", "twice"},
        {"tpm2:tcti=swtpm;colour=red", "unknown attribute 'colour'"},
        {"tpm2:tcti=swtpm;pin-source=file:/x", "after the '?'"},
        {"tpm2:tcti=swtpm?handle=0x81000001", "before the '?'"},
        {"tpm2:tcti=swtpm;handle=0x80000000", "is not within"},
        {"tpm2:tcti=swtpm;handle=0x817fffef", "is not within"},
        {"tpm2:tcti=swtpm;handle=81000001", "is not within"},
        {"tpm2:tcti=swtpm;handle=0x81000001z", "is not within"},
        {"tpm2:tcti=swtpm;timeout=0", "1..20"},
        {"tpm2:tcti=swtpm;timeout=21", "1..20"},
        {"tpm2:tcti=swtpm;encrypt=maybe", "neither yes nor no"},
        {"tpm2:tcti=swtpm;handle=%4", "percent-encoding"},
        {"tpm2:tcti=swtpm;handle=%zz", "percent-encoding"},
        {"tpm2:tcti=swtpm:path=/a%00b", "control character"},
        /* Keys in clear on the way to a real TPM, or to another machine. */
        {"tpm2:tcti=device:/dev/tpmrm0;encrypt=no", "in clear"},
        {"tpm2:encrypt=no;tcti=tabrmd", "in clear"},
        {"tpm2:tcti=swtpm:host=192.0.2.1;encrypt=no", "in clear"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tpm_uri uri;
        FAILS(OM_ECONFIG, tpm_uri_parse(wrong[i][0], &uri, ERR));
        SAYS(wrong[i][1]);
    }
    char path[200] = "tpm2:tcti=swtpm:path=/";
    memset(path + strlen(path), 'p', 150);
    struct tpm_uri uri;
    FAILS(OM_ECONFIG, tpm_uri_parse(path, &uri, ERR));
}

static void answers_are_classified(void **state)
{
    (void)state;
    static const struct {
        TSS2_RC r;
        om_rc rc;
        enum tpm_trouble trouble;
    } known[] = {
        {TPM2_RC_RETRY, OM_ETRANSIENT, TPM_FINE},
        {TPM2_RC_INITIALIZE, OM_ETRANSIENT, TPM_STALE},
        {TPM2_RC_LOCKOUT, OM_ETRANSIENT, TPM_FINE},
        {TPM2_RC_OBJECT_MEMORY, OM_ETRANSIENT, TPM_FULL},
        {TPM2_RC_SESSION_MEMORY | TSS2_RESMGR_TPM_RC_LAYER, OM_ETRANSIENT, TPM_FULL},
        {TPM2_RC_HANDLE | TPM2_RC_1, OM_ETRANSIENT, TPM_STALE},
        {TPM2_RC_REFERENCE_H0, OM_ETRANSIENT, TPM_STALE},
        {TPM2_RC_REFERENCE_S0 + 6, OM_ETRANSIENT, TPM_STALE},
        {TPM2_RC_BAD_AUTH | TPM2_RC_S | TPM2_RC_1, OM_ECONFIG, TPM_STALE},
        {TPM2_RC_INTEGRITY | TPM2_RC_P | TPM2_RC_1, OM_EINTEGRITY, TPM_FINE},
        {TPM2_RC_CURVE | TPM2_RC_P | TPM2_RC_2, OM_EUNSUPPORTED, TPM_FINE},
        {TPM2_RC_SIZE | TPM2_RC_P | TPM2_RC_2, OM_EINTERNAL, TPM_FINE},
        {TSS2_TCTI_RC_IO_ERROR, OM_ETRANSIENT, TPM_LOST},
        {TSS2_ESYS_RC_RSP_AUTH_FAILED, OM_EINTEGRITY, TPM_LOST},
        {TSS2_ESYS_RC_MALFORMED_RESPONSE, OM_ETRANSIENT, TPM_LOST},
        {TSS2_ESYS_RC_MEMORY, OM_ENOMEM, TPM_LOST},
        {TSS2_ESYS_RC_BAD_SEQUENCE, OM_EINTERNAL, TPM_LOST},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(tpm_rc_class(known[i].r), known[i].rc);
        assert_int_equal(tpm_rc_trouble(known[i].r), known[i].trouble);
    }
    FAILS(OM_EINTEGRITY, tpm_rc_fail(ERR, TPM2_RC_INTEGRITY | TPM2_RC_P | TPM2_RC_1, "TPM2_Load"));
    SAYS("TPM2_Load: ");
    SAYS("(0x1df)");
}

/* Every other octet, length, kind or size of key is refused. */
static void blobs_are_strict(void **state)
{
    (void)state;
    uint8_t key[32], other[32];
    struct tpm_blob blob;
    struct tpm_parts parts = {.generated = true, .private_part.size = 100, .unique.size = 32}, read;
    fill(key, 32, 1);
    fill(other, 32, 2);
    fill(parts.private_part.buffer, 100, 3);
    fill(parts.unique.buffer, 32, 4);
    SUCCEEDS(tpm_blob_write(key, TPM_KIND_KEY, 48, &parts, &blob, ERR));
    SUCCEEDS(tpm_blob_read(key, TPM_KIND_KEY, 48, blob.octets, blob.len, &read, ERR));
    assert_true(read.generated && read.private_part.size == 100);
    assert_memory_equal(read.private_part.buffer, parts.private_part.buffer, 100);
    assert_memory_equal(read.unique.buffer, parts.unique.buffer, 32);
    FAILS(OM_EINTEGRITY, tpm_blob_read(other, TPM_KIND_KEY, 48, blob.octets, blob.len, &read, ERR));
    FAILS(OM_EINTEGRITY, tpm_blob_read(key, TPM_KIND_VALUE, 48, blob.octets, blob.len, &read, ERR));
    FAILS(OM_EINTEGRITY, tpm_blob_read(key, TPM_KIND_KEY, 47, blob.octets, blob.len, &read, ERR));
    for (size_t i = 0; i < blob.len; i++) {
        FAILS(OM_EINTEGRITY, tpm_blob_read(key, TPM_KIND_KEY, 48, blob.octets, i, &read, ERR));
        blob.octets[i] ^= 1;
        FAILS(OM_EINTEGRITY, tpm_blob_read(key, TPM_KIND_KEY, 48, blob.octets, blob.len, &read, ERR));
        blob.octets[i] ^= 1;
    }
    FAILS(OM_EINTEGRITY, tpm_blob_read(key, TPM_KIND_KEY, 48, blob.octets, TPM_BLOB_MAX + 1, &read, ERR));
    parts.private_part.size = TPM_PRIVATE_MAX + 1;
    FAILS(OM_EUNSUPPORTED, tpm_blob_write(key, TPM_KIND_KEY, 48, &parts, &blob, ERR));
}

static struct tpm_key *new_key(uint8_t len)
{
    struct tpm_key *key = calloc(1, sizeof *key);
    assert_non_null(key);
    key->len = len;
    return key;
}

static void handles_do_not_reach_another_key(void **state)
{
    (void)state;
    struct tpm_handles h = {0};
    se_handle all[100];
    const struct tpm_key *key = NULL;
    for (uint8_t i = 0; i < 100; i++)
        SUCCEEDS(tpm_handles_add(&h, new_key(i), &all[i], ERR));
    for (size_t i = 0; i < 100; i += 3)
        tpm_handles_remove(&h, all[i]);
    for (size_t i = 0; i < 100; i++) {
        if (i % 3 == 0) {
            FAILS(OM_EINTERNAL, tpm_handles_get(&h, all[i], &key, ERR));
            continue;
        }
        SUCCEEDS(tpm_handles_get(&h, all[i], &key, ERR));
        assert_int_equal(key->len, i);
    }
    se_handle again = 0;
    SUCCEEDS(tpm_handles_add(&h, new_key(200), &again, ERR)); /* in a place that was used before */
    for (size_t i = 0; i < 100; i++)
        assert_true(again != all[i]);
    tpm_handles_remove(&h, all[99]);
    tpm_handles_remove(&h, all[99]);
    FAILS(OM_EINTERNAL, tpm_handles_get(&h, 0, &key, ERR));
    FAILS(OM_EINTERNAL, tpm_handles_get(&h, UINT64_MAX, &key, ERR));
    tpm_handles_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_that_are_understood),         cmocka_unit_test(uris_that_are_refused),
        cmocka_unit_test(answers_are_classified),           cmocka_unit_test(blobs_are_strict),
        cmocka_unit_test(handles_do_not_reach_another_key),
    };
    return cmocka_run_group_tests_name("tpm tables", tests, NULL, NULL);
}
