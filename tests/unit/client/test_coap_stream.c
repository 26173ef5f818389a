/* CoAP over TLS: signals, sizes, and messages that nothing asked for (RFC 8323). */
#include "answers.h"

#include <unistd.h>

static int discover(void)
{
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    size_t n = 0;
    int code = openmaf_discover(maf, &filter, &ids, &n, ERROR);
    openmaf_ids_free(ids, n);
    return code;
}

static void test_ping(void **state)
{
    (void)state;
    peer_ways(peer)->ping_first = true;
    SUCCEEDS(discover());
}

static void test_release(void **state)
{
    (void)state;
    peer_ways(peer)->release = true;
    FAILS(OPENMAF_ETEMPORARY, discover());
}

static void test_other_token(void **state)
{
    (void)state;
    peer_ways(peer)->other_token = true;
    FAILS(OPENMAF_EINTEGRITY, discover());
    SAYS("nothing asked for");
}

static const char *raw;

static void send_raw(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    reply->raw = raw;
}

static void test_octets(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        int code;
    } cases[] = {
        {"\xf0\x7f\xff\xff\xff\x45", OPENMAF_EINTEGRITY}, /* a message of 2 GB */
        {"\x1f\x45\x41", OPENMAF_ETEMPORARY},             /* a token of 15 octets, and then nothing */
        {"\x20\x45\xff\xff", OPENMAF_EINTEGRITY},         /* a payload marker as an option */
        {"\x10\x41", OPENMAF_ETEMPORARY},                 /* cut */
        {"", OPENMAF_ETEMPORARY},
    };
    script.change = send_raw;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        raw = cases[i].octets;
        FAILS(cases[i].code, discover());
    }
}

/* What libcoap thinks of a message is not said on the process's standard error. */
static void test_quiet(void **state)
{
    (void)state;
    char said[64];
    int kept = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_not_equal(dup2(fileno(file), STDERR_FILENO), -1);
    script.change = send_raw;
    raw = "\x60\x45\xc5xxxxx"; /* a Content-Format of 5 octets */
    int code = discover();
    assert_int_not_equal(dup2(kept, STDERR_FILENO), -1);
    (void)close(kept);
    rewind(file);
    assert_int_equal(fread(said, 1, sizeof said, file), 0);
    (void)fclose(file);
    assert_int_equal(code, OPENMAF_EINTEGRITY);
}

/* A peer that takes large messages gets the request in one. */
static void test_max_message_size(void **state)
{
    (void)state;
    static char label[20][120];
    static const char *labels[20];
    for (size_t i = 0; i < 20; i++) {
        (void)snprintf(label[i], sizeof label[i], "%0100zu", i);
        labels[i] = label[i];
    }
    const struct openmaf_registration_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .labels = labels, .n_labels = 20};
    peer_ways(peer)->csm_max = 10000;
    SUCCEEDS(openmaf_register(maf, &rq, NULL, ERROR));
    assert_int_equal(peer_ways(peer)->blocks, 0);
    peer_ways(peer)->csm_max = 0; /* then 1152 (§5.3.1) */
    SUCCEEDS(openmaf_register(maf, &rq, NULL, ERROR));
    assert_true(peer_ways(peer)->blocks > 1);
    peer_ways(peer)->csm_max = 100;
    FAILS(OPENMAF_EINPUT, openmaf_register(maf, &rq, NULL, ERROR));
    SAYS("no room");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ping, start, stop),
        cmocka_unit_test_setup_teardown(test_release, start, stop),
        cmocka_unit_test_setup_teardown(test_other_token, start, stop),
        cmocka_unit_test_setup_teardown(test_octets, start, stop),
        cmocka_unit_test_setup_teardown(test_quiet, start, stop),
        cmocka_unit_test_setup_teardown(test_max_message_size, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
