/* Blobs: sealed values come out again, wrapped keys do not, and a changed or foreign blob is refused. */
#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

/* Blobs of another token of the same kind, made by a process of its own before this one touched a token. */
struct foreign {
    struct se_blob wrapped;
    struct se_blob sealed;
};
static struct foreign foreign;

static void write_foreign(int fd)
{
    uint8_t octets[32] = {3};
    struct foreign made = {0};
    (void)fixture_setup(NULL);
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &made.wrapped, ERR));
    SUCCEEDS(se_seal(fixture_se, octets, sizeof octets, &made.sealed, ERR));
    ssize_t n = write(fd, &made, sizeof made);
    (void)fixture_teardown(NULL);
    exit(n == (ssize_t)sizeof made ? 0 : 1);
}

static int setup_with_foreign(void **state)
{
    int ends[2];
    int status = 1;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        write_foreign(ends[1]);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &foreign, sizeof foreign), sizeof foreign);
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return fixture_setup(state);
}

static void sealed_value_comes_out(void **state)
{
    (void)state;
    uint8_t octets[SE_KEY_MAX];
    fill(octets, sizeof octets, 0x21);
    for (size_t n = 1; n <= SE_KEY_MAX; n++) {
        struct se_blob blob;
        struct om_secret value = OM_SECRET_INIT;
        SUCCEEDS(se_seal(fixture_se, octets, n, &blob, ERR));
        SUCCEEDS(se_unseal(fixture_se, &blob, &value, ERR));
        assert_int_equal(value.len, n);
        assert_memory_equal(value.octets, octets, n);
        om_secret_free(&value);
    }
    struct se_blob blob;
    FAILS(OM_EINPUT, se_seal(fixture_se, octets, 0, &blob, ERR));
    FAILS(OM_EINPUT, se_seal(fixture_se, octets, SE_KEY_MAX + 1, &blob, ERR));
}

static void minted_key_seals(void **state)
{
    (void)state;
    uint8_t octets[SE_KEY_MAX];
    fill(octets, sizeof octets, 0x31);
    for (size_t n = 16; n <= SE_KEY_MAX; n += 2) {
        struct se_key *key = NULL;
        struct se_blob blob;
        struct om_secret value = OM_SECRET_INIT;
        SUCCEEDS(se_mint(fixture_se, octets, n, &key, ERR));
        SUCCEEDS(se_seal_key(key, &blob, ERR));
        se_key_unref(key);
        SUCCEEDS(se_unseal(fixture_se, &blob, &value, ERR));
        assert_int_equal(value.len, n);
        assert_memory_equal(value.octets, octets, n);
        om_secret_free(&value);
    }
}

static void refuse_everywhere(const struct se_blob *blob)
{
    struct se_key *key = NULL;
    struct om_secret value = OM_SECRET_INIT;
    FAILS(OM_EINTEGRITY, se_load(fixture_se, blob, SE_USE_HMAC, &key, ERR));
    FAILS(OM_EINTEGRITY, se_load(fixture_se, blob, SE_USE_TLS12_PSK, &key, ERR));
    FAILS(OM_EINTEGRITY, se_unseal(fixture_se, blob, &value, ERR));
    assert_null(key);
    assert_int_equal(value.len, 0);
}

static void wrapped_and_sealed_stay_apart(void **state)
{
    (void)state;
    uint8_t octets[32] = {8};
    struct se_blob wrapped;
    struct se_blob sealed;
    struct se_key *key = NULL;
    struct om_secret value = OM_SECRET_INIT;
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &wrapped, ERR));
    SUCCEEDS(se_seal(fixture_se, octets, sizeof octets, &sealed, ERR));
    FAILS(OM_EINTEGRITY, se_unseal(fixture_se, &wrapped, &value, ERR));
    FAILS(OM_EINTEGRITY, se_load(fixture_se, &wrapped, SE_USE_TLS12_PSK, &key, ERR));
    FAILS(OM_EINTEGRITY, se_load(fixture_se, &sealed, SE_USE_HMAC, &key, ERR));
    FAILS(OM_EINPUT, se_load(fixture_se, &sealed, (enum se_use)0x80, &key, ERR));

    /* The header is not what keeps them apart: with headers exchanged the root keys still do. */
    uint8_t kind = wrapped.octets[4];
    wrapped.octets[4] = sealed.octets[4];
    sealed.octets[4] = kind;
    refuse_everywhere(&wrapped);
    refuse_everywhere(&sealed);
}

