/* MEF Client Commands (spec rules MEF-CMD-*): records that somebody edited, and two sessions of one client.
 */
#include "mef_world.h"

#define COMMAND "{\"cmci\":3,\"cmar\":{\"mnca\":{\"obp\":\"/maf/1\",\"oti\":3}}}"

static long long queue(const struct device *d)
{
    char id[M2M_RELATIVE_SIZE];
    SUCCEEDS(mef_admin_command_add(world_store, world_se, FQDN, d->id, ADMIN, COMMAND, id, ERR));
    return atoll(id); /* NOLINT(cert-err34-c): ours */
}

static void test_MEF_CMD_5_a_command_is_issued_before_it_is_told(void **state)
{
    (void)state;
    struct device *d = device_new();
    long long id = queue(d);
    struct store_command r;
    char text[24];
    registered(d);
    RSC(2000, d, "{'op':2,'to':'-/%s/cmd','rcn':0}", d->registration);
    assert_null(d->answer.pc);
    (void)snprintf(text, sizeof text, "%lld", id);
    SUCCEEDS(store_command_get(world_store, text, &r, ERR));
    assert_int_equal(r.state, STORE_COMMAND_ISSUED);
    assert_int_equal(r.issued, world_now());
    store_command_free(&r);
    RSC(2000, d, "{'op':2,'to':'-/%s/cmd'}", d->registration);
    assert_int_equal(answer_number(d, "cmsc"), 11);
}

static void test_MEF_CMD_1_an_altered_command_is_not_given(void **state)
{
    (void)state;
    struct device *d = device_new();
    long long id = queue(d);
    registered(d);
    world_sql("UPDATE command SET description = replace(description, '/maf/1', '/maf/2') WHERE id = '%lld'",
              id);
    RSC(5000, d, "{'op':2,'to':'-/%s/cmd'}", d->registration);
    RSC(5000, d, "{'op':3,'to':'-/%s/cmd','pc':{'sec:mefcc':{'cmid':%lld,'cmsc':20}}}", d->registration, id);
    /* The operator can take it away. */
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", id);
    SUCCEEDS(mef_admin_command_remove(world_store, text, ERR));
    RSC(2000, d, "{'op':2,'to':'-/%s/cmd'}", d->registration);
    ANSWER_IS(d,
              "{'sec:mefcc':{'rn':'cmd','ty':20006,'pi':'%s','cmid':%lld,'cmsc':10,"
              "'cmds':{'cmci':0,'cmar':{'nmca':{'rtdu':'PT3600S'}}}}}",
              d->registration, answer_number(d, "cmid"));
}

static void test_MEF_CMD_3_a_report_counts_once(void **state)
{
    (void)state;
    struct device *d = device_new();
    long long first = queue(d);
    long long second = queue(d);
    registered(d);
    RSC(2000, d, "{'op':2,'to':'-/%s/cmd'}", d->registration);
    RSC(2004, d, "{'op':3,'to':'-/%s/cmd','pc':{'sec:mefcc':{'cmid':%lld,'cmsc':43}}}", d->registration,
        first);
    assert_int_equal(answer_number(d, "cmid"), second);
    /* The response was lost: the client repeats it. */
    RSC(2004, d, "{'op':3,'to':'-/%s/cmd','pc':{'sec:mefcc':{'cmid':%lld,'cmsc':20}}}", d->registration,
        first);
    assert_int_equal(answer_number(d, "cmid"), second);
    assert_int_equal(answer_number(d, "cmsc"), 11);
    assert_int_equal(world_sql_integer("SELECT status FROM command WHERE id = '%lld'", first), 43);
}

static void test_retry_and_uri_are_configured(void **state)
{
    (void)state;
    struct maf_options opt = {.command_retry = 60, .device_config_uri = "1:https://dm.example.com/x"};
    world_restart(&opt);
    struct device *d = device_new();
    registered(d);
    RSC(2000, d, "{'op':2,'to':'-/%s/cmd'}", d->registration);
    assert_non_null(strstr(d->text, "PT60S"));
    RSC(2000, d, "{'op':2,'to':'-'}");
    assert_string_equal(answer_text(d, "dcfu"), opt.device_config_uri);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MEF_CMD_5_a_command_is_issued_before_it_is_told),
        WORLD_TEST(test_MEF_CMD_1_an_altered_command_is_not_given),
        WORLD_TEST(test_MEF_CMD_3_a_report_counts_once),
        WORLD_TEST(test_retry_and_uri_are_configured),
    };
    return MEF_RUN(argc, argv, tests);
}
