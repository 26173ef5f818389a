/* MEF Client Commands: how one is judged, what is remembered, and the exchanges with a scripted MEF. */
#include "answers.h"
#include "client/command.h"
#include "client/command_state.h"
#include "client/registration.h"
#include "onem2m/primitive.h"
#include "util/text.h"

#include <signal.h>

#define KPMID    "kpm-1@mef.example.com"
#define NODE     "{\"cmci\":3,\"cmar\":{\"mnca\":{\"obp\":\"/x\",\"oti\":3}}}"
#define KEY_NODE "{\"cmci\":3,\"cmar\":{\"mnca\":{\"obp\":\"/app/key\",\"oti\":1,\"otsa\":{\"suid\":22}}}}"
#define MORE     "{\"cmci\":0,\"cmar\":{\"nmca\":{\"rtdu\":\"PT100S\"}}}"

/* --- judging --- */

static const bool all[] = {true, true, true, true};
static const bool nodes[] = {true, false, false, true};

static struct m2m_resource issued(int64_t id, int status, const char *description)
{
    struct m2m_resource r = {.cmid = id, .cmsc = status};
    assert_int_equal(m2m_json_parse(description, strlen(description), &r.cmds, NULL), OM_OK);
    return r;
}

static enum command_turn judge(struct command_state *s, int64_t id, int status, const char *description,
                               const bool *supports)
{
    struct m2m_resource r = issued(id, status, description);
    struct m2m_command c;
    enum command_turn turn = COMMAND_REST;
    assert_int_equal(command_judge(s, &r, OWN_ID, supports, 1000, &c, &turn, NULL), OM_OK);
    m2m_resource_free(&r);
    return turn;
}

static void refused(const char *description, const bool *supports, int status)
{
    struct command_state s = {.phase = COMMAND_NONE};
    assert_int_equal(judge(&s, 4, 10, description, supports), COMMAND_REPORT);
    assert_int_equal(s.status, status);
    assert_int_equal(s.phase, COMMAND_EXECUTED);
    assert_int_equal(s.id, 4);
    assert_string_not_equal(s.why, "");
    command_state_free(&s);
}

static void test_MEF_CMD_4_judged_in_order(void **state)
{
    (void)state;
    struct command_state s = {.phase = COMMAND_NONE};
    assert_int_equal(judge(&s, 2, 10, NODE, all), COMMAND_EXECUTE);
    assert_int_equal(s.phase, COMMAND_RECEIVED);
    s.phase = COMMAND_REPORTED;
    s.status = 20;
    /* a repeated cmdID goes before everything else that is wrong with the command */
    assert_int_equal(judge(&s, 2, 11, "{\"cmci\":9}", nodes), COMMAND_REPORT);
    assert_int_equal(s.status, 40);
    command_state_free(&s);
    refused("{\"cmci\":9,\"cmar\":{}}", all, 41);
    refused("{\"cmci\":2,\"cmar\":{\"dcca\":{\"dcfu\":\"3:coaps://a.example\"}}}", nodes, 41);
    refused("{}", all, 42);
    refused("{\"cmci\":\"3\"}", all, 42);
    refused("{\"cmci\":3,\"cmar\":{\"mnca\":{\"obp\":\"/x\"}}}", all, 42);
    refused("{\"cmci\":2,\"cmar\":{\"dcca\":{\"dcfu\":\"9:x\"}}}", all, 42);
    refused("{\"cmci\":3,\"cmar\":{\"mnca\":{\"obp\":\"/x\",\"oti\":3}},\"ctid\":\"//other.example/cse\"}",
            all, 43);
}

static void test_MEF_CMD_5_executed_and_not_reported(void **state)
{
    (void)state;
    struct command_state s = {.phase = COMMAND_EXECUTED, .id = 2, .status = 305};
    assert_int_equal(judge(&s, 2, 11, NODE, all), COMMAND_REPORT);
    assert_int_equal(s.status, 305); /* as it was, and not executed again */
    s.phase = COMMAND_RECEIVED;      /* begun, but not known to have ended */
    assert_int_equal(judge(&s, 2, 11, NODE, all), COMMAND_EXECUTE);
    assert_int_equal(judge(&s, 4, 10, NODE, all), COMMAND_EXECUTE); /* another one in its place */
    assert_int_equal(s.id, 4);
    command_state_free(&s);
}

