/* CoAP messages to and from octets, and the tables of options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "coap/block.h"
#include "coap/options.h"
#include "onem2m/wire_names.h"

#include <string.h>

static void example(struct om_coap_message *m, size_t payload)
{
    static uint8_t octets[70000];
    om_coap_init(m, OM_COAP_POST, (const uint8_t *)"token", 5);
    m->type = OM_COAP_NON;
    m->mid = 0x1234;
    om_coap_add_text(m, WIRE_COAP_FR, "//in.provider.com/cse1");
    om_coap_add_text(m, OM_COAP_URI_PATH, "a");
    om_coap_add_uint(m, WIRE_COAP_TY, 20003);
    om_coap_add_text(m, OM_COAP_URI_PATH, "b");
    om_coap_add(m, OM_COAP_URI_PATH, "", 0);
    om_coap_add_uint(m, OM_COAP_MAX_AGE, 0);
    om_coap_add_uint(m, 65535, 0xffffffff);
    memset(octets, 'x', sizeof octets);
    m->payload = octets;
    m->payload_len = payload;
}

static void both_ways(void **state)
{
    (void)state;
    static const enum om_coap_transport transports[] = {OM_COAP_DATAGRAM, OM_COAP_STREAM};
    static const size_t sizes[] = {0, 1, 200, 1000, 65000, 66000, 70000};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            struct om_coap_message m, out;
            struct om_secret octets = OM_SECRET_INIT;
            example(&m, sizes[j]);
            assert_int_equal(om_coap_encode(transports[i], &m, &octets, NULL), OM_OK);
            assert_int_equal(om_coap_parse(transports[i], octets.octets, octets.len, &out, NULL), OM_OK);
            if (i == 1)
                assert_int_equal(om_coap_frame_size(octets.octets, octets.len), octets.len);
            assert_int_equal(out.code, OM_COAP_POST);
            assert_int_equal(out.type, i == 0 ? OM_COAP_NON : 0);
            assert_int_equal(out.mid, i == 0 ? 0x1234 : 0);
            assert_int_equal(out.token_len, 5);
            assert_memory_equal(out.token, "token", 5);
            assert_int_equal(out.payload_len, sizes[j]);
            assert_int_equal(out.n_options, 7);
            static const uint16_t order[] = {11, 11, 11, 14, 267, 279, 65535};
            for (size_t k = 0; k < 7; k++)
                assert_int_equal(out.options[k].number, order[k]);
            assert_int_equal(out.options[0].value[0], 'a');
            assert_int_equal(out.options[1].value[0], 'b');
            assert_int_equal(out.options[2].len, 0);
            assert_int_equal(out.options[3].len, 0);
            uint32_t v = 0;
            assert_true(om_coap_uint(om_coap_find(&out, WIRE_COAP_TY), &v) && v == 20003);
            assert_true(om_coap_uint(om_coap_find(&out, 65535), &v) && v == 0xffffffff);
            assert_null(om_coap_find(&out, 12));
            om_coap_free(&out);
            om_coap_free(&out);
            om_secret_free(&octets);
        }
    }
}

/* Cut anywhere, a message is malformed or another message, and never read beyond. */
static void cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct om_coap_message m, out;
        struct om_secret octets = OM_SECRET_INIT;
        enum om_coap_transport t = i == 0 ? OM_COAP_DATAGRAM : OM_COAP_STREAM;
        example(&m, 3);
        assert_int_equal(om_coap_encode(t, &m, &octets, NULL), OM_OK);
        for (size_t n = 0; n < octets.len; n++) {
            struct om_secret part = OM_SECRET_INIT; /* so that sanitizers see its end */
            assert_int_equal(om_secret_set(&part, octets.octets, n, NULL), OM_OK);
            om_rc rc = om_coap_parse(t, part.octets, n, &out, NULL);
            assert_true(rc == OM_EINPUT || (rc == OM_OK && t == OM_COAP_DATAGRAM));
            om_coap_free(&out);
            if (i == 1)
                assert_true(om_coap_frame_size(part.octets, n) == 0 ||
                            om_coap_frame_size(part.octets, n) == octets.len);
            om_secret_free(&part);
        }
        om_secret_free(&octets);
    }
}

