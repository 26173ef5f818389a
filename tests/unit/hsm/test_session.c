/* The session is lost, another program logs out, the process forks: nothing old is used, and it recovers. */
#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

static const struct se_part text = {"message", 7};
static const uint8_t octets[32] = {1, 2, 3, 4};

struct lost {
    struct se_token *tok;
    se_handle key;
    se_handle minted;
    uint8_t blob[SE_BLOB_MAX];
    size_t n;
    uint8_t mac[SE_MAC_SIZE];
};

static void start(struct lost *l, struct se_token *tok)
{
    l->tok = tok;
    l->n = sizeof l->blob;
    SUCCEEDS(plugin->key_mint(l->tok, octets, sizeof octets, &l->minted, ERR));
    SUCCEEDS(plugin->key_wrap(l->tok, SE_ROOT_WRAP, l->minted, l->blob, &l->n, ERR));
    SUCCEEDS(plugin->key_load(l->tok, l->blob, l->n, sizeof octets, &l->key, ERR));
    SUCCEEDS(plugin->hmac(l->tok, l->key, &text, 1, l->mac, ERR));
}

/* A key that came from a blob is there again; of one that did not there is nothing left. */
static void works_again(struct lost *l)
{
    uint8_t mac[SE_MAC_SIZE];
    se_handle again = 0;
    SUCCEEDS(plugin->hmac(l->tok, l->key, &text, 1, mac, ERR));
    assert_memory_equal(mac, l->mac, sizeof mac);
    FAILS(OM_ETRANSIENT, plugin->hmac(l->tok, l->minted, &text, 1, mac, ERR));
    SAYS("lost");
    SUCCEEDS(plugin->key_load(l->tok, l->blob, l->n, sizeof octets, &again, ERR));
    assert_true(again != l->key && again != l->minted);
    plugin->key_free(l->tok, l->minted); /* gives back the number and touches nothing */
    plugin->key_free(l->tok, l->key);
    SUCCEEDS(plugin->hmac(l->tok, again, &text, 1, mac, ERR));
    plugin->key_free(l->tok, again);
    FAILS(OM_EINTERNAL, plugin->hmac(l->tok, again, &text, 1, mac, ERR));
}

static void closed_session_is_opened_again(void **state)
{
    (void)state;
    struct lost l;
    uint8_t mac[SE_MAC_SIZE];
    start(&l, fixture_open_provisioned());
    assert_int_equal(raw_functions()->C_CloseAllSessions(raw_slot()), CKR_OK);
    FAILS(OM_ETRANSIENT, plugin->hmac(l.tok, l.key, &text, 1, mac, ERR));
    works_again(&l);
    plugin->close(l.tok);
}

static void health_recovers_at_once(void **state)
{
    (void)state;
    struct lost l;
    start(&l, fixture_open_provisioned());
    for (int i = 0; i < 3; i++) { /* within the second in which other calls would wait */
        assert_int_equal(raw_functions()->C_CloseAllSessions(raw_slot()), CKR_OK);
        SUCCEEDS(plugin->health(l.tok, ERR));
    }
    works_again(&l);
    plugin->close(l.tok);
}

static void logout_by_somebody_else_is_survived(void **state)
{
    (void)state;
    struct lost l;
    start(&l, fixture_open_provisioned());
    CK_SESSION_HANDLE session = raw_session();
    assert_int_equal(raw_functions()->C_Logout(session), CKR_OK);
    SUCCEEDS(plugin->health(l.tok, ERR));
    works_again(&l);
    plugin->close(l.tok);
}

/* As a library does that has a session of its own with the token: ours goes on, but its objects may be gone.
 */
static void logout_and_login_by_somebody_else_is_survived(void **state)
{
    (void)state;
    struct lost l;
    char pin[64] = "";
    uint8_t mac[SE_MAC_SIZE];
    start(&l, fixture_open_provisioned());
    FILE *f = fopen(fixture_token->pin_source + strlen("file:"), "r");
    assert_true(f != NULL && fgets(pin, sizeof pin, f) != NULL && fclose(f) == 0);
    CK_SESSION_HANDLE session = raw_session();
    assert_int_equal(raw_functions()->C_Logout(session), CKR_OK);
    assert_int_equal(raw_functions()->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), CKR_OK);
    (void)plugin->hmac(l.tok, l.key, &text, 1, mac, ERR); /* finds out, where they are gone */
    SUCCEEDS(plugin->health(l.tok, ERR));
    SUCCEEDS(plugin->hmac(l.tok, l.key, &text, 1, mac, ERR));
    assert_memory_equal(mac, l.mac, sizeof mac);
    plugin->close(l.tok);
}

