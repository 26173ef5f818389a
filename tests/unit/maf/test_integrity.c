/* Rows altered by hand are refused, reported, and nothing else breaks (design §3). */
#include "world.h"

#include <unistd.h>

#define RETRIEVE "{'op':2,'to':'-/%s'}"

static void refused(struct device *d, const char *to)
{
    RSC(5000, d, RETRIEVE, to);
    assert_string_equal(answer_reason(d), "the record failed its integrity check");
    RSC(5000, d, "{'op':3,'to':'-/%s'}", to);
    RSC(5000, d, "{'op':4,'to':'-/%s'}", to);
}

static void test_an_added_target_gets_nothing(void **state)
{
    (void)state;
    struct device *d = device_new(), *thief = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    const char *theirs = own_key(d, 32, thief);
    RSC(2000, thief, RETRIEVE, theirs);
    world_sql("UPDATE key_registration SET targets = (SELECT targets FROM key_registration WHERE id = '%s')"
              " WHERE id = '%s'",
              theirs, key);
    refused(thief, key);
    refused(d, key);
    RSC(2000, thief, RETRIEVE, theirs);
}

static void test_a_swapped_key_value_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *key = own_key(d, 32, t);
    const char *other = exporter_key(d, d);
    world_sql("UPDATE key_registration SET value = (SELECT value FROM key_registration WHERE id = '%s')"
              " WHERE id = '%s'",
              other, key);
    refused(t, key);
}

static void test_a_moved_expiry_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    world_sql("UPDATE registration SET expires = expires + 1 WHERE id = '%s'", d->registration);
    refused(d, d->registration);
    RSC(5000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'" ADMIN "'}}}");
}

static void test_a_key_cannot_be_registered_under_an_altered_registration(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    world_sql("UPDATE registration SET modified = 1 WHERE id = '%s'", d->registration);
    RSC(5000, d,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN
        "','suid':32,'tgis':['%s']}}}",
        d->id);
    assert_false(d->session.exporter_used);
}

static void test_MAF_HS_6_swapped_key_blobs_open_nothing(void **state)
{
    (void)state;
    struct device *a = device_new(), *b = device_new();
    device_connect(a);
    world_sql("UPDATE credential SET km = (SELECT km FROM credential WHERE kmid = '%s') WHERE kmid = '%s'",
              b->kmid, a->kmid);
    (void)device_refused(a, a->kmid);
    (void)device_refused(b, a->kmid); /* with b's key under a's name: that is the attack */
    device_connect(b);
}

static void test_an_altered_policy_is_no_policy(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"suids\": [32]}");
    struct device *d = device_under(admin, 0);
    world_sql("UPDATE stakeholder SET policy = '{}' WHERE admin_fqdn = '%s'", admin);
    RSC(5000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'%s'}}}", admin);
}

static void test_a_forged_permit_permits_nothing(void **state)
{
    (void)state;
    const char *admin = world_stakeholder(NULL);
    struct device *d = device_new();
    world_sql("INSERT INTO permit SELECT '%s', '%s', mac FROM permit WHERE identity = '%s'", d->id, admin,
              d->id);
    RSC(5000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'%s'}}}", admin);
}

static void test_an_operator_can_remove_what_does_not_verify(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    world_sql("UPDATE key_registration SET suid = 33 WHERE id = '%s'", key);
    world_sql("UPDATE registration SET modified = 1 WHERE id = '%s'", d->registration);
    SUCCEEDS(maf_admin_key_revoke(world_store, key, ERR));
    SUCCEEDS(maf_admin_registration_revoke(world_store, d->registration, false, ERR));
    RSC(4004, d, RETRIEVE, key);
    registered(d);
    world_sql("UPDATE credential SET created = 1 WHERE kmid = '%s'", d->kmid);
    SUCCEEDS(maf_admin_client_revoke(world_store, d->kmid, ERR));
    RSC(4106, d, RETRIEVE, key);
}

/* Lines about refusals are bounded, since peers can cause them at will; those about altered rows are bounded
 * apart, and are not drowned in them. */
static void test_refusals_do_not_hide_altered_rows(void **state)
{
    (void)state;
    static char text[16384];
    struct device *d = device_new(), *nobody = device_new();
    registered(d);
    const char *key = own_key(d, 32, d), *altered = own_key(d, 32, d);
    world_sql("UPDATE key_registration SET suid = 33 WHERE id = '%s'", altered);
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(log);
    world_advance(1); /* a new second has its own share of lines */
    assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);
    for (int i = 0; i < 15; i++)
        (void)ask(nobody, RETRIEVE, key);
    (void)ask(nobody, RETRIEVE, altered);
    world_advance(1);
    (void)ask(nobody, RETRIEVE, key);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    rewind(log);
    size_t n = fread(text, 1, sizeof text - 1, log);
    (void)fclose(log);
    text[n] = '\0';
    assert_non_null(strstr(text, "audit: row-refused"));
    assert_non_null(strstr(text, "audit: lines-suppressed kind=refusal count=5"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_an_added_target_gets_nothing),
        WORLD_TEST(test_a_swapped_key_value_is_refused),
        WORLD_TEST(test_a_moved_expiry_is_refused),
        WORLD_TEST(test_a_key_cannot_be_registered_under_an_altered_registration),
        WORLD_TEST(test_MAF_HS_6_swapped_key_blobs_open_nothing),
        WORLD_TEST(test_an_altered_policy_is_no_policy),
        WORLD_TEST(test_a_forged_permit_permits_nothing),
        WORLD_TEST(test_an_operator_can_remove_what_does_not_verify),
        WORLD_TEST(test_refusals_do_not_hide_altered_rows),
    };
    return WORLD_RUN(argc, argv, tests);
}