static void too_much(void **state)
{
    (void)state;
    struct om_coap_message m, out;
    struct om_secret octets = OM_SECRET_INIT;
    uint8_t value[300];
    memset(value, 1, sizeof value);
    om_coap_init(&m, OM_COAP_GET, NULL, 0);
    for (size_t i = 0; i < 10; i++)
        om_coap_add(&m, OM_COAP_URI_QUERY, value, 250);
    assert_true(m.overflow);
    assert_int_equal(om_coap_encode(OM_COAP_DATAGRAM, &m, &octets, NULL), OM_EINPUT);
    om_coap_init(&m, OM_COAP_GET, NULL, 0);
    for (size_t i = 0; i < OM_COAP_OPTIONS_MAX; i++)
        om_coap_add(&m, OM_COAP_URI_QUERY, value, 1);
    assert_false(m.overflow);
    assert_int_equal(om_coap_encode(OM_COAP_DATAGRAM, &m, &octets, NULL), OM_OK);
    assert_int_equal(om_coap_parse(OM_COAP_DATAGRAM, octets.octets, octets.len, &out, NULL), OM_OK);
    om_coap_free(&out);
    om_coap_add(&m, OM_COAP_URI_QUERY, value, 1);
    assert_true(m.overflow);
    om_secret_free(&octets);
    uint8_t many[4 + 65];
    memset(many, 0, sizeof many);
    memcpy(many, "\x40\x01\x00\x01\x10", 5);
    assert_int_equal(om_coap_parse(OM_COAP_DATAGRAM, many, sizeof many, &out, NULL), OM_EINPUT);
    assert_int_equal(out.mid, 1);
    om_coap_free(&out);
}

static void numbers(void **state)
{
    (void)state;
    struct om_coap_message m;
    uint32_t v = 0;
    static const struct {
        uint32_t v;
        size_t len;
    } table[] = {{0, 0}, {1, 1}, {255, 1}, {256, 2}, {65536, 3}, {0xffffffff, 4}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        om_coap_init(&m, 1, NULL, 0);
        om_coap_add_uint(&m, 14, table[i].v);
        assert_int_equal(m.options[0].len, table[i].len);
        assert_true(om_coap_uint(&m.options[0], &v) && v == table[i].v);
    }
    const struct om_coap_option five = {.number = 14, .value = (const uint8_t *)"12345", .len = 5};
    assert_false(om_coap_uint(&five, &v));
}

static void blocks(void **state)
{
    (void)state;
    struct om_coap_message m;
    struct om_coap_block b;
    om_coap_init(&m, 1, NULL, 0);
    om_coap_block_add(&m, OM_COAP_BLOCK1, &(struct om_coap_block){.num = 0xfffff, .more = true, .szx = 6});
    assert_true(om_coap_block_get(&m.options[0], &b));
    assert_true(b.num == 0xfffff && b.more && b.szx == 6);
    assert_int_equal(om_coap_block_size(&b), 1024);
    assert_int_equal(om_coap_block_offset(&b), (size_t)0xfffff * 1024);
    om_coap_block_add(&m, OM_COAP_BLOCK1, &(struct om_coap_block){.num = 0x100000});
    assert_true(m.overflow);
    om_coap_init(&m, 1, NULL, 0);
    om_coap_add_uint(&m, OM_COAP_BLOCK1, 7);
    assert_false(om_coap_block_get(&m.options[0], &b));
    om_coap_init(&m, 1, NULL, 0);
    om_coap_add_uint(&m, OM_COAP_BLOCK1, 0x1000000);
    assert_false(om_coap_block_get(&m.options[0], &b));
}

static void tables(void **state)
{
    (void)state;
    static const uint16_t known[] = {3, 7, 11, 15, 17, 23, 27, 35, 39, 259, 279, 283, 307, 339};
    static const uint16_t unknown[] = {1, 5, 9, 13, 253, 341, 65535};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_false(om_coap_unknown_critical(known[i]));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_true(om_coap_unknown_critical(unknown[i]));
    assert_false(om_coap_unknown_critical(65534));
    assert_int_equal(om_coap_m2m_param("fr")->number, 279);
    assert_string_equal(om_coap_m2m_option(283)->param, "rqi");
    assert_null(om_coap_m2m_option(284));
    assert_null(om_coap_m2m_param("nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways), cmocka_unit_test(cut),    cmocka_unit_test(too_much),
        cmocka_unit_test(numbers),   cmocka_unit_test(blocks), cmocka_unit_test(tables),
    };
    om_coap_log();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
