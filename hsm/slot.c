/* The slot whose token the URI names, and what that token can do. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define SLOTS_MAX 256

static const struct {
    CK_MECHANISM_TYPE type;
    const char *name;
    CK_FLAGS flags;
} needed[] = {
    {CKM_SHA256_HMAC, "CKM_SHA256_HMAC", CKF_SIGN},
    {CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP", CKF_WRAP | CKF_UNWRAP},
    {CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN", CKF_GENERATE},
    {CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN", CKF_GENERATE},
};

void hsm_field_text(char *out, size_t cap, const unsigned char *field, size_t size)
{
    while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0'))
        size--;
    size_t n = size < cap ? size : cap - 1;
    memcpy(out, field, n);
    out[n] = '\0';
    om_printable(out);
}

/* Appends what a slot holds to a list for the operator. */
static void list_slot(char *list, size_t cap, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
    char label[33], serial[17];
    hsm_field_text(label, sizeof label, info->label, sizeof info->label);
    hsm_field_text(serial, sizeof serial, info->serialNumber, sizeof info->serialNumber);
    size_t len = strlen(list);
    (void)snprintf(list + len, cap - len, "%s'%s' (serial %s, slot %lu%s)", len > 0 ? ", " : "", label,
                   serial, slot, (info->flags & CKF_TOKEN_INITIALIZED) != 0 ? "" : ", not initialised");
}

static bool slot_matches(struct se_token *tok, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
    CK_SLOT_INFO slot_info;
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(tok->uri.p11);
    if (wanted != (CK_SLOT_ID)-1 && wanted != slot)
        return false;
    return (info->flags & CKF_TOKEN_INITIALIZED) != 0 &&
           p11_kit_uri_match_token_info(tok->uri.p11, info) == 1 &&
           p11_kit_uri_match_module_info(tok->uri.p11, hsm_module_info(tok->module)) == 1 &&
           tok->f->C_GetSlotInfo(slot, &slot_info) == CKR_OK &&
           p11_kit_uri_match_slot_info(tok->uri.p11, &slot_info) == 1;
}

om_rc hsm_slot_find(struct se_token *tok, struct om_error *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    char list[400] = "";
    unsigned matches = 0;
    OM_TRY(hsm_check(tok, tok->f->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList", err));
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        CK_RV rv = tok->f->C_GetTokenInfo(slots[i], &info);
        if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED)
            continue;
        OM_TRY(hsm_check(tok, rv, "C_GetTokenInfo", err));
        list_slot(list, sizeof list, slots[i], &info);
        if (!slot_matches(tok, slots[i], &info))
            continue;
        matches++;
        tok->slot = slots[i];
        tok->info = info;
    }
    if (matches == 1)
        return OM_OK;
    /* A token that was there before may come back. */
    om_rc rc = matches == 0 && tok->was_open ? OM_ETRANSIENT : OM_ECONFIG;
    return om_fail(err, rc, "%s of module %s; it has: %s",
                   matches == 0 ? "the pkcs11 URI matches no token" : "the pkcs11 URI matches several tokens",
                   hsm_module_path(tok->module), list[0] != '\0' ? list : "none");
}

bool hsm_slot_has_mechanism(struct se_token *tok, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
    CK_MECHANISM_INFO info;
    return tok->f->C_GetMechanismInfo(tok->slot, type, &info) == CKR_OK && (info.flags & flags) == flags;
}

/* Adds what the token does not do of a needed mechanism to a list for the operator. */
static om_rc list_missing(struct se_token *tok, size_t i, char *list, size_t cap, struct om_error *err)
{
    CK_MECHANISM_INFO info;
    CK_RV rv = tok->f->C_GetMechanismInfo(tok->slot, needed[i].type, &info);
    if (rv != CKR_OK && rv != CKR_MECHANISM_INVALID)
        return hsm_check(tok, rv, "C_GetMechanismInfo", err);
    if (rv == CKR_OK && (info.flags & needed[i].flags) == needed[i].flags)
        return OM_OK;
    size_t len = strlen(list);
    (void)snprintf(list + len, cap - len, "%s%s", len > 0 ? ", " : "", needed[i].name);
    return OM_OK;
}

om_rc hsm_slot_check_mechanisms(struct se_token *tok, struct om_error *err)
{
    char list[160] = "";
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        OM_TRY(list_missing(tok, i, list, sizeof list, err));
    if (list[0] == '\0')
        return OM_OK;
    const char *way_out = hsm_quirks_way_out(hsm_module_info(tok->module));
    return om_fail(err, OM_EUNSUPPORTED, "the token lacks what is needed: %s%s%s", list,
                   way_out != NULL ? "; " : "", way_out != NULL ? way_out : "");
}
