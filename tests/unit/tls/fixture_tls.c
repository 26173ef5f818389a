/* See fixture_tls.h. */
#include "fixture_tls.h"

const uint8_t KNOWN_PSK[KNOWN_SIZE] = {'k', 'n', 'o', 'w', 'n', 1, 2, 3, 0, 4};
const uint8_t WRONG_PSK[KNOWN_SIZE] = {'w', 'r', 'o', 'n', 'g'};

OSSL_LIB_CTX *tls_libctx;
struct se_key *tls_key;
struct se_key *tls_decoy;
struct omtls_psk13 tls_psk13;
struct omtls_psk13 tls_decoy13;
struct found tls_found;

static struct se_key *load_psk(const void *psk, size_t n)
{
    struct se_blob blob;
    struct se_key *key = NULL;
    SUCCEEDS(se_import_psk(fixture_se, psk, n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &key, ERR));
    return key;
}

static struct omtls_psk13 load_psk13(const void *psk, size_t n)
{
    struct se_psk13 blobs;
    SUCCEEDS(se_import_psk13(fixture_se, psk, n, &blobs, ERR));
    struct omtls_psk13 out = {.handshake = blobs.handshake, .master = blobs.master};
    SUCCEEDS(se_load(fixture_se, &blobs.derived, SE_USE_TLS13_DERIVED, &out.derived, ERR));
    SUCCEEDS(se_load(fixture_se, &blobs.finished, SE_USE_TLS13_FINISHED, &out.finished, ERR));
    return out;
}

static void unref_psk13(struct omtls_psk13 *psk)
{
    se_key_unref(psk->derived);
    se_key_unref(psk->finished);
}

int tls_setup(void **state)
{
    (void)fixture_setup(state);
    tls_libctx = OSSL_LIB_CTX_new();
    assert_non_null(tls_libctx);
    SUCCEEDS(omtls_provider_load(tls_libctx, ERR));
    tls_key = load_psk(KNOWN_PSK, KNOWN_SIZE);
    tls_decoy = load_psk("a decoy that nobody ever will know", 34);
    tls_psk13 = load_psk13(KNOWN_PSK, KNOWN_SIZE);
    tls_decoy13 = load_psk13("a decoy that nobody ever will know", 34);
    return 0;
}

int tls_teardown(void **state)
{
    se_key_unref(tls_key);
    se_key_unref(tls_decoy);
    unref_psk13(&tls_psk13);
    unref_psk13(&tls_decoy13);
    omtls_libctx_free(tls_libctx);
    return fixture_teardown(state);
}

int tls_test_setup(void **state)
{
    (void)state;
    tls_found = (struct found){.answer = OM_OK};
    ERR_clear_error();
    return 0;
}

int tls_test_teardown(void **state)
{
    (void)state;
    struct omtls_stats stats;
    omtls_stats(&stats);
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.session_keys, 0);
    assert_int_equal(tls_found.peers_live, 0);
    return 0;
}

static om_rc note(struct found *found, const struct omtls_hello *hello, void **peer, struct om_error *err)
{
    found->calls++;
    SUCCEEDS(om_copy_text(found->identity, sizeof found->identity, hello->identity, ERR));
    SUCCEEDS(om_copy_text(found->sni, sizeof found->sni, hello->sni != NULL ? hello->sni : "", ERR));
    if (found->answer != OM_OK)
        return om_fail(err, found->answer, "the look-up fails");
    *peer = found;
    found->peers_live++;
    return OM_OK;
}

static bool known(const struct omtls_hello *hello)
{
    return strcmp(hello->identity, KNOWN_ID) == 0;
}

static om_rc find(void *arg, const struct omtls_hello *hello, struct se_key **key, void **peer,
                  struct om_error *err)
{
    OM_TRY(note(arg, hello, peer, err));
    *key = se_key_ref(known(hello) ? tls_key : tls_decoy);
    return OM_OK;
}

