/* The one session of an open token: login, loss and recovery. */
#include "hsm/refused.h"
#include "hsm/rv.h"
#include "hsm/token.h"

#include "se/pin.h"

#include <string.h>
#include <time.h>

#define RETRY_SECONDS 1
#define CLOSE_TRIES   3

om_rc hsm_check(struct se_token *tok, CK_RV rv, const char *call, struct om_error *err)
{
    if (rv == CKR_OK)
        return OM_OK;
    if (hsm_rv_lost(rv))
        tok->lost = true;
    return hsm_rv_fail(err, rv, call);
}

static om_rc refuse_pin(struct se_token *tok, const char *why, struct om_error *err)
{
    char label[33];
    hsm_field_text(label, sizeof label, tok->info.label, sizeof tok->info.label);
    return om_fail(err, OM_ECONFIG, "token '%s': %s", label, why);
}

/* Tokens count wrong PINs and lock. One try of each is spent per process, never the last one. */
static om_rc check_pin_state(struct se_token *tok, struct om_error *err)
{
    if (tok->pin_refused && tok->pin_source == NULL)
        return refuse_pin(tok, "the PIN was refused; it is not asked for again", err);
    if ((tok->info.flags & CKF_USER_PIN_LOCKED) != 0)
        return refuse_pin(tok, "the user PIN is locked; the security officer has to set a new one", err);
    if ((tok->info.flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return refuse_pin(tok, "one more wrong PIN would lock it; log in once with the token's own tool",
                          err);
    if ((tok->info.flags & CKF_USER_PIN_INITIALIZED) == 0)
        return refuse_pin(tok, "no user PIN is set", err);
    return OM_OK;
}

static om_rc login_with(struct se_token *tok, CK_SESSION_HANDLE session, struct om_secret *pin,
                        struct om_error *err)
{
    bool ours = tok->pin_source != NULL; /* else it is given at the token's own pad */
    if (ours && hsm_refused_before(&tok->info, pin)) {
        tok->pin_refused = true;
        return refuse_pin(tok, "the PIN was refused before; it is not tried again until it is another", err);
    }
    CK_RV rv = tok->f->C_Login(session, CKU_USER, pin->octets, pin->len);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
        return OM_OK;
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_LOCKED) {
        tok->pin_refused = true;
        if (ours)
            hsm_refused_note(&tok->info, pin);
    }
    om_rc rc = hsm_check(tok, rv, "C_Login", err);
    return rv == CKR_PIN_INCORRECT ? refuse_pin(tok, "the PIN is wrong (CKR_PIN_INCORRECT)", err) : rc;
}

om_rc hsm_login(struct se_token *tok, CK_SESSION_HANDLE session, struct om_error *err)
{
    struct om_secret pin = OM_SECRET_INIT;
    if ((tok->info.flags & CKF_LOGIN_REQUIRED) == 0 && tok->pin_source == NULL)
        return OM_OK;
    OM_TRY(check_pin_state(tok, err));
    if (tok->pin_source != NULL)
        OM_TRY(se_pin_read(tok->pin_source, &pin, err));
    else if ((tok->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0)
        return refuse_pin(tok, "a PIN is needed; name its file with --pin-source file:PATH", err);
    om_rc rc = login_with(tok, session, &pin, err);
    om_secret_free(&pin);
    return rc;
}

/* Which state a token is in changes at any time: the flags that matter are read before each login. */
static om_rc open_and_login(struct se_token *tok, struct om_error *err)
{
    OM_TRY(hsm_module_revive(tok->module, err));
    OM_TRY(hsm_slot_find(tok, err));
    OM_TRY(hsm_slot_check_mechanisms(tok, err));
    CK_RV rv = tok->f->C_OpenSession(tok->slot, CKF_SERIAL_SESSION, NULL, NULL, &tok->session);
    if (rv != CKR_OK)
        tok->session = CK_INVALID_HANDLE;
    OM_TRY(hsm_check(tok, rv, "C_OpenSession", err));
    return hsm_login(tok, tok->session, err);
}

om_rc hsm_session_open(struct se_token *tok, struct om_error *err)
{
    om_rc rc = OM_OK;
    tok->lost = false;
    OM_TRY_GOTO(rc, failed, open_and_login(tok, err));
    OM_TRY_GOTO(rc, failed, hsm_selftest_derivation(tok, err));
    OM_TRY_GOTO(rc, failed, hsm_selftest_steps(tok, err));
    OM_TRY_GOTO(rc, failed, hsm_roots_find(tok, err));
    OM_TRY_GOTO(rc, failed, hsm_selftest_custody(tok, err));
    tok->was_open = true;
    return OM_OK;
failed:
    (void)hsm_session_close(tok);
    tok->lost = true;
    return rc;
}

/* No C_Logout: it would end the login of every other session in the process (libp11's, another thread's).
 * Session objects go with their session, so one that does not close is kept until it does. */
bool hsm_session_close(struct se_token *tok)
{
    hsm_handles_invalidate(&tok->keys);
    tok->n_orphans = 0;
    memset(tok->roots, 0, sizeof tok->roots);
    if (tok->session == CK_INVALID_HANDLE)
        return true;
    CK_RV rv = tok->f->C_CloseSession(tok->session);
    for (int tries = 1; rv != CKR_OK && tries < CLOSE_TRIES; tries++)
        rv = tok->f->C_CloseSession(tok->session);
    if (rv != CKR_OK && !hsm_rv_lost(rv))
        return false;
    tok->session = CK_INVALID_HANDLE;
    return true;
}

static int64_t monotonic_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

om_rc hsm_session_restore(struct se_token *tok, bool now, struct om_error *err)
{
    if (!tok->lost)
        return OM_OK;
    if (!now && monotonic_seconds() < tok->next_attempt)
        return om_fail(err, OM_ETRANSIENT, "the token session is lost; it will be opened again shortly");
    tok->next_attempt = monotonic_seconds() + RETRY_SECONDS;
    if (!hsm_session_close(tok))
        return om_fail(err, OM_ETRANSIENT, "the token does not close its old session");
    om_rc rc = hsm_session_open(tok, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "the token session is lost and does not open again");
}

void hsm_destroy(struct se_token *tok, CK_OBJECT_HANDLE object)
{
    if (object == CK_INVALID_HANDLE || tok->lost)
        return;
    CK_RV rv = tok->f->C_DestroyObject(tok->session, object);
    if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
        return;
    if (hsm_rv_lost(rv) || tok->n_orphans == HSM_ORPHANS)
        tok->lost = true; /* objects that stay for ever are worse than a new session */
    else
        tok->orphans[tok->n_orphans++] = object;
}

void hsm_destroy_orphans(struct se_token *tok)
{
    size_t n = tok->n_orphans;
    tok->n_orphans = 0;
    for (size_t i = 0; i < n; i++)
        hsm_destroy(tok, tok->orphans[i]);
}
