/* The order of checks (MAF-GEN-12): session, version, From, existence, privilege, content. Each request here
 * is wrong in every respect from some stage on, and the first of them is what the answer names. */
#include "world.h"

struct request {
    bool session, version, from, exists, privilege, content;
};

/* All that is needed to make one request right or wrong in each respect. */
struct ground {
    struct device *owner, *stranger;
    char registration[M2M_RELATIVE_SIZE], key[M2M_RELATIVE_SIZE];
};

static struct ground prepare(void)
{
    struct ground g = {.owner = device_new(), .stranger = device_new()};
    registered(g.owner);
    memcpy(g.registration, g.owner->registration, sizeof g.registration);
    (void)snprintf(g.key, sizeof g.key, "%s", own_key(g.owner, 34, g.owner));
    device_connect(g.stranger);
    return g;
}

/* The stages from the last to the first: the code that each gives when all before it are right. */
static const int stages[] = {4107, 4001, 4106, 4004, 4103, 4000};

static struct request right_up_to(size_t stage)
{
    return (struct request){.session = stage > 0,
                            .version = stage > 1,
                            .from = stage > 2,
                            .exists = stage > 3,
                            .privilege = stage > 4,
                            .content = stage > 5};
}

static void run(const struct ground *g, const struct request *r, int op, const char *to, int want)
{
    struct device *d = r->privilege ? g->owner : g->stranger;
    struct maf_session kept = d->session;
    if (!r->session)
        d->session.peer = NULL;
    const char *member = strncmp(to, "cr-", 3) == 0 ? "sec:mafcr" : "sec:skr";
    char content[100] = "";
    if (!r->content && op == M2M_OP_UPDATE)
        (void)snprintf(content, sizeof content, ",'pc':{'%s':{'nonsense':1}}", member);
    else if (!r->content)
        (void)snprintf(content, sizeof content, ",'rcn':77,'pc':{'%s':{}}", member);
    else if (op == M2M_OP_UPDATE)
        (void)snprintf(content, sizeof content, ",'pc':{'%s':{'lbl':['a']}}", member);
    RSC(want, d, "{'op':%d,'to':'-/%s','rvi':'%s','fr':'%s'%s}", op, r->exists ? to : "unknown",
        r->version ? "3" : "9", r->from ? d->id : "//sp.example.com/other", content);
    if (!r->session) {
        assert_true(d->session.close);
        d->session = kept;
    }
}

static void each_stage(int op, bool of_key, int success)
{
    struct ground g = prepare();
    const char *to = of_key ? g.key : g.registration;
    for (size_t stage = 0; stage < sizeof stages / sizeof stages[0]; stage++) {
        struct request r = right_up_to(stage);
        run(&g, &r, op, to, stages[stage]);
    }
    struct request right = right_up_to(sizeof stages / sizeof stages[0]);
    run(&g, &right, op, to, success);
}

static void test_MAF_GEN_12_configuration_retrieval(void **state)
{
    (void)state;
    each_stage(M2M_OP_RETRIEVE, false, 2000);
}

static void test_MAF_GEN_12_registration_update(void **state)
{
    (void)state;
    each_stage(M2M_OP_UPDATE, false, 2004);
}

static void test_MAF_GEN_12_deregistration(void **state)
{
    (void)state;
    each_stage(M2M_OP_DELETE, false, 2002);
}

static void test_MAF_GEN_12_key_retrieval(void **state)
{
    (void)state;
    each_stage(M2M_OP_RETRIEVE, true, 2000);
}

static void test_MAF_GEN_12_key_update(void **state)
{
    (void)state;
    each_stage(M2M_OP_UPDATE, true, 2004);
}

static void test_MAF_GEN_12_key_deregistration(void **state)
{
    (void)state;
    each_stage(M2M_OP_DELETE, true, 2002);
}

/* For CREATE, what exists or not is the MAF, and privilege depends on adminFQDN, which stands in the content.
 */
