/* What a token is, and whether it still answers. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include <stdio.h>
#include <string.h>

void hsm_describe(struct se_token *tok, struct se_description *out)
{
    const CK_TOKEN_INFO *info = &tok->info;
    memset(out, 0, sizeof *out);
    (void)snprintf(out->plugin, sizeof out->plugin, "pkcs11");
    hsm_field_text(out->manufacturer, sizeof out->manufacturer, info->manufacturerID,
                   sizeof info->manufacturerID);
    hsm_field_text(out->model, sizeof out->model, info->model, sizeof info->model);
    hsm_field_text(out->serial, sizeof out->serial, info->serialNumber, sizeof info->serialNumber);
    hsm_field_text(out->label, sizeof out->label, info->label, sizeof info->label);
    (void)snprintf(out->firmware, sizeof out->firmware, "%u.%u", (unsigned)info->firmwareVersion.major,
                   (unsigned)info->firmwareVersion.minor);
    (void)snprintf(out->module, sizeof out->module, "%s", hsm_module_path(tok->module));
    hsm_quirks_text(tok->quirks, out->quirks, sizeof out->quirks);
    /* The longest fits: what derives by a standard's mechanisms and has the vendor's PRF. */
    (void)snprintf(out->algorithms, sizeof out->algorithms, "SHA256_HMAC AES_KEY_WRAP%s%s",
                   tok->derives ? " SP800_108_DOUBLE_PIPELINE_KDF EXTRACT_KEY_FROM_KEY" : "",
                   tok->has_prf ? " NSS_TLS_PRF_GENERAL_SHA256" : "");
    out->grade = tok->derives ? SE_GRADE_DERIVE : SE_GRADE_HMAC;
    out->test_only = tok->test_only;
    out->provisioned = hsm_roots_complete(tok);
    out->signs = hsm_slot_has_mechanism(tok, CKM_ECDSA, CKF_SIGN);
}

static om_rc still_logged_in(struct se_token *tok, struct om_error *err)
{
    CK_SESSION_INFO info;
    OM_TRY(hsm_check(tok, tok->f->C_GetSessionInfo(tok->session, &info), "C_GetSessionInfo", err));
    bool user = info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
    if (!user && (tok->info.flags & CKF_LOGIN_REQUIRED) != 0)
        return hsm_check(tok, CKR_USER_NOT_LOGGED_IN, "C_GetSessionInfo", err);
    return OM_OK;
}

static om_rc try_root(struct se_token *tok, struct om_error *err)
{
    static const struct se_part text = {"openmaf health", 14};
    uint8_t mac[SE_MAC_SIZE];
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    OM_TRY(hsm_root(tok, SE_ROOT_ROW, &root, err));
    return hsm_sign(tok, CKM_SHA256_HMAC, root, &text, 1, mac, sizeof mac, err);
}

static om_rc answers(struct se_token *tok, struct om_error *err)
{
    OM_TRY(still_logged_in(tok, err));
    return try_root(tok, err);
}

/* A session that turns out to be lost is opened again here, once, however short ago that was tried. */
om_rc hsm_health(struct se_token *tok, struct om_error *err)
{
    OM_TRY(hsm_session_restore(tok, true, err));
    om_rc rc = answers(tok, err);
    if (rc == OM_OK || !tok->lost)
        return rc;
    OM_TRY(hsm_session_restore(tok, true, err));
    return answers(tok, err);
}
