/* The token goes away and comes back, its PIN is wrong: errors meanwhile, no harm done, and no restart
 * needed. */
#include "fixture.h"

#include <poll.h>
#include <sys/stat.h>

/* A TPM ends with the process that has started it: each child has its own, in the same state. */
static bool is_tpm(void)
{
    return strcmp(named.token->kind, "swtpm") == 0;
}

static void take_away(void)
{
    if (is_tpm())
        test_token_away(named.token);
    else
        named_trouble()->unplugged = true;
}

static void bring_back(void)
{
    if (is_tpm())
        test_token_back(named.token);
    else
        named_trouble()->unplugged = false;
}

static OSSL_LIB_CTX *libctx;
static SSL_CTX *server, *client;

static void begin(const char *config)
{
    libctx = named_libctx(config);
    server = named_server(libctx);
    client = stock_client();
}

static void end(void)
{
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    OSSL_LIB_CTX_free(libctx);
}

static void meets(void)
{
    for (int version = TLS12; version <= TLS13_PSK_ONLY; version++)
        CHECK(named_meet(client, server, (enum version)version));
}

static void meets_nobody(void)
{
    for (int version = TLS12; version <= TLS13_PSK_ONLY; version++)
        CHECK(!named_meet(client, server, (enum version)version));
}

/* The first call of a lost session finds out, and is an error; then a new one is opened. */
static void comes_together_again(void)
{
    bool ok = false;
    for (int i = 0; i < 3 && !ok; i++)
        ok = named_meet(client, server, TLS12);
    CHECK(ok);
    meets();
}

static void closed_session_is_opened_again(void)
{
    begin(named.config);
    meets();
    CK_FUNCTION_LIST *f = named_module();
    CK_SLOT_ID slots[8];
    CK_ULONG n = 8;
    CHECK(f->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK);
    for (CK_ULONG i = 0; i < n; i++)
        (void)f->C_CloseAllSessions(slots[i]);
    comes_together_again();
    end();
}
RUN(closed_session_is_opened_again)

/* It is tried once a second at most. */
static void comes_together_soon(void)
{
    bool ok = false;
    for (int i = 0; i < 5000 && !ok; i++) {
        ok = named_meet(client, server, TLS12);
        if (!ok)
            (void)poll(NULL, 0, 1);
    }
    CHECK(ok);
    meets();
}

static void token_goes_away_and_comes_back(void)
{
    begin(named.config);
    if (is_tpm())
        bring_back();
    meets();
    for (int i = 0; i < 2; i++) {
        take_away();
        meets_nobody();
        meets_nobody();
        bring_back();
        comes_together_soon();
    }
    end();
}
RUN(token_goes_away_and_comes_back)

/* Not there when the program starts. */
static void absent_token_appears(void)
{
    begin(named.config);
    if (!is_tpm())
        take_away();
    meets_nobody();
    bring_back();
    comes_together_soon();
    end();
}
RUN(absent_token_appears)

/* Tokens count wrong PINs and lock: peers who knock do not spend them. */
static void wrong_pin_is_not_spent_by_handshakes(void)
{
    char source[600], path[560];
    (void)snprintf(path, sizeof path, "%s/wrong-pin", named.token->dir);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fchmod(fileno(f), 0600) == 0 && fputs("0000-wrong", f) >= 0 && fclose(f) == 0);
    (void)snprintf(source, sizeof source, "file:%s", path);
    begin(named_config("wrong-pin.cnf", named.keys, source));
    for (int i = 0; i < 5; i++)
        meets_nobody();
    CHECK(named_trouble()->logins == 1);
    end();
}
RUN(wrong_pin_is_not_spent_by_handshakes)

int main(int argc, char **argv)
{
    named_begin(argc, argv);
    const struct CMUnitTest any[] = {
        cmocka_unit_test(run_token_goes_away_and_comes_back),
        cmocka_unit_test(run_absent_token_appears),
    };
    const struct CMUnitTest pkcs11[] = {
        cmocka_unit_test(run_closed_session_is_opened_again),
        cmocka_unit_test(run_wrong_pin_is_not_spent_by_handshakes),
    };
    if (is_tpm())
        take_away();
    int failed = cmocka_run_group_tests(any, NULL, NULL);
    if (!is_tpm())
        failed += cmocka_run_group_tests(pkcs11, NULL, NULL);
    named_end();
    return failed;
}
