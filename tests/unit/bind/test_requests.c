/* What the binding makes of requests: every malformed one gets its status code and one line that says what is
 * wrong, on a connection that stays in step, and nothing is stored. */
#include "server.h"

#include <stdio.h>
#include <string.h>

#define HEAD "Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r7\r\nX-M2M-RVI: 3\r\n"
#define JSON "Content-Type: application/vnd.onem2m-res+json"
#define REG  "{\"sec:mafcr\":{\"et\":\"20990101T000000\",\"adfq\":\"" ADMIN "\"}}"
#define POST "POST /_/" FQDN "/- HTTP/1.1\r\n" HEAD

struct expectation {
    const char *request;
    int status, rsc;
    const char *text; /* in the body */
};

/* A request with a body, its length filled in. */
#define WITH_BODY(head, body) head "Content-Length: %zu\r\n\r\n%s", strlen(body), body

static void check(struct server *s, const struct expectation *e)
{
    struct answer a;
    struct peer *p = peer_connect(s);
    peer_send(p, e->request, strlen(e->request));
    peer_read(p, &a, false);
    if (a.status != e->status || a.rsc != e->rsc || (e->text != NULL && strstr(a.body, e->text) == NULL))
        fail_msg("for\n%s\nexpected %d %d '%s', got\n%s%s", e->request, e->status, e->rsc, e->text, a.head,
                 a.body);
    assert_null(strpbrk(a.body, "\r\n"));
    assert_null(answer_header(&a, "Server"));
    assert_string_equal(answer_header(&a, "Cache-Control"), "no-store");
    peer_free(p);
}

static void check_all(struct server *s, const struct expectation *e, size_t n)
{
    struct store_counts before, after;
    server_counts(s, &before);
    for (size_t i = 0; i < n; i++)
        check(s, &e[i]);
    server_counts(s, &after);
    assert_int_equal(after.registrations, before.registrations);
    assert_int_equal(after.keys, before.keys);
}
#define CHECK_ALL(s, table) check_all((s), (table), sizeof(table) / sizeof((table)[0]))

#define GET(target) "GET " target " HTTP/1.1\r\n" HEAD "\r\n"

static void bad_targets(void **state)
{
    static const struct expectation table[] = {
        {GET("/"), 400, 4000, "names no resource"},
        {GET("//" FQDN "/-"), 404, 4004, NULL},
        {GET("/_/" FQDN "//-"), 404, 4004, NULL},
        {GET("/-%zz"), 400, 4000, "hex digits"},
        {GET("/-%4"), 400, 4000, "hex digits"},
        {GET("/-%00x"), 400, 4000, "control characters"},
        {GET("/-%0d%0aX:y"), 400, 4000, "control characters"},
        {GET("/_/" FQDN "%2f-"), 400, 4000, "encoded '/'"},
        {GET("/-#x"), 400, 4000, "fragment"},
        {GET("*"), 400, 4000, "path is expected"},
        {GET("ftp://" FQDN "/-"), 400, 4000, "path is expected"},
        {GET("/-?rcn"), 400, 4000, "name=value"},
        {GET("/-?rcn=x"), 400, 4000, "rcn"},
        {GET("/-?rcn=1&rcn=1"), 400, 4000, "twice"},
        {GET("/-?nonsense=1"), 400, 4000, "nonsense"},
        {GET("/-?fu=%g1"), 400, 4000, "hex digits"},
        {GET("/-?lvl=1"), 501, 5001, "lvl"},
        {GET("/-?rt=1"), 501, 5206, "rt"},
        {GET("/_/other.example.com/-"), 404, 4004, NULL},
        {GET("/nothing"), 404, 4004, NULL},
    };
    CHECK_ALL(*state, table);
}

#define GET_WITH(headers) "GET /- HTTP/1.1\r\n" headers "\r\n"

