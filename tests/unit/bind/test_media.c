/* Media types and their negotiation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "bind/media.h"

#include <string.h>

static void content_types(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        om_rc rc;
        bool served;
        const char *ty;
    } table[] = {
        {"application/json", OM_OK, true, ""},
        {"application/vnd.onem2m-res+json;ty=20002", OM_OK, true, "20002"},
        {"APPLICATION/JSON ; TY=\"3\" ; charset=UTF-8", OM_OK, true, "3"},
        {"application/json; charset=\"u\\tf-8\"", OM_OK, true, ""},
        {"application/json; charset=utf-16", OM_OK, false, ""},
        {"application/xml; ty=1", OM_OK, false, "1"},
        {"application/cbor", OM_OK, true, ""},
        {"application/vnd.onem2m-res+cbor; ty=20003", OM_OK, true, "20003"},
        {"application/vnd.onem2m-preq+json", OM_OK, false, ""},
        {"application/vnd.onem2m-preq+cbor", OM_OK, false, ""},
        {"", OM_EINPUT, false, ""},
        {"json", OM_EINPUT, false, ""},
        {"application/", OM_EINPUT, false, ""},
        {"/json", OM_EINPUT, false, ""},
        {"application/json;", OM_EINPUT, false, ""},
        {"application/json; ty", OM_EINPUT, false, ""},
        {"application/json; ty=", OM_EINPUT, false, ""},
        {"application/json; ty=\"1", OM_EINPUT, false, ""},
        {"application/json; ty=\"1\\", OM_EINPUT, false, ""},
        {"application/json; ty=1; ty=1", OM_EINPUT, false, ""},
        {"application/json; ty=123456789", OM_EINPUT, false, ""},
        {"application/json, text/html", OM_EINPUT, false, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct media_content_type out;
        om_rc rc = media_content_type_parse(table[i].value, &out, NULL);
        if (rc != table[i].rc ||
            (rc == OM_OK && ((out.media != NULL) != table[i].served || strcmp(out.ty, table[i].ty) != 0)))
            fail_msg("'%s': %s", table[i].value, om_rc_name(rc));
    }
}

static void accept(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *chosen; /* NULL: none; "": malformed */
    } table[] = {
        {"*/*", "application/vnd.onem2m-res+json"},
        {"application/*", "application/vnd.onem2m-res+json"},
        {"application/json", "application/json"},
        {"Application/JSON", "application/json"},
        {"application/json, application/vnd.onem2m-res+json", "application/vnd.onem2m-res+json"},
        {"application/vnd.onem2m-res+json;q=0.5,application/json;q=0.501", "application/json"},
        {"application/json;q=0.1, */*;q=0.01", "application/json"},
        {"*/*;q=0.5, application/json;q=0", "application/vnd.onem2m-res+json"},
        {"application/vnd.onem2m-res+json;q=0, application/*", "application/json"},
        {"application/json;version=1;q=1.000", "application/json"},
        {" application/json ", "application/json"},
        {"", NULL},
        {"text/html", NULL},
        {"text/*", NULL},
        {"*/*;q=0", NULL},
        {"application/xml, application/vnd.onem2m-res+xml", NULL},
        {"application/xml, application/cbor", "application/cbor"},
        {"application/vnd.onem2m-res+cbor", "application/vnd.onem2m-res+cbor"},
        {"application/cbor, application/json;q=0.9", "application/cbor"},
        {"application/cbor, application/json", "application/json"},
        {"json", ""},
        {"application/json;q=2", ""},
        {"application/json;q=1.001", ""},
        {"application/json;q=0.1234", ""},
        {"application/json;q=x", ""},
        {"application/json;", ""},
        {"application/json application/xml", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct media_preference p = {0};
        om_rc rc = media_accept(&p, table[i].value, NULL);
        const struct media *m = media_choose(&p);
        const char *got = rc != OM_OK ? "" : m != NULL ? m->name : NULL;
        bool same = got == NULL || table[i].chosen == NULL ? got == table[i].chosen
                                                           : strcmp(got, table[i].chosen) == 0;
        if (!same)
            fail_msg("'%s': %s", table[i].value, got);
    }
}

static void accept_twice(void **state)
{
    (void)state;
    struct media_preference p = {0};
    assert_ptr_equal(media_choose(&p), media_default());
    assert_int_equal(media_accept(&p, "text/html", NULL), OM_OK);
    assert_null(media_choose(&p));
    assert_int_equal(media_accept(&p, "application/json;q=0.2", NULL), OM_OK);
    assert_string_equal(media_choose(&p)->name, "application/json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_types),
        cmocka_unit_test(accept),
        cmocka_unit_test(accept_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
