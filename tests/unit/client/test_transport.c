/* The HTTPS transport against a MAF that misbehaves, or is not there. */
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
    assert_string_equal(ids[0], "reg-1");
    assert_string_equal(ids[1], "A1");
    openmaf_ids_free(ids, n);
    const struct peer_request *rq = peer_request_at(peer, 0);
    assert_string_equal(rq->line,
                        "GET /_/maf.example.com/-?fu=1&lbl=floor%3A1+b&ty=20003&lim=3&ofst=1 HTTP/1.1");
    assert_string_equal(rq->sni, FQDN); /* MAF-HS-8 */
    assert_non_null(strstr(rq->head, "\r\nHost: " FQDN "\r\n"));
    assert_non_null(strstr(rq->head, "\r\nX-M2M-Origin: " OWN_ID "\r\n"));
    assert_non_null(strstr(rq->head, "\r\nX-M2M-RVI: 3\r\n"));
    assert_int_equal(strlen(rq->rqi), 24);
    assert_int_equal(discover(), OPENMAF_OK);
    assert_string_not_equal(peer_request_at(peer, 1)->rqi, rq->rqi);
}

static void test_filter_refused(void **state)
{
    (void)state;
    static const char *const plus[] = {"a+b"};
    static const char *const space[] = {"a b"};
    struct openmaf_discovery filter = {.size = sizeof filter, .labels = plus, .n_labels = 1};
    char **ids = NULL;
    size_t n = 0;
    FAILS(OPENMAF_EINPUT, openmaf_discover(maf, &filter, &ids, &n, ERROR));
    filter.labels = space;
    FAILS(OPENMAF_EINPUT, openmaf_discover(maf, &filter, &ids, &n, ERROR));
    filter.labels = NULL;
    FAILS(OPENMAF_EINPUT, openmaf_discover(maf, &filter, &ids, &n, ERROR));
    assert_int_equal(peer_count(peer), 0);
}

/* --- answers that are none --- */

static void other_rqi(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->rqi = "another";
}

static void no_rsc(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->rsc = 0;
}

static void contradiction(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->status = 404;
}

static void wrong_success(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->rsc = 2004;
}

static void not_json(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    (void)snprintf(reply->body, sizeof reply->body, "hello");
}

static void duplicate_names(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    (void)snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":[],\"m2m:uril\":[]}");
}

static void html(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->content_type = "text/html";
}

static void no_list(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    (void)snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":{}}");
}

static void bad_identifier(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    (void)snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":[\"../x\"]}");
}

static void no_body(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->body[0] = '\0';
}

static void too_long(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    memset(reply->body, ' ', 70000);
    reply->body_len = 70000;
}

static void not_http(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->raw = "220 smtp.example.com\r\n\r\n";
}

static void test_not_an_answer(void **state)
{
    (void)state;
    static const struct {
        void (*change)(json_t *, const struct peer_request *, struct peer_reply *);
        const char *says;
    } cases[] = {
        {other_rqi, "X-M2M-RI"},
        {no_rsc, "without X-M2M-RSC"},
        {contradiction, "contradicts"},
        {wrong_success, "2004 where 2000"},
        {not_json, "JSON"},
        {duplicate_names, "twice"},
        {html, "neither JSON nor CBOR"},
        {no_list, "m2m:uril"},
        {bad_identifier, "entry 0"},
        {no_body, "m2m:uril"},
    };
    for (size_t i = 0; i < 5; i++) {
        script.change = cases[i].change;
        FAILS(OPENMAF_EINTEGRITY, discover());
        SAYS(cases[i].says);
    }
    (void)stop(state);
    (void)start(state);
    for (size_t i = 5; i < sizeof cases / sizeof cases[0]; i++) {
        script.change = cases[i].change;
        FAILS(OPENMAF_EINTEGRITY, discover());
        SAYS(cases[i].says);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    script.change = too_long;
    FAILS(OPENMAF_EINTEGRITY, discover());
    SAYS("longer than 65536");
    script.change = not_http;
    assert_int_not_equal(discover(), OPENMAF_OK);
}

static size_t missing;

static void cut(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->missing = missing;
}

/* However much of a response is missing, it is none. */
static void test_truncated(void **state)
{
    (void)state;
    static const size_t cuts[] = {1, 20, 60, 140};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        missing = cuts[i];
        script.change = cut;
        FAILS(OPENMAF_ETEMPORARY, discover());
        SAYS("closed the connection");
    }
}