static void test_MEF_CMD_6_the_timer(void **state)
{
    (void)state;
    struct command_state s = {.phase = COMMAND_REPORTED, .id = 2, .status = 20};
    assert_int_equal(judge(&s, 3, 10, MORE, all), COMMAND_REST);
    assert_int_equal(s.again, 1100);
    assert_int_equal(s.id, 2); /* it is no command to report on */
    assert_int_equal(judge(&s, 4, 10, NODE, all), COMMAND_EXECUTE);
    assert_int_equal(s.again, 0); /* cancelled */
    command_state_free(&s);
}

static void test_MEF_CMD_1_no_answer_of_a_mef(void **state)
{
    (void)state;
    static const int wrong[] = {0, 20, 40, 305};
    for (size_t i = 0; i < 4; i++) {
        struct command_state s = {.phase = COMMAND_NONE};
        struct m2m_resource r = issued(2, wrong[i], NODE);
        struct m2m_command c;
        enum command_turn turn;
        assert_int_equal(command_judge(&s, &r, OWN_ID, all, 1000, &c, &turn, NULL), OM_EINTEGRITY);
        m2m_resource_free(&r);
        command_state_free(&s);
    }
}

/* --- with a MEF --- */

static struct {
    size_t n, next;
    char answers[8][400];
    bool lose_reports;            /* a report gets no answer, as if the MEF ended */
    const char *member, *instead; /* of the answer to a key registration, and what it gets, as JSON */
    unsigned deleted, prolonged;
    char key[PEER_TEXT_MAX]; /* the last key registration */
} mef;

static void queue(int64_t id, int status, const char *description)
{
    (void)snprintf(mef.answers[mef.n++], sizeof mef.answers[0],
                   "{\"sec:mefcc\":{\"cmid\":%lld,\"cmsc\":%d,\"cmds\":%s}}", (long long)id, status,
                   description);
}

/* As the MEF should, but for mef.member. */
static void answer_key(const struct peer_request *rq, struct peer_reply *reply)
{
    char name[33];
    json_t *key = request_resource(rq, "sec:skr");
    (void)stpcpy(mef.key, rq->body);
    om_hex_upper(name, rq->exported, 16);
    (void)json_object_set_new(key, "rn", json_string(name));
    (void)json_object_set_new(key, "ri", json_string(name));
    (void)json_object_set_new(key, "cr", json_string(OWN_ID));
    (void)json_object_set_new(key, "ty", json_integer(20003));
    if (mef.member != NULL)
        (void)json_object_set_new(key, mef.member, json_loads(mef.instead, JSON_DECODE_ANY, NULL));
    json_t *content = json_pack("{s:o}", "sec:skr", key);
    *reply = (struct peer_reply){.status = 201, .rsc = 2001};
    size_t n = json_dumpb(content, reply->body, sizeof reply->body - 1, 0);
    reply->body[n] = '\0';
    json_decref(content);
}

/* A MEF that gives the end in mef.instead, whatever was asked for. */
static void answer_update(struct peer_reply *reply)
{
    *reply = (struct peer_reply){.status = 200, .rsc = 2004};
    (void)snprintf(reply->body, sizeof reply->body, "{\"sec:skr\":{\"et\":%s}}", mef.instead);
    mef.prolonged++;
}

static void answer_as_mef(void *arg, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)arg;
    if (request_begins(rq, "POST") && strstr(rq->body, "sec:skr") != NULL) {
        answer_key(rq, reply);
        return;
    }
    if (request_begins(rq, "PUT") && strstr(rq->body, "sec:skr") != NULL) {
        answer_update(reply);
        return;
    }
    if (request_begins(rq, "DELETE")) {
        *reply = (struct peer_reply){.status = 200, .rsc = 2002};
        mef.deleted++;
        return;
    }
    if (request_begins(rq, "POST")) {
        *reply = (struct peer_reply){.status = 201, .rsc = 2001};
        (void)snprintf(reply->body, sizeof reply->body,
                       "{\"sec:mefcr\":{\"rn\":\"reg-1\",\"ri\":\"reg-1\",\"ty\":20005,\"cr\":\"" OWN_ID
                       "\",\"adfq\":\"" ADMIN "\",\"et\":\"20990101T000000\"}}");
        return;
    }
    bool report = request_begins(rq, "PUT");
    *reply = (struct peer_reply){.status = 200, .rsc = report ? 2004 : 2000};
    if (report && mef.lose_reports)
        *reply = (struct peer_reply){.status = 503, .rsc = 5105};
    else
        (void)stpcpy(reply->body, mef.answers[mef.next < mef.n ? mef.next++ : mef.n - 1]);
}

