/* CoAP, over DTLS and TLS: what the message layer and block-wise transfer do with answers of every kind.
 * Which of the two is the program's second argument. */
#include "answers.h"

#include <arpa/inet.h>
#include <sys/socket.h>
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

static void test_request(void **state)
{
    (void)state;
    static const char *const labels[] = {"floor:1", "b"};
    const struct openmaf_discovery filter = {.size = sizeof filter,
                                             .type = OPENMAF_KEYS,
                                             .labels = labels,
                                             .n_labels = 2,
                                             .limit = 3,
                                             .offset = 1};
    char **ids = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_discover(maf, &filter, &ids, &n, ERROR));
    assert_int_equal(n, 2);
    openmaf_ids_free(ids, n);
    const struct peer_request *rq = peer_request_at(peer, 0);
    assert_string_equal(rq->line,
                        "GET /_/maf.example.com/-?fu=1&lbl=floor:1+b&ty=20003&lim=3&ofst=1 HTTP/1.1");
    assert_string_equal(rq->sni, FQDN);                                    /* MAF-HS-8 */
    assert_non_null(strstr(rq->head, "\r\nX-M2M-Origin: " OWN_ID "\r\n")); /* MAF-GEN-3 */
    assert_int_equal(strlen(rq->rqi), 24);
}

static void test_query_too_long(void **state)
{
    (void)state;
    static char label[3][100];
    const char *labels[3];
    for (size_t i = 0; i < 3; i++) {
        memset(label[i], 'a' + (int)i, sizeof label[i] - 1);
        labels[i] = label[i];
    }
    const struct openmaf_discovery filter = {.size = sizeof filter, .labels = labels, .n_labels = 3};
    char **ids = NULL;
    size_t n = 0;
    FAILS(OPENMAF_EINPUT, openmaf_discover(maf, &filter, &ids, &n, ERROR));
    SAYS("at most 255 octets");
    assert_int_equal(peer_count(peer), 0);
}

/* --- answers that are none --- */

static struct peer_reply *out; /* what `change` below alters */
static void (*alter)(void);

static void change(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    out = reply;
    if (alter != NULL)
        alter();
}

static void other_rqi(void)
{
    out->rqi = "another";
}

static void text(void)
{
    out->content_type = "text/plain";
}

static void contradiction(void)
{
    peer_ways(peer)->code = 404;
}

static void unknown_option(void)
{
    peer_ways(peer)->unknown_option = true;
}

static void not_parsable(void)
{
    (void)snprintf(out->body, sizeof out->body, "hello");
}

static void wrong_success(void)
{
    out->rsc = 2004;
}

static void test_not_an_answer(void **state)
{
    (void)state;
    static const struct {
        void (*alter)(void);
        const char *says;
    } cases[] = {
        {other_rqi, "oneM2M-RQI"},       {text, "neither JSON nor CBOR"}, {contradiction, "contradicts"},
        {unknown_option, "option 4001"}, {not_parsable, "body"},          {wrong_success, "2004 where 2000"},
    };
    script.change = change;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        *peer_ways(peer) = (struct peer_ways){0};
        alter = cases[i].alter;
        FAILS(OPENMAF_EINTEGRITY, discover());
        SAYS(cases[i].says);
    }
}

/* The code of CoAP stands in for a missing oneM2M-RSC. */
static void test_code_alone(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        int result;
        int rsc;
    } cases[] = {
        {205, OPENMAF_OK, 2000},     {404, OPENMAF_ENOTFOUND, 4004},    {403, OPENMAF_EDENIED, 4103},
        {400, OPENMAF_EINPUT, 4000}, {501, OPENMAF_EUNSUPPORTED, 5001}, {402, OPENMAF_EINTEGRITY, 0},
    };
    script.change = change;
    alter = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peer_ways(peer)->code = cases[i].code;
        peer_ways(peer)->no_code_option = true;
        FAILS(cases[i].result, discover());
        assert_int_equal(ERROR->rsc, cases[i].rsc);
    }
}

static void test_overload(void **state)
{
    (void)state;
    peer_ways(peer)->code = 503;
    peer_ways(peer)->no_code_option = true;
    maf->home.timeout = 2;
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("5.03");
}

/* --- bodies in blocks --- */

static void many(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    int n = snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":[");
    for (int i = 0; i < 400; i++)
        n += snprintf(reply->body + n, sizeof reply->body - (size_t)n, "%s\"resource-%03d\"",
                      i > 0 ? "," : "", i);
    (void)snprintf(reply->body + n, sizeof reply->body - (size_t)n, "]}");
}

