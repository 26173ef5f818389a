/* Content negotiation over HTTPS: JSON and CBOR, each way. */
#include "server.h"

#include "onem2m/cbor.h"
#include "onem2m/primitive.h"

#include <stdio.h>
#include <string.h>

#define HEAD "Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r7\r\nX-M2M-RVI: 3\r\n"
#define POST "POST /_/" FQDN "/- HTTP/1.1\r\n" HEAD
#define PUT  "PUT /_/" FQDN "/-/%s HTTP/1.1\r\n" HEAD

/* One request with content in `type`, and its answer. */
static void send_content(struct peer *p, const char *head, const char *type, json_t *content, bool cbor,
                         struct answer *a)
{
    struct om_secret body = OM_SECRET_INIT;
    assert_int_equal((cbor ? m2m_cbor_print : m2m_json_print)(content, &body, NULL), OM_OK);
    peer_send_text(p, "%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", head, type, body.len);
    peer_send(p, body.octets, body.len);
    peer_read(p, a, false);
    om_secret_free(&body);
    json_decref(content);
}

/* The answer's content, which must be of that type. */
static json_t *content_of(const struct answer *a, const char *type)
{
    json_t *tree = NULL;
    struct om_error err = {0};
    assert_string_equal(answer_header(a, "Content-Type"), type);
    size_t n = strtoul(answer_header(a, "Content-Length"), NULL, 10);
    om_rc rc = strstr(type, "cbor") != NULL ? m2m_cbor_parse(a->body, n, &tree, &err)
                                            : m2m_json_parse(a->body, n, &tree, &err);
    if (rc != OM_OK)
        fail_msg("%s", err.text);
    return tree;
}

static json_t *registration(void)
{
    return json_pack("{s:{s:s,s:s}}", "sec:mafcr", "et", "20990101T000000", "adfq", ADMIN);
}

/* The registration comes back in each type that is asked for, and says the same. */
static void each_way(void **state)
{
    static const struct {
        const char *sent, *accept, *got;
    } table[] = {
        {"application/cbor", "",
         "application/cbor"}, /* who does not say what it reads, reads what it writes */
        {"application/vnd.onem2m-res+cbor", "", "application/vnd.onem2m-res+cbor"},
        {"application/json", "", "application/json"},
        {"application/cbor", "Accept: application/json\r\n", "application/json"},
        {"application/json", "Accept: application/cbor\r\n", "application/cbor"},
        {"application/json", "Accept: application/xml, application/vnd.onem2m-res+cbor;q=0.1\r\n",
         "application/vnd.onem2m-res+cbor"},
        {"application/cbor", "Accept: */*\r\n", "application/vnd.onem2m-res+json"},
    };
    struct peer *p = peer_connect(*state);
    struct answer a;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool cbor = strstr(table[i].sent, "cbor") != NULL;
        char head[512];
        char type[80];
        (void)snprintf(head, sizeof head, POST "%s", table[i].accept);
        (void)snprintf(type, sizeof type, "%s; ty=20002", table[i].sent);
        send_content(p, head, type, registration(), cbor, &a);
        assert_int_equal(a.rsc, 2001);
        json_t *tree = content_of(&a, table[i].got);
        const char *id = json_string_value(json_object_get(json_object_get(tree, "sec:mafcr"), "ri"));
        assert_non_null(id);

        (void)snprintf(head, sizeof head, PUT "%s", id, table[i].accept);
        send_content(p, head, table[i].sent, json_pack("{s:{s:[s]}}", "sec:mafcr", "lbl", "a:\xc3\xbc"), cbor,
                     &a);
        assert_int_equal(a.rsc, 2004);
        json_t *updated = content_of(&a, table[i].got);
        json_t *wanted = json_pack("{s:{s:[s]}}", "sec:mafcr", "lbl", "a:\xc3\xbc");
        assert_true(json_equal(updated, wanted));

        peer_send_text(p, "DELETE /%s HTTP/1.1\r\n" HEAD "\r\n", id);
        peer_read(p, &a, false);
        assert_int_equal(a.rsc, 2002);
        json_decref(wanted);
        json_decref(updated);
        json_decref(tree);
    }
    peer_free(p);
}

/* An error too comes in the type that the peer reads. */
static void errors(void **state)
{
    struct peer *p = peer_connect(*state);
    struct answer a;
    peer_send_text(p, "GET /_/" FQDN "/-/none HTTP/1.1\r\n" HEAD "Accept: application/cbor\r\n\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 4004);
    json_t *tree = content_of(&a, "application/cbor");
    assert_true(json_is_string(json_object_get(tree, "m2m:dbg")));
    json_decref(tree);
    peer_send_text(p,
                   POST "Content-Type: application/cbor; ty=20002\r\nContent-Length: 3\r\n\r\n\xbf\x61\x61");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 4000);
    tree = content_of(&a, "application/cbor");
    assert_non_null(strstr(json_string_value(json_object_get(tree, "m2m:dbg")), "too early"));
    json_decref(tree);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