/* Every octet of the header but the length, and every octet of the token's part. */
static void changed_blob_is_refused(void **state)
{
    (void)state;
    uint8_t octets[32] = {8};
    struct se_blob blobs[2];
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &blobs[0], ERR));
    SUCCEEDS(se_seal(fixture_se, octets, sizeof octets, &blobs[1], ERR));
    for (int b = 0; b < 2; b++)
        for (size_t i = 0; i < blobs[b].len; i++) {
            if (i == 4 || i == 5) /* kind and length: see the other tests */
                continue;
            struct se_blob changed = blobs[b];
            changed.octets[i] ^= 0x01;
            refuse_everywhere(&changed);
            changed.octets[i] ^= 0x81;
            refuse_everywhere(&changed);
        }
}

/* A token may pad short keys, so a header that says less than there is cannot always be told from the truth
 * when a key is loaded: then it is the same key. A sealed value never comes out cut short. */
static void length_in_header_is_checked(void **state)
{
    (void)state;
    const uint8_t wrong[] = {0, 48, 64, 65, 128, 255};
    const uint8_t shorter[] = {1, 16, 24, 31};
    uint8_t octets[32];
    struct se_blob wrapped;
    struct se_blob sealed;
    struct om_secret value = OM_SECRET_INIT;
    fill(octets, sizeof octets, 0x41);
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &wrapped, ERR));
    SUCCEEDS(se_seal(fixture_se, octets, sizeof octets, &sealed, ERR));
    for (size_t i = 0; i < sizeof wrong; i++) {
        wrapped.octets[5] = sealed.octets[5] = wrong[i];
        refuse_everywhere(&wrapped);
        refuse_everywhere(&sealed);
    }
    for (size_t i = 0; i < sizeof shorter; i++) {
        struct se_key *key = NULL;
        wrapped.octets[5] = sealed.octets[5] = shorter[i];
        FAILS(OM_EINTEGRITY, se_unseal(fixture_se, &sealed, &value, ERR));
        if (se_load(fixture_se, &wrapped, SE_USE_HMAC, &key, ERR) == OM_OK)
            KEY_IS(key, octets, sizeof octets);
        se_key_unref(key);
    }
}

static void truncated_blob_is_refused(void **state)
{
    (void)state;
    uint8_t octets[32] = {8};
    struct se_blob blobs[2];
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &blobs[0], ERR));
    SUCCEEDS(se_seal(fixture_se, octets, sizeof octets, &blobs[1], ERR));
    for (int b = 0; b < 2; b++) {
        size_t whole = blobs[b].len;
        memset(blobs[b].octets + whole, 0, sizeof blobs[b].octets - whole);
        for (blobs[b].len = 0; blobs[b].len < whole; blobs[b].len++)
            refuse_everywhere(&blobs[b]);
        const size_t longer[] = {whole + 1, whole + 8, SE_BLOB_MAX, SE_BLOB_MAX + 1, SIZE_MAX};
        for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
            blobs[b].len = longer[i];
            refuse_everywhere(&blobs[b]);
        }
    }
}

static void foreign_blob_is_refused(void **state)
{
    (void)state;
    refuse_everywhere(&foreign.wrapped);
    refuse_everywhere(&foreign.sealed);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_value_comes_out),        cmocka_unit_test(minted_key_seals),
        cmocka_unit_test(wrapped_and_sealed_stay_apart), cmocka_unit_test(changed_blob_is_refused),
        cmocka_unit_test(length_in_header_is_checked),   cmocka_unit_test(truncated_blob_is_refused),
        cmocka_unit_test(foreign_blob_is_refused),
    };
    return cmocka_run_group_tests_name("se blob", tests, setup_with_foreign, fixture_teardown);
}
