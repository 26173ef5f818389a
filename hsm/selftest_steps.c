/* Which steps of se/plugin.h the token makes, found out with throw-away keys when it is opened. What they
 * must give is computed here: the keys are no secrets. */
#include "hsm/token.h"

#include <openssl/evp.h>
#include <string.h>

#define HASH SE_MAC_SIZE

static const uint8_t known_key[40] = "another throw-away key of the self-test";
static const uint8_t known_text[] = "a text of the self-test, with more than 32 octets";
static const uint8_t zeros[HASH];

static om_rc hmac(const uint8_t *key, size_t key_len, const uint8_t *text, size_t n, uint8_t out[HASH],
                  struct om_error *err)
{
    size_t len = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, text, n, out, HASH, &len) == NULL)
        return om_fail(err, OM_EINTERNAL, "HMAC-SHA-256 failed");
    return OM_OK;
}

static om_rc known_answer(const struct se_step *step, uint8_t out[SE_KEY_MAX], size_t *n,
                          struct om_error *err)
{
    uint8_t joined[sizeof known_text + sizeof known_key];
    unsigned len = 0;
    *n = HASH;
    switch (step->kind) {
    case SE_STEP_RANGE:
        memcpy(out, known_key + step->offset, step->n);
        *n = step->n;
        return OM_OK;
    case SE_STEP_HASH:
        memcpy(joined, step->octets, step->n);
        memcpy(joined + step->n, known_key, sizeof known_key);
        return EVP_Digest(joined, step->n + sizeof known_key, out, &len, EVP_sha256(), NULL) == 1
                   ? OM_OK
                   : om_fail(err, OM_EINTERNAL, "SHA-256 failed");
    case SE_STEP_EXTRACT:
        return hmac(zeros, HASH, known_key, sizeof known_key, out, err);
    default:
        return hmac(known_key, sizeof known_key, step->octets, step->n, out, err);
    }
}

static om_rc try_step(struct se_token *tok, CK_OBJECT_HANDLE key, const struct se_step *step, bool *makes,
                      struct om_error *err)
{
    uint8_t known[SE_KEY_MAX];
    size_t n = 0;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    OM_TRY(known_answer(step, known, &n, err));
    om_rc rc = hsm_object_step(tok, key, sizeof known_key, step, &made, err);
    *makes = rc == OM_OK;
    if (rc == OM_OK)
        rc = hsm_selftest_same(tok, made, known, n, makes, err);
    hsm_destroy(tok, made);
    return rc == OM_ETRANSIENT || rc == OM_ENOMEM ? rc : OM_OK;
}

om_rc hsm_selftest_steps(struct se_token *tok, struct om_error *err)
{
    static const struct se_step steps[] = {
        {.kind = SE_STEP_RANGE, .offset = 16, .n = 16},
        {.kind = SE_STEP_HASH, .octets = known_text, .n = sizeof known_text},
        {.kind = SE_STEP_EXTRACT},
        {.kind = SE_STEP_MAC, .octets = known_text, .n = sizeof known_text},
    };
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    memset(tok->steps, 0, sizeof tok->steps);
    if (!tok->derives)
        return OM_OK;
    OM_TRY(hsm_object_mint(tok, known_key, sizeof known_key, &key, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < sizeof steps / sizeof steps[0]; i++)
        rc = try_step(tok, key, &steps[i], &tok->steps[steps[i].kind], err);
    hsm_destroy(tok, key);
    return rc;
}