static void bad_headers(void **state)
{
    static const struct expectation table[] = {
        {GET_WITH(HEAD "X-M2M-Origin: " TARGET "\r\n"), 400, 4000, "X-M2M-Origin: given twice"},
        {GET_WITH(HEAD "X-M2M-RVI: 3\r\n"), 400, 4000, "X-M2M-RVI: given twice"},
        {GET_WITH(HEAD "Host: " FQDN "\r\n"), 400, 4000, "Host: given twice"},
        {GET_WITH(HEAD "Content-Type: application/json\r\nContent-Type: application/json\r\n"), 400, 4000,
         "Content-Type: given twice"},
        {GET_WITH(HEAD "X-M2M-RET: soon\r\n"), 400, 4000, "rqet"},
        {GET_WITH(HEAD "X-M2M-RET: 20200101T000000\r\n"), 504, 4008, NULL},
        {GET_WITH(HEAD "X-M2M-OT: noon\r\n"), 400, 4000, "ot"},
        {GET_WITH(HEAD "X-M2M-OET: 20300101T000000\r\n"), 501, 5001, "X-M2M-OET"},
        {GET_WITH(HEAD "X-M2M-GID: g\r\n"), 501, 5001, "X-M2M-GID"},
        {GET_WITH(HEAD "X-M2M-RTU: http://x\r\n"), 501, 5001, "X-M2M-RTU"},
        {GET_WITH("X-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 400, 4000, "Host: missing"},
        {GET_WITH("Host: a b\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 400, 4000,
         "Host"},
        {GET_WITH("Host: x:y\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 400, 4000,
         "Host"},
        {GET_WITH("Host: other.example.com\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"),
         404, 4004, NULL},
        {GET_WITH("Host: other.example.com.\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"),
         404, 4004, NULL},
        {GET_WITH("Host: 9other.example.com\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"),
         404, 4004, NULL},
        {GET_WITH("Host: my_maf\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 404, 4004,
         NULL},
        {GET_WITH("Host: MAF.example.com.\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"),
         200, 2000, NULL},
        {GET_WITH("Host: 127.0.0.1:8443\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 200,
         2000, NULL},
        {GET_WITH("Host: [::1\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 400, 4000,
         "Host"},
        {GET_WITH("Host: [::1]:8443\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 200,
         2000, NULL},
        {GET_WITH("Host: " FQDN "\r\nX-M2M-Origin: " TARGET "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n"), 403, 4106,
         NULL},
        {GET_WITH("Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 4\r\n"), 501, 4001,
         NULL},
        {GET_WITH("Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r\r\n"), 501, 4001, NULL},
        {GET_WITH("Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RVI: 3\r\n"), 400, 4000, NULL},
        {GET_WITH(HEAD "X-M2M-EC : 1\r\n"), 400, 4000, "no token"},
        {GET_WITH(HEAD "X-Note: a\001b\r\n"), 400, 4000, "control characters"},
        {GET_WITH(HEAD "Accept: application/xml\r\n"), 406, 5207, "Accept"},
        {GET_WITH(HEAD "Accept: application/vnd.onem2m-res+json;q=0\r\n"), 406, 5207, "Accept"},
        {GET_WITH(HEAD "Accept: json\r\n"), 400, 4000, "Accept"},
        {GET_WITH(HEAD "Content-Encoding: gzip\r\n"), 415, 4015, "Content-Encoding"},
    };
    CHECK_ALL(*state, table);
}

static void long_values(void **state)
{
    char request[1024];
    char text[600];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct expectation rqi = {request, 400, 4000, "rqi"};
    (void)snprintf(
        request, sizeof request,
        GET_WITH("Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RVI: 3\r\nX-M2M-RI: %.129s\r\n"), text);
    check(*state, &rqi);
    const struct expectation from = {request, 400, 4000, "fr"};
    (void)snprintf(request, sizeof request,
                   GET_WITH("Host: " FQDN "\r\nX-M2M-RVI: 3\r\nX-M2M-RI: r\r\nX-M2M-Origin: %.256s\r\n"),
                   text);
    check(*state, &from);
    const struct expectation to = {request, 400, 4000, "path: too long"};
    (void)snprintf(request, sizeof request, "GET /%.520s HTTP/1.1\r\n" HEAD "\r\n", text);
    check(*state, &to);
}

static void bad_content(void **state)
{
    static const struct {
        const char *type, *body;
        int status, rsc;
        const char *text;
    } table[] = {
        {"application/xml; ty=20002", REG, 415, 4015, "application/xml"},
        {"application/vnd.onem2m-preq+json; ty=20002", REG, 415, 4015, "preq"},
        {"application/vnd.onem2m-ntfy+json; ty=20002", REG, 415, 4015, "ntfy"},
        {"application/json; ty=20002; charset=latin1", REG, 415, 4015, NULL},
        {"json; ty=20002", REG, 400, 4000, "Content-Type"},
        {"application/json; ty=20002; ty=20002", REG, 400, 4000, "twice"},
        {"application/json; ty", REG, 400, 4000, "Content-Type"},
        {"application/json; ty=many", REG, 400, 4000, "ty"},
        {"application/json; ty=99999", REG, 400, 4000, "ty"},
        {"application/json", REG, 400, 4000, "Resource Type"},
        {"application/json; ty=17", REG, 403, 4108, NULL},
        {"application/json; ty=20002", "", 400, 4000, NULL},
        {"application/json; ty=20002", "{", 400, 4000, "JSON"},
        {"application/json; ty=20002", "[]", 400, 4000, "one member"},
        {"application/json; ty=20002", "{}", 400, 4000, "one member"},
        {"application/json; ty=20002", REG REG, 400, 4000, "JSON"},
        {"application/json; ty=20002", "{\"a\":1,\"b\":2}", 400, 4000, "one member"},
        {"application/json; ty=20002", "{\"a\":1,\"a\":2}", 400, 4000, "twice"},
        {"application/json; ty=20002", "{\"sec:mafcr\":{\"et\":\"20990101T000000\"}}", 400, 4000, "adfq"},
        {"application/json; ty=20003", REG, 400, 4000, NULL},
    };
    struct server *s = *state;
    struct store_counts counts;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char request[2048];
        const struct expectation e = {request, table[i].status, table[i].rsc, table[i].text};
        (void)snprintf(request, sizeof request, POST "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                       table[i].type, strlen(table[i].body), table[i].body);
        check(s, &e);
    }
    server_counts(s, &counts);
    assert_int_equal(counts.registrations, 0);
}

static void no_content_type(void **state)
{
    static const struct expectation table[] = {
        {POST "Content-Length: 2\r\n\r\n{}", 415, 4015, "Content-Type: missing"},
        {"PUT /maf HTTP/1.1\r\n" HEAD "Content-Length: 2\r\n\r\n{}", 415, 4015, NULL},
        {"GET /- HTTP/1.1\r\n" HEAD JSON "\r\nContent-Length: 2\r\n\r\n{}", 400, 4000, "no body"},
        {"DELETE /x HTTP/1.1\r\n" HEAD JSON "; ty=20002\r\nContent-Length: 2\r\n\r\n{}", 400, 4000, "Create"},
    };
    CHECK_ALL(*state, table);
}

/* MAF-GEN-12 over HTTP: what is wrong with the content is said only to those who may ask. */
static void order_of_checks(void **state)
{
    char request[1024];
    const struct expectation e = {request, 403, 4106, NULL};
    (void)snprintf(request, sizeof request,
                   "POST /_/" FQDN "/- HTTP/1.1\r\nHost: " FQDN "\r\nX-M2M-Origin: " TARGET
                   "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n" JSON "; ty=20003\r\nContent-Length: 1\r\n\r\n{");
    check(*state, &e);
}

static void methods(void **state)
{
    static const char *const names[] = {"OPTIONS", "PATCH", "TRACE", "FROB", "get"};
    struct server *s = *state;
    struct answer a;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct peer *p = peer_connect(s);
        peer_send_text(p, "%s /_/" FQDN "/- HTTP/1.1\r\n" HEAD "\r\n", names[i]);
        peer_read(p, &a, false);
        assert_int_equal(a.status, 405);
        assert_int_equal(a.rsc, 4005);
        assert_string_equal(answer_header(&a, "Allow"), "GET, POST, PUT, DELETE");
        peer_expect_close(p);
        peer_free(p);
    }
    struct peer *p = peer_connect(s);
    peer_send_text(p, "HEAD /_/" FQDN "/- HTTP/1.1\r\n" HEAD "\r\n");
    peer_read(p, &a, true);
    assert_int_equal(a.status, 405);
    peer_expect_close(p);
    peer_free(p);
}

/* Where the end of a request can be read in two ways, what follows is not trusted. */
static void ambiguous_framing(void **state)
{
    static const char *const rests[] = {
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}0",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: two\r\n\r\n{}",
    };
    struct answer a;
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        struct peer *p = peer_connect(*state);
        peer_send_text(p, POST JSON "; ty=20002\r\n%s", rests[i]);
        peer_read(p, &a, false);
        assert_int_equal(a.status, 400);
        assert_int_equal(a.rsc, 4000);
        peer_expect_close(p);
        peer_free(p);
    }
}

static void not_http(void **state)
{
    static const char *const texts[] = {
        "\r\n\r\n",
        "HELLO\r\n\r\n",
        "GET /- HTTP/2.0\r\n\r\n",
        "GET /- FTP/1.1\r\n\r\n",
        "GET /- HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /- HTTP/1.1\r\n continued\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    struct answer a;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct peer *p = peer_connect(*state);
        peer_send(p, texts[i], strlen(texts[i]));
        peer_read(p, &a, false);
        assert_int_equal(a.status, 400);
        assert_int_equal(a.rsc, 4000);
        assert_non_null(strstr(a.body, "m2m:dbg"));
        assert_string_equal(answer_header(&a, "Content-Type"), "application/vnd.onem2m-res+json");
        peer_expect_close(p);
        peer_free(p);
    }
}

static void good_requests(void **state)
{
    struct server *s = *state;
    struct peer *p = peer_connect(s);
    struct answer a;
    struct store_counts counts;
    peer_send_text(p,
                   WITH_BODY(POST JSON "; ty=20002\r\nAccept: text/html, application/json;q=0.5\r\n", REG));
    peer_read(p, &a, false);
    assert_int_equal(a.status, 201);
    assert_int_equal(a.rsc, 2001);
    assert_string_equal(answer_header(&a, "X-M2M-RI"), "r7");
    assert_string_equal(answer_header(&a, "X-M2M-RVI"), "3");
    assert_string_equal(answer_header(&a, "Content-Type"), "application/json");
    assert_memory_equal(a.head, "HTTP/1.1 201 \r\n", 15);
    char location[128];
    const char *prefix = "/_/" FQDN "/-/";
    (void)snprintf(location, sizeof location, "%s", answer_header(&a, "Content-Location"));
    assert_memory_equal(location, prefix, strlen(prefix));
    const char *id = location + strlen(prefix);

    /* Every form of the address, on the same connection (spec/wire §3, §5). */
    const char *forms[] = {"/_/" FQDN "/-/", "/_/" FQDN "/maf/",   "/-/", "/maf/", "/",
                           "/%2D/",          "https://" FQDN "/-/"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *body = "{\"sec:mafcr\":{\"lbl\":[\"a\"]}}";
        peer_send_text(p, "PUT %s%s HTTP/1.1\r\n" HEAD JSON "\r\nContent-Length: %zu\r\n\r\n%s", forms[i], id,
                       strlen(body), body);
        peer_read(p, &a, false);
        assert_int_equal(a.rsc, 2004);
    }
    peer_send_text(p, "GET /_/" FQDN "/-?fu=1&lbl=b+a HTTP/1.1\r\n" HEAD "\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    assert_non_null(strstr(a.body, id));
    peer_send_text(p, "DELETE /%s HTTP/1.0\r\nConnection: keep-alive\r\n" HEAD "\r\n", id);
    peer_read(p, &a, false);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.rsc, 2002);
    server_counts(s, &counts);
    assert_int_equal(counts.registrations, 0);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_targets),     cmocka_unit_test(bad_headers),
        cmocka_unit_test(long_values),     cmocka_unit_test(bad_content),
        cmocka_unit_test(no_content_type), cmocka_unit_test(order_of_checks),
        cmocka_unit_test(methods),         cmocka_unit_test(ambiguous_framing),
        cmocka_unit_test(not_http),        cmocka_unit_test(good_requests),
    };
    return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