static int start_mef(void **state)
{
    (void)state;
    memset(&mef, 0, sizeof mef);
    peer = peer_start(fixture_binding, fixture_cbor, KPMID, fixture_km, answer_as_mef, NULL);
    peer_ways(peer)->label = "EXPORTER-oneM2M-Bootstrap";
    fixture_mef = peer_port(peer);
    maf = fixture_client(1, NULL);
    fixture_mef = 0;
    SUCCEEDS(openmaf_credential_import(maf, KPMID, fixture_km, 32, ERROR));
    const struct openmaf_registration_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .server = OPENMAF_MEF};
    SUCCEEDS(openmaf_register(maf, &rq, NULL, ERROR));
    return 0;
}

struct told {
    size_t n;
    int64_t id[8];
    int status[8];
};

static void on_reported(void *arg, const struct openmaf_command *c)
{
    struct told *t = arg;
    t->id[t->n] = c->id;
    t->status[t->n++] = c->status;
}

static int run(struct told *told, int64_t *again)
{
    const struct openmaf_commands rq = {.size = sizeof rq, .reported = on_reported, .arg = told};
    memset(told, 0, sizeof *told);
    return openmaf_mef_commands(maf, &rq, again, ERROR);
}

static void test_MEF_CMD_3_reports_and_goes_on(void **state)
{
    (void)state;
    struct told told;
    int64_t again = 0;
    queue(2, 10, NODE);
    queue(4, 10, "{\"cmci\":7,\"cmar\":{}}");
    queue(5, 10, MORE);
    int64_t before = client_now();
    SUCCEEDS(run(&told, &again));
    assert_int_equal(told.n, 2);
    assert_int_equal(told.id[0], 2);
    assert_int_equal(told.status[0], 300);
    assert_int_equal(told.id[1], 4);
    assert_int_equal(told.status[1], 41);
    assert_in_range((uintmax_t)(again - before), 100, 110);
    const struct peer_request *first = peer_request_at(peer, 1);
    const struct peer_request *second = peer_request_at(peer, 2);
    assert_string_equal(first->line, "GET /_/" MEF_FQDN "/-/reg-1/cmd HTTP/1.1");
    assert_string_equal(second->line, "PUT /_/" MEF_FQDN "/-/reg-1/cmd HTTP/1.1");
    assert_string_equal(second->body, "{\"sec:mefcc\":{\"cmid\":2,\"cmsc\":300}}");
    assert_int_equal(peer_count(peer), 4);
}

/* MEF-CMD-2: between a command and the report on it nothing is retrieved, also by the next process. */
static void test_MEF_CMD_2_MEF_CMD_5_a_report_that_is_lost(void **state)
{
    (void)state;
    struct told told;
    struct openmaf_command **list = NULL;
    size_t n = 0;
    mef.lose_reports = true;
    queue(2, 10, NODE);
    queue(3, 10, MORE);
    FAILS(OPENMAF_ETEMPORARY, run(&told, NULL));
    assert_int_equal(told.n, 0);
    SUCCEEDS(openmaf_command_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 1);
    assert_int_equal(list[0]->status, 300);
    assert_int_equal(list[0]->reported, 0);
    openmaf_command_list_free(list, n);
    mef.lose_reports = false;
    size_t before = peer_count(peer);
    openmaf_close(maf);
    SUCCEEDS(openmaf_open(fixture_home(), &maf, ERROR));
    SUCCEEDS(run(&told, NULL));
    assert_int_equal(told.n, 1);
    assert_int_equal(told.status[0], 300);
    assert_true(request_begins(peer_request_at(peer, before), "PUT"));
    assert_int_equal(peer_count(peer), before + 1);
}