static void test_MAF_GEN_12_registrations(void **state)
{
    (void)state;
    struct device *d = device_new();
#define CREATE(code, to, rvi, fr, adfq)                                                                      \
    RSC(code, d, "{'op':1,'to':'%s','ty':%d,'rvi':'%s','fr':'%s','pc':{'%s':{'adfq':'%s','nonsense':1}}}",   \
        to, ty, rvi, fr, ty == 20002 ? "sec:mafcr" : "sec:skr", adfq)
    for (int ty = 20002; ty <= 20003; ty++) {
        CREATE(4001, "//other.example.com/-", "9", "//sp.example.com/other", "unknown.example.com");
        CREATE(4106, "//other.example.com/-", "3", "//sp.example.com/other", "unknown.example.com");
        CREATE(4004, "//other.example.com/-", "3", d->id, "unknown.example.com");
        CREATE(4103, "-", "3", d->id, "unknown.example.com");
        if (ty == 20003)
            registered(d);
        CREATE(4000, "-", "3", d->id, ADMIN);
    }
    RSC(4117, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'" ADMIN "'}}}");
}

static void test_MAF_GEN_12_versions(void **state)
{
    (void)state;
    struct device *d = device_new();
    static const char *const bad[] = {"1", "2", "4", "2A", "3.0", " 3", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        RSC(4001, d, "{'op':2,'to':'-','rvi':'%s'}", bad[i]);
    RSC(4001, d, "{'op':2,'to':'-','rvi':null}"); /* missing counts as 1 */
    RSC(2000, d, "{'op':2,'to':'-','rvi':'2a'}");
    assert_string_equal(d->answer.rvi, "2a");
    RSC(2000, d, "{'op':2,'to':'-','rvi':'3'}");
    assert_string_equal(d->answer.rvi, "3");
}

static void test_MAF_GEN_12_request_parameters(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(4000, d, "{'op':2,'to':'-','rqi':null}");
    RSC(2000, d, "{'op':2,'to':'-','rqi':'my-own'}");
    assert_string_equal(d->answer.rqi, "my-own");
    RSC(4004, d, "{'op':2,'to':'-/x','rqi':'my-own'}");
    assert_string_equal(d->answer.rqi, "my-own");
    RSC(4008, d, "{'op':2,'to':'-','rqet':'%s'}", world_time(-1));
    RSC(2000, d, "{'op':2,'to':'-','rqet':'%s'}", world_time(1));
    RSC(2000, d, "{'op':2,'to':'-','rqet':500}");
    RSC(4000, d, "{'op':2,'to':'-','rqet':'soon'}");
    RSC(2000, d, "{'op':2,'to':'-','rt':{'rtv':3}}");
    RSC(5206, d, "{'op':2,'to':'-','rt':{'rtv':1}}");
    RSC(5001, d, "{'op':2,'to':'-','rt':{'rtv':4}}");
    RSC(4000, d, "{'op':9,'to':'-'}");
    RSC(4000, d, "{'op':2,'to':''}");
    RSC(4000, d, "{'op':2,'to':'-','ty':20002}");
    RSC(5001, d, "{'op':2,'to':'-','fc':{'lbl':['a']}}");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_GEN_12_configuration_retrieval),
        WORLD_TEST(test_MAF_GEN_12_registration_update),
        WORLD_TEST(test_MAF_GEN_12_deregistration),
        WORLD_TEST(test_MAF_GEN_12_key_retrieval),
        WORLD_TEST(test_MAF_GEN_12_key_update),
        WORLD_TEST(test_MAF_GEN_12_key_deregistration),
        WORLD_TEST(test_MAF_GEN_12_registrations),
        WORLD_TEST(test_MAF_GEN_12_versions),
        WORLD_TEST(test_MAF_GEN_12_request_parameters),
    };
    return WORLD_RUN(argc, argv, tests);
}
