/* Bodies in blocks (RFC 7959), both ways. */
#include "server.h"

#include <stdio.h>
#include <string.h>

/* A registration with labels: some 3 KB. */
static const char *big_registration(void)
{
    static char json[8192];
    int n = snprintf(json, sizeof json,
                     "{\"sec:mafcr\":{\"et\":\"20300101T000000\",\"adfq\":\"%s\",\"lbl\":[", ADMIN);
    for (unsigned i = 0; i < 24; i++)
        n += snprintf(json + n, sizeof json - (size_t)n, "%s\"l%u:%0100u\"", i > 0 ? "," : "", i, i);
    (void)snprintf(json + n, sizeof json - (size_t)n, "]}}");
    return json;
}

static void begin_create(struct peer *p, struct om_coap_message *m)
{
    peer_request(p, m, OM_COAP_POST, BASE);
    om_coap_add_uint(m, WIRE_COAP_TY, 20002);
    om_coap_add_uint(m, OM_COAP_CONTENT_FORMAT, WIRE_COAP_JSON);
}

/* Block num of text as one request; the answer in out. */
static void send_block(struct peer *p, const char *text, uint32_t num, unsigned szx,
                       struct om_coap_message *out)
{
    struct om_coap_message m;
    struct om_coap_block b = {.num = num, .szx = szx};
    size_t offset = om_coap_block_offset(&b);
    size_t size = om_coap_block_size(&b);
    b.more = strlen(text) > offset + size;
    begin_create(p, &m);
    om_coap_block_add(&m, OM_COAP_BLOCK1, &b);
    m.payload = (const uint8_t *)text + offset;
    m.payload_len = b.more ? size : strlen(text) - offset;
    peer_exchange(p, &m, out);
}

static void expect_block(struct peer *p, const char *text, uint32_t num, unsigned szx, uint8_t code)
{
    struct om_coap_message out;
    send_block(p, text, num, szx, &out);
    if (out.code != code)
        fail_msg("block %u: %u.%02u %.*s", num, out.code >> 5, out.code & 31u, (int)out.payload_len,
                 (const char *)out.payload);
    om_coap_free(&out);
}

#define CONTINUE   OM_COAP_CODE(2, 31)
#define INCOMPLETE OM_COAP_CODE(4, 8)

/* Without Size1, in each size, some blocks twice; and the answer fetched in blocks. */
static void upload_and_download(void **state)
{
    (void)state;
    for (unsigned szx = 2; szx <= OM_COAP_SZX_MAX; szx++) {
        struct server *s = server_start(&server_defaults);
        struct peer *p = peer_connect(s);
        const char *text = big_registration();
        struct om_coap_message out;
        struct om_coap_block b;
        size_t size = (size_t)16 << szx;
        uint32_t last = (uint32_t)((strlen(text) - 1) / size);
        for (uint32_t i = 0; i < last; i++) {
            expect_block(p, text, i, szx, CONTINUE);
            if (i % 3 == 1)
                expect_block(p, text, i, szx, CONTINUE);
        }
        send_block(p, text, last, szx, &out);
        assert_int_equal(rsc_of(&out), 2001);
        assert_true(om_coap_block_get(om_coap_find(&out, OM_COAP_BLOCK1), &b));
        assert_true(b.num == last && !b.more && b.szx == szx);
        char body[8192];
        size_t filled = 0;
        uint32_t whole = uint_of(&out, OM_COAP_SIZE2);
        for (;;) {
            assert_true(om_coap_block_get(om_coap_find(&out, OM_COAP_BLOCK2), &b));
            assert_int_equal(om_coap_block_offset(&b), filled);
            assert_true(filled + out.payload_len < sizeof body);
            memcpy(body + filled, out.payload, out.payload_len);
            filled += out.payload_len;
            om_coap_free(&out);
            if (!b.more)
                break;
            struct om_coap_message m;
            begin_create(p, &m);
            b.num++;
            b.more = false;
            om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
            peer_exchange(p, &m, &out);
            assert_int_equal(rsc_of(&out), 2001);
        }
        assert_int_equal(filled, whole);
        json_t *tree = NULL;
        assert_int_equal(m2m_json_parse(body, filled, &tree, NULL), OM_OK);
        json_decref(tree);
        peer_free(p);
        server_wait_sessions(s, 0);
        struct coaps_stats stats;
        server_stats(s, &stats);
        assert_int_equal(stats.buffered, 0);
        server_stop(s);
    }
}

static void refused(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    const char *text = big_registration();
    struct om_coap_message m, out;
    struct coaps_stats stats;
    expect_block(p, text, 1, 6, INCOMPLETE); /* nothing before it */
    expect_block(p, text, 0, 6, CONTINUE);
    expect_block(p, text, 2, 6, INCOMPLETE); /* one is missing */
    expect_block(p, text, 1, 6, INCOMPLETE); /* and so all is lost */
    expect_block(p, text, 0, 6, CONTINUE);
    peer_request(p, &m, OM_COAP_GET, "-"); /* another request in between does not disturb */
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
    expect_block(p, text, 1, 6, CONTINUE);
    begin_create(p, &m); /* payload shorter than a block */
    om_coap_block_add(&m, OM_COAP_BLOCK1, &(struct om_coap_block){.num = 0, .more = true, .szx = 6});
    m.payload = (const uint8_t *)"x";
    m.payload_len = 1;
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, OM_COAP_CODE(4, 0));
    om_coap_free(&out);
    begin_create(p, &m); /* the reserved size */
    om_coap_add_uint(&m, OM_COAP_BLOCK1, 7);
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, OM_COAP_CODE(4, 0));
    om_coap_free(&out);
    begin_create(p, &m); /* too long an option makes the message malformed */
    om_coap_add_uint(&m, OM_COAP_BLOCK1, 0x10000000);
    peer_send(p, &m);
    peer_receive(p, &out);
    assert_int_equal(out.type, OM_COAP_RST);
    om_coap_free(&out);
    expect_block(p, text, 0, 6, CONTINUE); /* a block of another request */
    begin_create(p, &m);
    om_coap_add_text(&m, WIRE_COAP_RQET, "20990101T000000");
    om_coap_block_add(&m, OM_COAP_BLOCK1, &(struct om_coap_block){.num = 1, .more = true, .szx = 6});
    m.payload = (const uint8_t *)text;
    m.payload_len = 1024;
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, INCOMPLETE);
    om_coap_free(&out);
    server_stats(s, &stats);
    assert_true(stats.buffered < 2000); /* only answers that may be asked for again */
    peer_free(p);
    server_stop(s);
}