static void test_MEF_CMD_4_repeated(void **state)
{
    (void)state;
    struct told told;
    queue(2, 10, NODE);
    queue(2, 11, NODE);
    queue(3, 10, MORE);
    SUCCEEDS(run(&told, NULL));
    assert_int_equal(told.n, 2);
    assert_int_equal(told.status[0], 300);
    assert_int_equal(told.status[1], 40);
}

/* A profile for a key of the MEF that lives a day, as KEY_NODE names it. */
static void set_profile(void)
{
    static const char profile[] =
        "{\"type\":\"authenticationProfile\",\"suid\":22,\"keyRegDuration\":\"P1D\",\"keyRegLabels\":[\"a\"],"
        "\"TLSCiphersuites\":[\"TLS_PSK_WITH_AES_128_CBC_SHA256\",\"TLS_PSK_WITH_AES_128_CCM_8\"]}";
    SUCCEEDS(
        openmaf_object_set(maf, "/app", "{\"type\":\"registration\",\"CSEBase\":\"/cse2/base\"}", ERROR));
    SUCCEEDS(openmaf_object_set(maf, "/app/key", profile, ERROR));
    SUCCEEDS(openmaf_object_set(
        maf, "/app/key/cfg",
        "{\"type\":\"MEFClientRegCfg\",\"fqdn\":\"" MEF_FQDN "\",\"adfq\":\"" ADMIN "\"}", ERROR));
}

/* What is sent, and each answer for which a command-driven client fails; then it ends the registration. */
static void test_MEF_KR_7_sent_and_checked(void **state)
{
    (void)state;
    static const struct {
        const char *member, *instead;
    } wrong[] = {{"et", "\"20200101T000000\""},           {"cr", "\"//sp.example.com/cse1/Cother\""},
                 {"adfq", "\"other.example.com\""},       {"suid", "23"},
                 {"tgis", "[\"//sp.example.com/cse3\"]"}, {"rn", "\"00112233445566778899AABBCCDDEEFF\""}};
    const size_t n = sizeof wrong / sizeof wrong[0];
    set_profile();
    for (size_t i = 0; i <= n; i++) {
        struct m2m_command c;
        struct om_error why = {0};
        int status = 0;
        json_t *description = NULL;
        assert_int_equal(m2m_json_parse(KEY_NODE, strlen(KEY_NODE), &description, NULL), OM_OK);
        assert_int_equal(m2m_command_parse(description, &c, &status, NULL), OM_OK);
        json_decref(description);
        mef.member = i < n ? wrong[i].member : NULL;
        mef.instead = i < n ? wrong[i].instead : NULL;
        mef.deleted = 0;
        assert_int_equal(command_execute(maf, &c, &why),
                         i < n ? M2M_CMD_MO_NODE_EXECUTION_ERROR : M2M_CMD_OK);
        assert_int_equal(mef.deleted, i < n ? 1 : 0);
    }
    json_t *sent = json_loads(mef.key, 0, NULL);
    json_t *key = json_object_get(sent, "sec:skr");
    int64_t et = 0;
    assert_int_equal(json_object_size(key), 5); /* no Key Value */
    assert_int_equal(m2m_timestamp_parse(json_string_value(json_object_get(key, "et")), &et, NULL), OM_OK);
    assert_in_range((uintmax_t)(et - client_now()), 86400 - 60, 86400);
    assert_string_equal(json_string_value(json_array_get(json_object_get(key, "lbl"), 0)), "a");
    assert_string_equal(json_string_value(json_object_get(key, "adfq")), ADMIN);
    assert_int_equal(json_integer_value(json_object_get(key, "suid")), 22);
    assert_string_equal(json_string_value(json_array_get(json_object_get(key, "tgis"), 0)),
                        "//sp.example.com/cse2");
    json_decref(sent);
}

