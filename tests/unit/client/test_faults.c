/* A token that fails now and then: whatever fails, what was reported as done is there, and what was not done
 * is not half there. On the RAM token, whose faults are drawn from a seed. */
#include "answers.h"

#define SEEDS 60

static int token_fails_often(struct openmaf **client)
{
    openmaf_close(*client);
    *client = NULL;
    return openmaf_open(fixture_home(), client, ERROR);
}

/* Points the home at the same token with faults: about one call in `every`. */
static void set_faults(unsigned every, unsigned seed)
{
    char path[600];
    char text[8192];
    char uri[2200];
    (void)snprintf(path, sizeof path, "%s/maf.conf", fixture_home());
    size_t n = fixture_read(path, text, sizeof text - 1);
    text[n] = '\0';
    char *at = strstr(text, "\nuri = ");
    assert_non_null(at);
    const char *rest = strchr(at + 1, '\n');
    (void)snprintf(uri, sizeof uri, "\nuri = %s&fail-every=%u&seed=%u", fixture_token->uri, every, seed);
    char out[12000];
    int len = snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, uri, rest);
    fixture_write(path, out, (size_t)len);
}

static size_t whole_records(struct openmaf *client)
{
    struct openmaf_key **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_key_list(client, &list, &n, ERROR));
    for (size_t i = 0; i < n; i++)
        if (list[i]->problem != NULL)
            fail_msg("%s: %s", list[i]->key_id, list[i]->problem);
    openmaf_key_list_free(list, n);
    return n;
}

static void one_seed(void **state, unsigned seed, bool generate)
{
    static const char *const targets[] = {TARGET};
    const struct openmaf_key_request rq = {.size = sizeof rq,
                                           .stakeholder = ADMIN,
                                           .suid = 32,
                                           .targets = targets,
                                           .n_targets = 1,
                                           .generate = generate};
    (void)start(state);
    set_faults(6, seed);
    size_t done = 0;
    int code = token_fails_often(&maf);
    if (code == OPENMAF_OK)
        code = openmaf_key_register(maf, &rq, NULL, ERROR);
    done = code == OPENMAF_OK;
    if (code != OPENMAF_OK)
        assert_string_not_equal(ERROR->text, "");
    set_faults(0, 1);
    SUCCEEDS(token_fails_often(&maf));
    assert_int_equal(whole_records(maf), done);
    /* what the MAF made and this end could not keep was ended there too, as far as the token let it */
    (void)stop(state);
}

static void test_exporter(void **state)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        one_seed(state, seed, false);
}

static void test_generated(void **state)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        one_seed(state, seed, true);
}

static void test_retrieval(void **state)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        (void)start(state);
        set_faults(6, seed);
        int code = token_fails_often(&maf);
        struct openmaf_key *k = NULL;
        struct openmaf_secret *value = NULL;
        if (code == OPENMAF_OK)
            code = openmaf_key_retrieve(maf, KEY_ID, &k, &value, ERROR);
        assert_true((code == OPENMAF_OK) == (k != NULL && value != NULL));
        openmaf_key_free(k);
        openmaf_secret_free(value);
        set_faults(0, 1);
        SUCCEEDS(token_fails_often(&maf));
        assert_int_equal(whole_records(maf), code == OPENMAF_OK);
        (void)stop(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exporter),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_retrieval),
    };
    fixture_kind(2, (char *[]){"", "ram"});
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