static void too_large(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.max_body = 2048;
    struct server *s = server_start(&opt);
    struct peer *p = peer_connect(s);
    const char *text = big_registration();
    struct om_coap_message m, out;
    expect_block(p, text, 0, 6, CONTINUE);
    expect_block(p, text, 1, 6, CONTINUE);
    send_block(p, text, 2, 6, &out);
    assert_int_equal(out.code, OM_COAP_CODE(4, 13));
    assert_int_equal(uint_of(&out, OM_COAP_SIZE1), 2048);
    om_coap_free(&out);
    begin_create(p, &m); /* announced */
    om_coap_block_add(&m, OM_COAP_BLOCK1, &(struct om_coap_block){.num = 0, .more = true, .szx = 6});
    om_coap_add_uint(&m, OM_COAP_SIZE1, 0xffffffff);
    m.payload = (const uint8_t *)text;
    m.payload_len = 1024;
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, OM_COAP_CODE(4, 13));
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* All sessions together have a bound; one that has room is served. */
static void no_room(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.max_buffered = 5000;
    struct server *s = server_start(&opt);
    struct peer *a = peer_connect(s);
    struct peer *b = peer_connect(s);
    const char *text = big_registration();
    struct om_coap_message m, out;
    expect_block(a, text, 0, 6, CONTINUE);
    expect_block(b, text, 0, 6, OM_COAP_CODE(5, 3));
    peer_request(b, &m, OM_COAP_GET, "-");
    peer_exchange(b, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
    peer_free(a);
    server_wait_sessions(s, 1);
    expect_block(b, text, 0, 6, CONTINUE);
    peer_free(b);
    server_stop(s);
}

/* A client may want small blocks from the beginning, and may come back later. */
static void small_download(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    struct coaps_stats stats;
    char body[4096];
    size_t filled = 0;
    struct om_coap_block b = {.szx = 1};
    for (bool more = true; more; b.num++) {
        peer_request(p, &m, OM_COAP_GET, "-");
        om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
        peer_exchange(p, &m, &out);
        assert_int_equal(rsc_of(&out), 2000);
        struct om_coap_block got;
        assert_true(om_coap_block_get(om_coap_find(&out, OM_COAP_BLOCK2), &got));
        assert_true(got.num == b.num && got.szx == 1);
        more = got.more;
        assert_true(out.payload_len <= 32 && (!more || out.payload_len == 32));
        memcpy(body + filled, out.payload, out.payload_len);
        filled += out.payload_len;
        om_coap_free(&out);
    }
    body[filled] = '\0';
    assert_non_null(strstr(body, "sec:mafb"));
    assert_int_equal(body[filled - 1], '}');
    server_stats(s, &stats);
    assert_int_equal(stats.buffered, 0);
    assert_int_equal(stats.requests, b.num);
    b.num = 1; /* one from the middle, of a response that is not kept */
    peer_request(p, &m, OM_COAP_GET, "-");
    om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    assert_memory_equal(out.payload, body + 32, 32);
    om_coap_free(&out);
    b.num = 0xfffff; /* beyond the end */
    peer_request(p, &m, OM_COAP_GET, "-");
    om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 4000);
    om_coap_free(&out);
    begin_create(p, &m); /* of a request that is not repeated */
    om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, INCOMPLETE);
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* The rest of a response is not sent to a peer whose credential was revoked in between. */
static void revoked_between_blocks(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    struct om_coap_block b = {.szx = 1};
    peer_request(p, &m, OM_COAP_GET, "-");
    om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
    server_revoke(s);
    b.num = 1;
    peer_request(p, &m, OM_COAP_GET, "-");
    om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 4106);
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* A body may be a key: it is kept while blocks of it are missing, and no longer. */
static void nothing_is_kept_behind_the_last_block(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    struct coaps_stats stats;
    struct om_coap_block b = {.num = 0, .szx = 1};
    bool more = true;
    for (; more; b.num++) {
        peer_request(p, &m, OM_COAP_GET, "-");
        om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
        peer_exchange(p, &m, &out);
        assert_int_equal(rsc_of(&out), 2000);
        more = out.payload_len == om_coap_block_size(&b);
        om_coap_free(&out);
        server_stats(s, &stats);
        assert_int_equal(stats.buffered > 0, more);
    }
    b.num--; /* the last one alone: carried out once more */
    peer_request(p, &m, OM_COAP_GET, "-");
    om_coap_block_add(&m, OM_COAP_BLOCK2, &b);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
    server_stats(s, &stats);
    assert_int_equal(stats.buffered, 0);
    peer_free(p);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload_and_download),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_large),
        cmocka_unit_test(no_room),
        cmocka_unit_test(revoked_between_blocks),
        cmocka_unit_test(small_download),
        cmocka_unit_test(nothing_is_kept_behind_the_last_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
