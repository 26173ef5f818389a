/* Identifiers: grammar, splitting, folding (MAF-HS-7, MAF-KT-6), and the vectors of the specification. */
#include "onem2m/ids.h"

#include "check.h"

struct verdict {
    const char *text;
    bool ok;
};

static void check_all(const struct verdict *cases, size_t n, bool (*is)(const char *))
{
    for (size_t i = 0; i < n; i++)
        if (is(cases[i].text) != cases[i].ok)
            fail_msg("'%s' should be %s", cases[i].text, cases[i].ok ? "accepted" : "refused");
}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X63 X60 "xxx"

static void fqdn(void **state)
{
    (void)state;
    static const struct verdict cases[] = {
        {"maf.example.com", true},
        {"localhost", true},
        {"a", true},
        {"a-b.c1", true},
        {X63 ".com", true},
        {X63 "." X63 "." X63 "." X60 "x", true}, /* 253 octets */
        {X63 "." X63 "." X63 "." X60 "xx", false},
        {X63 "x.com", false},
        {"", false},
        {".", false},
        {"maf.example.com.", false},
        {".example.com", false},
        {"maf..com", false},
        {"MAF.example.com", false},
        {"maf.Example.com", false},
        {"-maf.com", false},
        {"maf-.com", false},
        {"1maf.com", false},
        {"127.0.0.1", false},
        {"maf_1.com", false},
        {"maf.example.com:443", false},
        {"maf example.com", false},
        {"//maf.example.com", false},
        {"maf\n.com", false},
        {"caf\xc3\xa9.com", false},
    };
    check_all(cases, LENGTH(cases), m2m_is_fqdn);
}

static void absolute_id(void **state)
{
    (void)state;
    static const struct verdict cases[] = {
        {"//in.provider.com/cse1", true},
        {"//in.provider.com/cse1/Cae7", true},
        {"//in.provider.com/Sae9", true},
        {"//in.provider.com/1a.b-c_d", true},
        {"//in.provider.com", false},
        {"//in.provider.com/", false},
        {"//in.provider.com/cse1/", false},
        {"//in.provider.com/cse1/Cae7/x", false},
        {"//in.provider.com/cse1/C", false},
        {"//in.provider.com/cse1/Sae9", false}, /* S-type AE-IDs have one segment */
        {"//in.provider.com/cse1/ae7", false},
        {"//in.provider.com//Cae7", false},
        {"//IN.provider.com/cse1", false}, /* the FQDN is lower case */
        {"/cse1/Cae7", false},
        {"Cae7", false},
        {"", false},
        {"//", false},
        {"///cse1", false},
        {"//in.provider.com/~cse1", false},
        {"//in.provider.com/cse~1", false},
        {"//in.provider.com/-cse1", false},
        {"//in.provider.com/cse 1", false},
        {"//in.provider.com/cse1?x", false},
        {"m2m://in.provider.com/cse1", false},
    };
    check_all(cases, LENGTH(cases), m2m_is_absolute_id);
    char text[300];
    for (size_t n = 255; n <= 256; n++) {
        memset(text, 'x', n);
        memcpy(text, "//in.provider.com/", 18);
        text[n] = '\0';
        assert_int_equal(m2m_is_absolute_id(text), n == 255);
    }
}

static void relative_key_id(void **state)
{
    (void)state;
    static const struct verdict cases[] = {
        {"D4A9F1062CB66594A5AB6E93751F1688", true},
        {"a", true},
        {"9.x_y-z", true},
        {X63, true},
        {X63 "x", false},
        {"", false},
        {".a", false},
        {"-a", false},
        {"_a", false},
        {"a~b", false},
        {"a%20b", false},
        {"a\n", false},
    };
    check_all(cases, LENGTH(cases), m2m_is_relative_key_id);
}

static void key_id_splits(void **state)
{
    (void)state;
    char relative[M2M_RELATIVE_SIZE];
    char name[M2M_FQDN_SIZE];
    assert_int_equal(m2m_key_id_split("KM-0001@MAF.example.com", relative, name, NULL), OM_OK);
    assert_string_equal(relative, "KM-0001"); /* folding is the caller's choice */
    assert_string_equal(name, "maf.example.com");
}