static void test_response_in_blocks(void **state)
{
    (void)state;
    static const unsigned sizes[] = {16, 64, 1024};
    const struct openmaf_discovery filter = {.size = sizeof filter};
    script.change = many;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char **ids = NULL;
        size_t n = 0;
        peer_ways(peer)->block2 = sizes[i];
        SUCCEEDS(openmaf_discover(maf, &filter, &ids, &n, ERROR));
        assert_int_equal(n, 400);
        assert_string_equal(ids[0], "resource-000");
        assert_string_equal(ids[399], "resource-399");
        openmaf_ids_free(ids, n);
    }
    peer_ways(peer)->skip_block = true;
    FAILS(OPENMAF_EINTEGRITY, discover());
    SAYS("out of order");
}

static void too_much(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    memset(reply->body, ' ', 70000);
    reply->body_len = 70000;
}

static void test_too_long(void **state)
{
    (void)state;
    script.change = too_much;
    peer_ways(peer)->block2 = 1024;
    FAILS(OPENMAF_EINTEGRITY, discover());
    SAYS("longer than 65536");
}

/* A key for so many targets that the request does not fit into one datagram. */
static int register_for_many(struct openmaf_key **key)
{
    static char text[60][64];
    static const char *targets[60];
    for (size_t i = 0; i < 60; i++) {
        (void)snprintf(text[i], sizeof text[i], "//sp.example.com/cse%zu/Ctarget-number-%zu", i, i);
        targets[i] = text[i];
    }
    const struct openmaf_key_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .suid = 34, .targets = targets, .n_targets = 60};
    return openmaf_key_register(maf, &rq, key, ERROR);
}

/* Over TLS in one message if the peer takes it, else in blocks, as over DTLS; in blocks of the size that the
 * peer wants. */
static void test_request_in_blocks(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 64, 256};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct openmaf_key *k = NULL;
        peer_ways(peer)->blocks = 0;
        peer_ways(peer)->block1 = sizes[i];
        peer_ways(peer)->block2 = 128;
        SUCCEEDS(register_for_many(&k));
        assert_int_equal(k->n_targets, 60);
        assert_false(k->targets_changed);
        openmaf_key_free(k);
        assert_true(peer_ways(peer)->blocks > (sizes[i] == 64 ? 20 : 2));
        json_t *sent = request_resource(peer_request_at(peer, i), "sec:skr");
        assert_int_equal(json_array_size(json_object_get(sent, "tgis")), 60);
        json_decref(sent);
    }
}

/* 4.13 with a block size in it is an invitation (RFC 7959 §2.9.3). */
static void test_blocks_on_demand(void **state)
{
    (void)state;
    const struct openmaf_registration_request rq = {.size = sizeof rq, .stakeholder = ADMIN};
    peer_ways(peer)->refuse_whole = true;
    peer_ways(peer)->block1 = 16;
    SUCCEEDS(openmaf_register(maf, &rq, NULL, ERROR));
    assert_true(peer_ways(peer)->blocks > 2);
}

/* --- no session --- */

static void test_wrong_km(void **state)
{
    (void)state;
    uint8_t other[32] = {1};
    maf->home.connect_timeout = 1;
    maf->home.timeout = 4;
    SUCCEEDS(openmaf_credential_forget(maf, KMID, ERROR));
    SUCCEEDS(openmaf_credential_import(maf, KMID, other, 32, ERROR));
    FAILS(OPENMAF_EDENIED, discover());
    SAYS("its Km is another one");
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, fixture_binding == PEER_COAPS ? SOCK_DGRAM : SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    maf->home.maf.port = ntohs(at.sin_port);
    maf->home.connect_timeout = 1;
    maf->home.timeout = 2;
    FAILS(OPENMAF_ETEMPORARY, discover()); /* DTLS: nobody answers; TLS: refused */
    (void)close(fd);
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("Connection refused");
}

static void test_silence(void **state)
{
    (void)state;
    peer_ways(peer)->how = COAP_SILENT;
    maf->home.timeout = 1;
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("whether it did what was asked is unknown");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, start, stop),
        cmocka_unit_test_setup_teardown(test_query_too_long, start, stop),
        cmocka_unit_test_setup_teardown(test_not_an_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_code_alone, start, stop),
        cmocka_unit_test_setup_teardown(test_overload, start, stop),
        cmocka_unit_test_setup_teardown(test_response_in_blocks, start, stop),
        cmocka_unit_test_setup_teardown(test_too_long, start, stop),
        cmocka_unit_test_setup_teardown(test_request_in_blocks, start, stop),
        cmocka_unit_test_setup_teardown(test_blocks_on_demand, start, stop),
        cmocka_unit_test_setup_teardown(test_wrong_km, start, stop),
        cmocka_unit_test_setup_teardown(test_nobody_there, start, stop),
        cmocka_unit_test_setup_teardown(test_silence, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