static om_rc find13(void *arg, const struct omtls_hello *hello, struct omtls_psk13 *psk, void **peer,
                    struct om_error *err)
{
    OM_TRY(note(arg, hello, peer, err));
    *psk = known(hello) ? tls_psk13 : tls_decoy13;
    (void)se_key_ref(psk->derived);
    (void)se_key_ref(psk->finished);
    return OM_OK;
}

static void peer_free(void *peer)
{
    ((struct found *)peer)->peers_live--;
}

struct omtls_server tls_server_config(enum omtls_custody custody)
{
    static const char *const names[] = {SERVER_NAME, "maf.example.org", NULL};
    return (struct omtls_server){.libctx = tls_libctx,
                                 .custody = custody,
                                 .names = names,
                                 .find = find,
                                 .peer_free = peer_free,
                                 .arg = &tls_found};
}

struct omtls_server tls13_server_config(enum omtls_custody custody)
{
    struct omtls_server cfg = tls_server_config(custody);
    cfg.find13 = find13;
    return cfg;
}

SSL_CTX *our_server(bool dtls, const struct omtls_server *cfg)
{
    SSL_CTX *ctx = NULL;
    if (!dtls) {
        SUCCEEDS(omtls_server_ctx(cfg, &ctx, ERR));
        return ctx;
    }
    ctx = SSL_CTX_new_ex(cfg->libctx, OMTLS_PROPQ, DTLS_server_method());
    assert_non_null(ctx);
    SUCCEEDS(omtls_server_adopt(ctx, cfg, ERR));
    return ctx;
}

SSL_CTX *our_client(bool dtls, const char *suites, bool allow_no_ems)
{
    SSL_CTX *ctx = NULL;
    if (!dtls && suites == NULL) {
        SUCCEEDS(omtls_client_ctx(tls_libctx, allow_no_ems, &ctx, ERR));
        return ctx;
    }
    ctx = SSL_CTX_new_ex(tls_libctx, OMTLS_PROPQ, dtls ? DTLS_client_method() : TLS_client_method());
    assert_non_null(ctx);
    SUCCEEDS(omtls_client_adopt(ctx, allow_no_ems, suites, ERR));
    return ctx;
}

SSL *our_client_ssl(SSL_CTX *ctx, enum omtls_custody custody)
{
    SSL *ssl = SSL_new(ctx);
    assert_non_null(ssl);
    SUCCEEDS(omtls_client_psk(ssl, SERVER_NAME, KNOWN_ID, tls_key, custody, ERR));
    return ssl;
}

SSL_CTX *known_plain(bool server, bool dtls, const char *suites)
{
    const struct plain_psk psk = {KNOWN_ID, KNOWN_PSK, KNOWN_SIZE};
    return plain_context(server, dtls, suites, &psk);
}

bool meet(struct handshake *h, SSL_CTX *client, SSL_CTX *server)
{
    *h = (struct handshake){.on_client_octets = NULL};
    handshake_join(h, SSL_new(client), SSL_new(server));
    return handshake_run(h);
}

static void identifier_is(const uint8_t *id, const uint8_t *octets, const char *file, int line)
{
    if (memcmp(id, octets, OMTLS_EXPORT_ID_SIZE) != 0) {
        print_error("%s:%d: the identifier of the export differs\n", file, line);
        _fail(file, line);
    }
}

void exports(SSL *ssl, const char *label, const uint8_t octets[48], const char *file, int line)
{
    static struct se_forms forms;
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    SUCCEEDS(omtls_export(ssl, label, id, &key, ERR));
    identifier_is(id, octets, file, line);
    assert_int_equal(se_key_len(key), 32);
    fixture_key_is(key, octets + sizeof id, 32, file, line);
    se_key_unref(key);

    memset(id, 0, sizeof id);
    SUCCEEDS(omtls_export_forms(ssl, label, id, SE_FORM_KEY | SE_FORM_PSK, &forms, ERR));
    identifier_is(id, octets, file, line);
    assert_true(forms.psk.len > 0);
    SUCCEEDS(se_load(fixture_se, &forms.key, SE_USE_HMAC, &key, ERR));
    fixture_key_is(key, octets + sizeof id, 32, file, line);
    se_key_unref(key);
}