static void key_id_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "km",
        "@maf.com",
        "km@",
        "km@@maf.com",
        "km@maf@com",
        "k m@maf.com",
        "-k@maf",
        "km@1maf",
        "km@maf.com.",
        "km@ma f",
        "km/1@maf",
        "km@maf/x",
        X63 "x@maf.com",
        X60 "@" X60 "."
            "xxxxxxx", /* 129 octets */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        char relative[M2M_RELATIVE_SIZE] = "old";
        char name[M2M_FQDN_SIZE] = "old";
        if (m2m_key_id_split(cases[i], relative, name, &err) != OM_EINPUT)
            fail_msg("'%s' should be refused", cases[i]);
        assert_string_equal(relative, "");
        assert_string_equal(name, "");
        assert_true(err.text[0] != '\0');
    }
}

static void key_id_joins(void **state)
{
    (void)state;
    char out[M2M_KEY_ID_SIZE];
    assert_int_equal(m2m_key_id_join(out, "km-0001", "maf.example.com", NULL), OM_OK);
    assert_string_equal(out, "km-0001@maf.example.com");
    assert_int_equal(m2m_key_id_join(out, X63,
                                     X60 "."
                                         "xxx",
                                     NULL),
                     OM_OK);
    assert_int_equal(m2m_key_id_join(out, X63,
                                     X60 "."
                                         "xxxx",
                                     NULL),
                     OM_EINPUT);
    assert_string_equal(out, "");
}

static void folds(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(m2m_fold(out, sizeof out, "Az@[Z9", NULL), OM_OK);
    assert_string_equal(out, "az@[z9");
    assert_int_equal(m2m_fold(out, sizeof out, "12345678", NULL), OM_EINPUT);
}

static void credential_id_is_made(void **state)
{
    (void)state;
    char out[M2M_ID_SIZE];
    assert_int_equal(m2m_credential_id(out, 11, "km-0001@maf.example.com", NULL), OM_OK);
    assert_string_equal(out, "11-km-0001@maf.example.com");
    assert_int_equal(m2m_credential_id(out, 17, "km", NULL), OM_EINPUT);
    assert_int_equal(m2m_credential_id(out, 11, "", NULL), OM_EINPUT);
    assert_int_equal(m2m_credential_id(out, 11, "a b", NULL), OM_EINPUT);
    assert_int_equal(m2m_credential_id(out, 11, "a\xc3\xa9", NULL), OM_EINPUT);
    char value[256];
    memset(value, 'x', sizeof value);
    value[252] = '\0';
    assert_int_equal(m2m_credential_id(out, 11, value, NULL), OM_OK);
    assert_true(m2m_is_credential_id(out));
    value[252] = 'x';
    value[253] = '\0';
    assert_int_equal(m2m_credential_id(out, 11, value, NULL), OM_EINPUT);
}

static void credential_id_is_known(void **state)
{
    (void)state;
    static const struct verdict cases[] = {
        {"11-km-0001@maf.example.com", true},
        {"34-urn:gsma:imei:90420156-025763-0", true},
        {"11", false},
        {"11-", false},
        {"1-km", false},
        {"011-km", false},
        {"17-km", false},
        {"29-km", false},
        {"35-km", false},
        {"40-km", false},
        {"46-km", false},
        {"56-km", false},
        {"11-k m", false},
        {"11-k;m", false},
        {"", false},
        {"xx-km", false},
    };
    check_all(cases, LENGTH(cases), m2m_is_credential_id);
}

static void nfkc_refuses(void **state)
{
    (void)state;
    char out[4];
    assert_int_equal(m2m_nfkc(out, sizeof out, "abc", NULL), OM_OK);
    assert_string_equal(out, "abc");
    assert_int_equal(m2m_nfkc(out, sizeof out, "", NULL), OM_OK);
    assert_string_equal(out, "");
    assert_int_equal(m2m_nfkc(out, sizeof out, "abcd", NULL), OM_EINPUT);
    assert_int_equal(m2m_nfkc(out, sizeof out, "abcdefgh", NULL), OM_EINPUT);
    assert_int_equal(m2m_nfkc(out, sizeof out, "\xff", NULL), OM_EINPUT);
    assert_int_equal(m2m_nfkc(out, sizeof out, "\xef\xac\x83", NULL),
                     OM_OK); /* the ligature ffi grows apart */
    assert_string_equal(out, "ffi");
}

