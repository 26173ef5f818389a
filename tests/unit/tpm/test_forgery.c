/* Somebody on the way to the TPM who answers in its place: nothing that he says is taken for a code, a value,
 * a random number or a blob of the TPM. */
#include "work.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#define TAG_NONE 0x8001

static void put_size(uint8_t *response, size_t n)
{
    uint32_t size = htonl((uint32_t)n);
    memcpy(response + 2, &size, sizeof size);
}

static size_t u16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* "No session was used": parameters of his own, without an HMAC over them. */
static void without_sessions(uint32_t command, uint8_t *response, size_t *n)
{
    bool handle = command == TPM2_CC_Load || command == TPM2_CC_HMAC_Start;
    if (response[0] != 0x80 || response[1] != 0x02 || *n < 14)
        return;
    size_t at = handle ? 14 : 10, parameters = u16(response + at + 2); /* below the size of parameters */
    response[1] = TAG_NONE & 0xff;
    memmove(response + at, response + at + 4, *n - at - 4);
    parameters = *n - at - 4 < parameters ? *n - at - 4 : parameters;
    *n = at + parameters;
    put_size(response, *n);
    memset(response + at + 2, 0x5a, parameters > 34 ? 32 : 0);
}

/* What he recorded, when it was true. */
static struct {
    uint32_t command;
    size_t n;
    uint8_t octets[BUS_MESSAGE_MAX];
} kept[64];
static size_t n_kept;
static bool replaying;

static void replay(uint32_t command, uint8_t *response, size_t *n)
{
    if (!replaying && n_kept < 64) {
        kept[n_kept].command = command;
        kept[n_kept].n = *n;
        memcpy(kept[n_kept++].octets, response, *n);
        return;
    }
    for (size_t i = 0; i < n_kept; i++)
        if (kept[i].command == command) {
            *n = kept[i].n;
            memcpy(response, kept[i].octets, *n);
            return;
        }
}

/* The session's own octets are his, too: an HMAC of zeros, or of no length. */
static void empty_hmac(uint32_t command, uint8_t *response, size_t *n)
{
    (void)command;
    if (response[1] != 0x02 || *n < 34 || u16(response + *n - 34) != 32)
        return;
    response[*n - 34] = response[*n - 33] = 0;
    *n -= 32;
    put_size(response, *n);
}

static const enum operation ops[] = {OP_RANDOM, OP_MINT, OP_GENERATE, OP_WRAP,      OP_SEAL, OP_LOAD,
                                     OP_UNSEAL, OP_HMAC, OP_ROW,      OP_HMAC_LONG, OP_PRF,  OP_HEALTH};
static const uint32_t commands[] = {
    TPM2_CC_GetRandom, TPM2_CC_Create,     TPM2_CC_Load,           TPM2_CC_Unseal,
    TPM2_CC_HMAC,      TPM2_CC_HMAC_Start, TPM2_CC_SequenceUpdate, TPM2_CC_SequenceComplete};

static void nothing_is_believed(bus_forger *forge)
{
    struct work w;
    bus_forge(forge);
    work_begin(&w, "");
    for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++)
        for (size_t c = 0; c < sizeof commands / sizeof commands[0]; c++) {
            struct bus_fault fault = {.kind = BUS_FORGE, .command = commands[c]};
            n_kept = 0;
            replaying = false;
            bus_set(&fault);
            if (forge == replay)
                SUCCEEDS(work_do(&w, ops[o]));
            replaying = true;
            bus_set(&fault);
            om_rc rc = work_do(&w, ops[o]);
            if (bus_hits() > 0)
                assert_int_not_equal(rc, OM_OK);
            bus_set(NULL);
            SUCCEEDS(work_do(&w, OP_HEALTH));
        }
    raw_expect_clean();
    work_end(&w);
}

static void responses_without_a_session(void **state)
{
    (void)state;
    nothing_is_believed(without_sessions);
}

static void responses_of_before(void **state)
{
    (void)state;
    nothing_is_believed(replay);
}

static void responses_without_a_code(void **state)
{
    (void)state;
    nothing_is_believed(empty_hmac);
}

/* --- a storage key of his own --- */

#define POINT 68 /* octets: u16 32 | x | u16 32 | y, the end of a public part */

static uint8_t his_point[65];

static void make_his_key(void)
{
    size_t n = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", his_point, sizeof his_point, &n), 1);
    assert_int_equal(n, sizeof his_point);
    EVP_PKEY_free(key);
}

/* TPM2_ReadPublic: u16 | public part | u16 34 | u16 algorithm | SHA-256 of the public part | ... */
static void his_storage_key(uint32_t command, uint8_t *response, size_t *n)
{
    size_t len = u16(response + 10);
    uint8_t *public_part = response + 12;
    (void)command;
    if (*n < 12 + len + 36 || len < POINT || u16(public_part) != TPM2_ALG_ECC)
        return;
    uint8_t *point = public_part + len - POINT;
    assert_true(u16(point) == 32 && u16(point + 34) == 32);
    memcpy(point + 2, his_point + 1, 32);
    memcpy(point + 36, his_point + 33, 32);
    assert_int_equal(EVP_Digest(public_part, len, public_part + len + 4, NULL, EVP_sha256(), NULL), 1);
}

/* The plug-in would encrypt the salt of its sessions to it. The row key, whose code proves the PIN, names the
 * storage key that it is under, and a code with it is nothing that he can make. */
static void storage_key_of_somebody_else(void **state)
{
    (void)state;
    struct se_token *tok = NULL;
    plugin->close(fixture_open_provisioned(""));
    make_his_key();
    bus_forge(his_storage_key);
    bus_set(&(struct bus_fault){.kind = BUS_FORGE, .command = TPM2_CC_ReadPublic});
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_token->pin_source, &tok));
    SAYS("row key");
    assert_true(bus_hits() > 0);
    bus_set(NULL);
    assert_int_equal(raw_property(TPM2_PT_LOCKOUT_COUNTER), 0);
    plugin->close(fixture_open(""));
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(responses_without_a_session),
        CASE(responses_of_before),
        CASE(responses_without_a_code),
        CASE(storage_key_of_somebody_else),
    };
    return cmocka_run_group_tests_name("tpm forgery", tests, NULL, NULL);
}