static void finalised_by_somebody_else_is_survived(void **state)
{
    (void)state;
    struct lost l;
    start(&l, fixture_open_provisioned());
    assert_int_equal(raw_functions()->C_Finalize(NULL), CKR_OK);
    SUCCEEDS(plugin->health(l.tok, ERR));
    works_again(&l);
    plugin->close(l.tok);
}

static void unplugged_token_comes_back(void **state)
{
    (void)state;
    struct lost l;
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok));
    SUCCEEDS(plugin->provision(tok, ERR));
    start(&l, tok);
    trouble()->unplugged = true;
    FAILS(OM_ETRANSIENT, plugin->health(tok, ERR));
    unsigned long logins = trouble()->logins;
    uint8_t mac[SE_MAC_SIZE];
    for (int i = 0; i < 100; i++) /* tries are bounded: not one per call */
        FAILS(OM_ETRANSIENT, plugin->row_mac(tok, &text, 1, mac, ERR));
    assert_int_equal(trouble()->logins, logins);
    trouble()->unplugged = false;
    SUCCEEDS(plugin->health(tok, ERR));
    works_again(&l);
    plugin->close(tok);
}

/* A PIN that is wrong now is not tried again and again: tokens count. */
static void refused_pin_is_not_tried_again(void **state)
{
    (void)state;
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok));
    SUCCEEDS(plugin->provision(tok, ERR));
    CK_SLOT_ID slot = raw_slot();
    FILE *f = fopen(fixture_token->pin_source + strlen("file:"), "w");
    assert_non_null(f);
    assert_true(fputs("0000-wrong", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(raw_functions()->C_CloseAllSessions(slot), CKR_OK);
    unsigned long logins = trouble()->logins;
    for (int i = 0; i < 5; i++)
        FAILS(OM_ECONFIG, plugin->health(tok, ERR));
    assert_int_equal(trouble()->logins, logins + 1);
    plugin->close(tok);
}

/* What a child may do with its parent's token: close it, which leaves the parent's alone. */
static int child(struct lost *l)
{
    uint8_t out[SE_MAC_SIZE];
    struct se_token *tok = NULL;
    struct se_description d;
    if (plugin->hmac(l->tok, l->key, &text, 1, out, ERR) != OM_EINTERNAL || strstr(ERR->text, "fork") == NULL)
        return 1;
    if (plugin->random(l->tok, out, sizeof out, ERR) != OM_EINTERNAL)
        return 2;
    if (plugin->health(l->tok, ERR) != OM_EINTERNAL || plugin->describe(l->tok, &d, ERR) != OM_EINTERNAL)
        return 3;
    if (fixture_try(fixture_token->uri, fixture_token->pin_source, &tok) != OM_EINTERNAL ||
        strstr(ERR->text, "fork") == NULL)
        return 4;
    plugin->key_free(l->tok, l->key);
    plugin->close(l->tok);
    return 0;
}

static void fork_is_refused(void **state)
{
    (void)state;
    struct lost l;
    uint8_t mac[SE_MAC_SIZE];
    start(&l, fixture_open_provisioned());
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(&l));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    SUCCEEDS(plugin->hmac(l.tok, l.key, &text, 1, mac, ERR));
    assert_memory_equal(mac, l.mac, sizeof mac);
    plugin->close(l.tok);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(closed_session_is_opened_again),         TEST(health_recovers_at_once),
        TEST(logout_by_somebody_else_is_survived),    TEST(logout_and_login_by_somebody_else_is_survived),
        TEST(finalised_by_somebody_else_is_survived), TEST(unplugged_token_comes_back),
        TEST(refused_pin_is_not_tried_again),         TEST(fork_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