/* spec/vectors.json */
static json_t *vectors(const char *section)
{
    json_error_t e;
    json_t *all = json_load_file(OPENMAF_TEST_VECTORS, 0, &e);
    if (all == NULL)
        fail_msg("%s: %s", OPENMAF_TEST_VECTORS, e.text);
    json_t *part = json_incref(json_object_get(all, section));
    json_decref(all);
    assert_non_null(part);
    return part;
}

static void vectors_identifiers(void **state)
{
    (void)state;
    json_t *v = vectors("identifiers");
    size_t i;
    json_t *item;
    const char *name;
    json_array_foreach(json_object_get(v, "ok_RelativeKeyID"), i, item)
        assert_true(m2m_is_relative_key_id(json_string_value(item)));
    assert_int_equal(i, 4);
    json_array_foreach(json_object_get(v, "bad_RelativeKeyID"), i, item)
        assert_false(m2m_is_relative_key_id(json_string_value(item)));
    assert_int_equal(i, 6);
    char relative[M2M_RELATIVE_SIZE];
    char fqdn_part[M2M_FQDN_SIZE];
    static const char *const ids[] = {"KmID", "KpsaID"};
    for (i = 0; i < LENGTH(ids); i++)
        assert_int_equal(
            m2m_key_id_split(json_string_value(json_object_get(v, ids[i])), relative, fqdn_part, NULL),
            OM_OK);
    json_array_foreach(json_object_get(v, "case_fold_equal"), i, item)
    {
        char a[M2M_KEY_ID_SIZE];
        char b[M2M_KEY_ID_SIZE];
        assert_int_equal(m2m_fold(a, sizeof a, json_string_value(json_array_get(item, 0)), NULL), OM_OK);
        assert_int_equal(m2m_fold(b, sizeof b, json_string_value(json_array_get(item, 1)), NULL), OM_OK);
        assert_string_equal(a, b);
    }
    assert_int_equal(i, 1);
    size_t n = 0;
    json_object_foreach(json_object_get(v, "credential_ids"), name, item)
    {
        const char *whole = json_string_value(item);
        char out[M2M_ID_SIZE];
        assert_true(m2m_is_credential_id(whole));
        assert_int_equal(m2m_credential_id(out, (unsigned)strtoul(whole, NULL, 10), whole + 3, NULL), OM_OK);
        assert_string_equal(out, whole);
        n++;
    }
    assert_int_equal(n, 5);
    json_decref(v);
}

static void vectors_key_identifiers(void **state)
{
    (void)state;
    json_t *v = vectors("exporter_10_3_1");
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(v, "cases"), i, item)
    {
        const char *hex = json_string_value(json_object_get(item, "id_octets_0_15"));
        uint8_t octets[16];
        for (size_t k = 0; k < sizeof octets; k++) {
            char pair[3] = {hex[2 * k], hex[2 * k + 1], '\0'};
            octets[k] = (uint8_t)strtoul(pair, NULL, 16);
        }
        char relative[33];
        m2m_relative_key_id(relative, octets);
        assert_string_equal(relative, json_string_value(json_object_get(item, "relative_id_text")));
    }
    assert_int_equal(i, 3);
    json_decref(v);
}

static void vectors_nfkc(void **state)
{
    (void)state;
    json_t *v = vectors("km_from_ke_10_3_2_nfkc");
    const char *maf_id = json_string_value(json_object_get(v, "MAF-ID"));
    char out[M2M_FQDN_SIZE];
    assert_string_not_equal(maf_id, "maf.example.com");
    assert_int_equal(m2m_nfkc(out, sizeof out, maf_id, NULL), OM_OK);
    assert_string_equal(out, "maf.example.com");
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fqdn),
        cmocka_unit_test(absolute_id),
        cmocka_unit_test(relative_key_id),
        cmocka_unit_test(key_id_splits),
        cmocka_unit_test(key_id_refused),
        cmocka_unit_test(key_id_joins),
        cmocka_unit_test(folds),
        cmocka_unit_test(credential_id_is_made),
        cmocka_unit_test(credential_id_is_known),
        cmocka_unit_test(nfkc_refuses),
        cmocka_unit_test(vectors_identifiers),
        cmocka_unit_test(vectors_key_identifiers),
        cmocka_unit_test(vectors_nfkc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
