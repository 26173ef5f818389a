/* Discovery (spec/wire §3, visibility of spec/maf §12). */
#include "world.h"

/* The last answer lists exactly these identifiers, in any order. */
static void lists(const struct device *d, size_t n, const char *const *ids)
{
    const json_t *list = json_object_get(d->answer.pc, "m2m:uril");
    if (json_array_size(list) != n)
        fail_msg("%zu identifiers expected: %s", n, d->text);
    for (size_t i = 0; i < n; i++)
        if (strstr(d->text, ids[i]) == NULL)
            fail_msg("%s expected: %s", ids[i], d->text);
}
#define LISTS(d, ...)                                                                                        \
    lists((d), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                                  \
          (const char *const[]){__VA_ARGS__})
#define LISTS_NOTHING(d) lists((d), 0, NULL)

#define FIND "{'op':2,'to':'-','fc':{'fu':1%s}}"

static void test_visibility_own_records_own_keys_and_keys_that_list_me(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new(), *stranger = device_new();
    registered(d);
    const char *key = own_key(d, 32, t);
    RSC(2000, d, FIND, "");
    LISTS(d, d->registration, key);
    RSC(2000, t, FIND, "");
    LISTS(t, key);
    RSC(2000, stranger, FIND, "");
    LISTS_NOTHING(stranger);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'tgis':['%s']}}}", key, stranger->id);
    RSC(2000, t, FIND, "");
    LISTS_NOTHING(t);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", key);
    RSC(2000, stranger, FIND, "");
    LISTS_NOTHING(stranger);
}

static void test_labels_types_and_their_combination(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'lbl':['x','who:me']}}}", d->registration);
    const char *key = own_key(d, 32, d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'lbl':['x','y']}}}", key);
    RSC(2000, d, FIND, ",'lbl':['x']");
    LISTS(d, d->registration, key);
    RSC(2000, d, FIND, ",'lbl':['y']");
    LISTS(d, key);
    RSC(2000, d, FIND, ",'lbl':['y','who:me']"); /* any of them */
    LISTS(d, d->registration, key);
    RSC(2000, d, FIND, ",'lbl':['X']");
    LISTS_NOTHING(d);
    RSC(2000, d, FIND, ",'lbl':['who']");
    LISTS_NOTHING(d);
    RSC(2000, d, FIND, ",'ty':20002");
    LISTS(d, d->registration);
    RSC(2000, d, FIND, ",'ty':20003");
    LISTS(d, key);
    RSC(2000, d, FIND, ",'ty':20003,'lbl':['who:me']");
    LISTS_NOTHING(d);
    RSC(2000, d, FIND, ",'ty':20003,'lbl':['who:me'],'fo':2");
    LISTS(d, d->registration, key);
}

static void test_time_bounds_lower_inclusive_upper_exclusive(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    char made[M2M_TIMESTAMP_SIZE], changed[M2M_TIMESTAMP_SIZE], ends[M2M_TIMESTAMP_SIZE];
    memcpy(made, world_time(0), sizeof made);
    memcpy(changed, world_time(50), sizeof changed);
    memcpy(ends, world_time(500), sizeof ends);
    world_advance(50);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'%s'}}}", d->registration, ends);
    const struct {
        const char *name, *at;
        bool lower;
    } bounds[] = {{"cra", made, true},    {"crb", made, false}, {"ms", changed, true},
                  {"us", changed, false}, {"exa", ends, true},  {"exb", ends, false}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        RSC(2000, d, "{'op':2,'to':'-','fc':{'fu':1,'%s':'%s'}}", bounds[i].name, bounds[i].at);
        lists(d, bounds[i].lower ? 1 : 0, (const char *const[]){d->registration});
        int64_t t = 0;
        char next[M2M_TIMESTAMP_SIZE];
        SUCCEEDS(m2m_timestamp_parse(bounds[i].at, &t, ERR));
        m2m_timestamp_format(next, t + 1);
        RSC(2000, d, "{'op':2,'to':'-','fc':{'fu':1,'%s':'%s'}}", bounds[i].name, next);
        lists(d, bounds[i].lower ? 0 : 1, (const char *const[]){d->registration});
    }
}

static void test_limit_and_offset(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    for (int i = 0; i < 4; i++)
        (void)own_key(d, 32, d);
    char seen[5][M2M_RELATIVE_SIZE];
    for (int i = 0; i < 5; i++) {
        RSC(2000, d, "{'op':2,'to':'-','fc':{'fu':1,'lim':1,'ofst':%d}}", i);
        const json_t *list = json_object_get(d->answer.pc, "m2m:uril");
        assert_int_equal(json_array_size(list), 1);
        (void)snprintf(seen[i], sizeof seen[i], "%s", json_string_value(json_array_get(list, 0)));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(seen[k], seen[i]);
    }
    RSC(2000, d, FIND, ",'ofst':5");
    LISTS_NOTHING(d);
    RSC(2000, d, FIND, ",'lim':3");
    assert_int_equal(json_array_size(json_object_get(d->answer.pc, "m2m:uril")), 3);
}

static void test_references_instead_of_identifiers(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(2000, d, "{'op':2,'to':'-','rcn':6,'fc':{'fu':1}}");
    ANSWER_IS(d, "{'m2m:rrl':{'rrf':[{'nm':'%s','typ':20002,'val':'%s'}]}}", d->registration,
              d->registration);
    RSC(2000, d, "{'op':2,'to':'-','rcn':0,'fc':{'fu':1}}");
    assert_null(d->answer.pc);
    RSC(4000, d, "{'op':2,'to':'-','rcn':4,'fc':{'fu':1}}");
    RSC(4000, d, "{'op':2,'to':'-','fc':{'fu':1},'pc':{'m2m:atrl':['et']}}");
}

static void test_MAF_GEN_7_expired_records_are_not_found(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'%s'}}}", key, world_time(10));
    world_advance(10);
    RSC(2000, d, FIND, "");
    LISTS(d, d->registration);
}

static void test_rows_that_do_not_verify_are_absent(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *kept = own_key(d, 32, d);
    const char *altered = own_key(d, 32, d);
    world_sql("UPDATE key_registration SET expires = expires + 1 WHERE id = '%s'", altered);
    RSC(2000, d, FIND, "");
    LISTS(d, d->registration, kept);
}

/* What a row says of itself decides only whether it is verified, never what is found. */
static void test_a_row_does_not_match_by_an_altered_label(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *wanted = own_key(d, 32, d), *altered = own_key(d, 32, d), *other = own_key(d, 32, d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'lbl':['a','b']}}}", wanted);
    world_sql("UPDATE key_registration SET labels = (SELECT labels FROM key_registration WHERE id = '%s')"
              " WHERE id = '%s'",
              wanted, altered);
    world_sql("UPDATE key_registration SET mac = zeroblob(32) WHERE id = '%s'", other);
    RSC(2000, d, FIND, ",'lbl':['b']");
    LISTS(d, wanted);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_visibility_own_records_own_keys_and_keys_that_list_me),
        WORLD_TEST(test_labels_types_and_their_combination),
        WORLD_TEST(test_time_bounds_lower_inclusive_upper_exclusive),
        WORLD_TEST(test_limit_and_offset),
        WORLD_TEST(test_references_instead_of_identifiers),
        WORLD_TEST(test_MAF_GEN_7_expired_records_are_not_found),
        WORLD_TEST(test_rows_that_do_not_verify_are_absent),
        WORLD_TEST(test_a_row_does_not_match_by_an_altered_label),
    };
    return WORLD_RUN(argc, argv, tests);
}