/* --- refusals --- */

static int refusal;

static void refuse(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    reply->status = 403;
    reply->rsc = refusal;
    (void)snprintf(reply->body, sizeof reply->body, "{\"m2m:dbg\":\"because\\u001b[31m\"}");
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        int rsc, code;
    } cases[] = {
        {4004, OPENMAF_ENOTFOUND},  {4103, OPENMAF_EDENIED}, {4106, OPENMAF_EDENIED},
        {4105, OPENMAF_ECONFLICT},  {4000, OPENMAF_EINPUT},  {5001, OPENMAF_EUNSUPPORTED},
        {5000, OPENMAF_ETEMPORARY},
    };
    script.change = refuse;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refusal = cases[i].rsc;
        FAILS(cases[i].code, discover());
        assert_int_equal(ERROR->rsc, cases[i].rsc);
        SAYS("because?[31m"); /* nothing for terminals */
    }
    script.change = NULL;
    SUCCEEDS(discover());
    assert_int_equal(ERROR->rsc, 2000);
}

static void overloaded(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    *reply = (struct peer_reply){.status = 503};
}

static void test_overload(void **state)
{
    (void)state;
    script.change = overloaded;
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("503");
}

/* --- no session --- */

static void test_wrong_km(void **state)
{
    (void)state;
    uint8_t other[32] = {1};
    SUCCEEDS(openmaf_credential_import(maf, "other@" FQDN, fixture_km, 32, ERROR));
    FAILS(OPENMAF_EDENIED, discover()); /* unknown KmID */
    SAYS("KmID other@" FQDN);
    SUCCEEDS(openmaf_credential_forget(maf, "other@" FQDN, ERROR));
    SUCCEEDS(openmaf_credential_forget(maf, KMID, ERROR));
    SUCCEEDS(openmaf_credential_import(maf, KMID, other, 32, ERROR));
    FAILS(OPENMAF_EDENIED, discover()); /* known KmID, other Km */
    SAYS("its Km is another one");
    assert_int_equal(ERROR->rsc, 0);
    SUCCEEDS(openmaf_credential_forget(maf, KMID, ERROR));
    FAILS(OPENMAF_ENOTFOUND, discover());
    SAYS("maf credential import");
}

/* A port that nobody listens on: bound, so that nobody else gets it. */
static void test_nobody_there(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    maf->home.maf.port = ntohs(at.sin_port);
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("Connection refused");
    (void)close(fd);
    maf->home.maf.port = 1;
    (void)snprintf(maf->home.maf.host, sizeof maf->home.maf.host, "::1");
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("cannot connect to [::1]:1");
    (void)snprintf(maf->home.maf.host, sizeof maf->home.maf.host, "name.invalid");
    assert_int_not_equal(discover(), OPENMAF_OK);
    SAYS("cannot resolve name.invalid");
}

/* A listener that takes connections (the kernel does) and never says a word. */
static void test_silence(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    maf->home.maf.port = ntohs(at.sin_port);
    maf->home.connect_timeout = 1;
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("did not finish the TLS handshake in time");
    (void)close(fd);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, start, stop),
        cmocka_unit_test_setup_teardown(test_filter_refused, start, stop),
        cmocka_unit_test_setup_teardown(test_not_an_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_too_long, start, stop),
        cmocka_unit_test_setup_teardown(test_truncated, start, stop),
        cmocka_unit_test_setup_teardown(test_refusals, start, stop),
        cmocka_unit_test_setup_teardown(test_overload, start, stop),
        cmocka_unit_test_setup_teardown(test_wrong_km, start, stop),
        cmocka_unit_test_setup_teardown(test_nobody_there, start, stop),
        cmocka_unit_test_setup_teardown(test_silence, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