/* A MEF whose keys live shorter than is asked for is not asked again at once, for ever. */
static void test_MEF_KR_8_less_than_was_asked_for(void **state)
{
    (void)state;
    struct told told;
    char end[M2M_TIMESTAMP_SIZE];
    char text[M2M_TIMESTAMP_SIZE + 2];
    int64_t again = 0;
    int64_t before = client_now();
    m2m_timestamp_format(end, before + 100);
    (void)snprintf(text, sizeof text, "\"%s\"", end);
    mef.member = "et";
    mef.instead = text;
    set_profile();
    queue(2, 10, KEY_NODE);
    queue(3, 10, MORE);
    SUCCEEDS(run(&told, &again));
    assert_int_equal(told.status[0], 20);
    assert_int_equal(mef.prolonged, 1);
    assert_in_range((uintmax_t)again, before + 50, before + 99); /* half of what is left */
}

/* Of an administrator of former times, say; the others are not held up by it. */
static void test_MEF_CMD_2_a_registration_that_has_ended(void **state)
{
    (void)state;
    struct told told;
    struct registration *r = registration_new();
    assert_non_null(r);
    (void)stpcpy(r->stakeholder, "former.example.com");
    (void)stpcpy(r->id, "reg-0");
    (void)stpcpy(r->client_id, OWN_ID);
    r->pub.expires = client_now() - 1;
    assert_int_equal(registration_write(maf, &maf->home.mef, r, NULL), OM_OK);
    openmaf_registration_free(&r->pub);
    queue(3, 10, MORE);
    SUCCEEDS(run(&told, NULL));
    assert_string_equal(peer_request_at(peer, 1)->line, "GET /_/" MEF_FQDN "/-/reg-1/cmd HTTP/1.1");
    assert_int_equal(peer_count(peer), 2);
}

static void test_a_mef_out_of_order(void **state)
{
    (void)state;
    struct told told;
    queue(2, 12, NODE);
    FAILS(OPENMAF_EINTEGRITY, run(&told, NULL));
    SAYS("cmdStatusCode 12");
}

/* A process that ignores SIGCHLD gets no exit status: that is no success. */
static void test_a_program_whose_end_is_not_known(void **state)
{
    (void)state;
    struct m2m_command c = {.command_class = M2M_CMD_DEV_CFG, .management = 3, .uri = "coaps://a.example"};
    struct om_error why = {0};
    struct sigaction before;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)stpcpy(maf->home.device_config, "/bin/true");
    assert_int_equal(command_device(maf, &c, &why), M2M_CMD_OK);
    assert_int_equal(sigaction(SIGCHLD, &ignore, &before), 0);
    int status = command_device(maf, &c, &why);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_int_equal(status, M2M_CMD_DEV_CFG_CLIENT_ERROR);
    assert_non_null(strstr(why.text, "not known"));
    (void)stpcpy(maf->home.device_config, "/bin/false");
    assert_int_equal(command_device(maf, &c, &why), M2M_CMD_DEV_CFG_SERVER_ERROR);
}

static void test_arguments(void **state)
{
    (void)state;
    struct openmaf_commands rq = {.size = sizeof rq - 1};
    FAILS(OPENMAF_EINPUT, openmaf_mef_commands(maf, NULL, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_mef_commands(maf, &rq, NULL, ERROR));
    rq = (struct openmaf_commands){.size = sizeof rq, .stakeholder = "Not.An.FQDN"};
    FAILS(OPENMAF_EINPUT, openmaf_mef_commands(maf, &rq, NULL, ERROR));
    rq.stakeholder = "other.example.com";
    FAILS(OPENMAF_ENOTFOUND, openmaf_mef_commands(maf, &rq, NULL, ERROR));
    SAYS("mef register");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_MEF_CMD_4_judged_in_order),
        cmocka_unit_test(test_MEF_CMD_5_executed_and_not_reported),
        cmocka_unit_test(test_MEF_CMD_6_the_timer),
        cmocka_unit_test(test_MEF_CMD_1_no_answer_of_a_mef),
        cmocka_unit_test_setup_teardown(test_MEF_CMD_3_reports_and_goes_on, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_MEF_CMD_2_MEF_CMD_5_a_report_that_is_lost, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_MEF_CMD_4_repeated, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_MEF_KR_7_sent_and_checked, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_MEF_KR_8_less_than_was_asked_for, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_MEF_CMD_2_a_registration_that_has_ended, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_a_mef_out_of_order, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_a_program_whose_end_is_not_known, start_mef, stop),
        cmocka_unit_test_setup_teardown(test_arguments, start_mef, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
