/* What the TPM is, whether it can what is needed, and in what state it is. */
#include "tpm/token.h"

#include <stdio.h>
#include <string.h>

/* --- one capability --- */

/* One property of a fixed or variable kind; *found is false when the TPM does not have it. */
static om_rc read_list(struct se_token *tok, TPM2_CAP capability, UINT32 first, UINT32 count,
                       TPMS_CAPABILITY_DATA **out, struct om_error *err)
{
    TPMI_YES_NO more = 0;
    return tpm_check(tok,
                     Esys_GetCapability(tok->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, capability,
                                        first, count, &more, out),
                     "TPM2_GetCapability", err);
}

static UINT32 property(const TPMS_CAPABILITY_DATA *list, TPM2_PT name)
{
    const TPML_TAGGED_TPM_PROPERTY *p = &list->data.tpmProperties;
    for (UINT32 i = 0; i < p->count && i < TPM2_MAX_TPM_PROPERTIES; i++)
        if (p->tpmProperty[i].property == name)
            return p->tpmProperty[i].value;
    return 0;
}

/* --- facts --- */

/* Properties hold four letters each, some of them NUL or blank. */
static void append_letters(char *out, size_t cap, UINT32 letters)
{
    size_t n = strlen(out);
    for (int shift = 24; shift >= 0 && n + 1 < cap; shift -= 8) {
        char c = (char)(letters >> shift & 0xff);
        if (c != '\0')
            out[n++] = c;
    }
    out[n] = '\0';
}

static void trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        text[--n] = '\0';
}

static om_rc read_properties(struct se_token *tok, struct om_error *err)
{
    struct tpm_facts *f = &tok->facts;
    TPMS_CAPABILITY_DATA *list = NULL;
    OM_TRY(read_list(tok, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER, 16, &list, err));
    UINT32 v1 = property(list, TPM2_PT_FIRMWARE_VERSION_1), v2 = property(list, TPM2_PT_FIRMWARE_VERSION_2);
    append_letters(f->manufacturer, sizeof f->manufacturer, property(list, TPM2_PT_MANUFACTURER));
    for (TPM2_PT i = 0; i < 4; i++)
        append_letters(f->model, sizeof f->model, property(list, TPM2_PT_VENDOR_STRING_1 + i));
    trim(f->manufacturer);
    trim(f->model);
    (void)snprintf(f->firmware, sizeof f->firmware, "%u.%u.%u.%u", v1 >> 16, v1 & 0xffff, v2 >> 16,
                   v2 & 0xffff);
    Esys_Free(list);
    return OM_OK;
}

/* --- what it must be able to do --- */

static bool has_algorithm(const TPMS_CAPABILITY_DATA *list, UINT32 name)
{
    for (UINT32 i = 0; i < list->data.algorithms.count && i < TPM2_MAX_CAP_ALGS; i++)
        if (list->data.algorithms.algProperties[i].alg == name)
            return true;
    return false;
}

static bool has_command(const TPMS_CAPABILITY_DATA *list, UINT32 name)
{
    for (UINT32 i = 0; i < list->data.command.count && i < TPM2_MAX_CAP_CC; i++)
        if ((list->data.command.commandAttributes[i] & TPMA_CC_COMMANDINDEX_MASK) == name)
            return true;
    return false;
}

static bool has_curve(const TPMS_CAPABILITY_DATA *list, UINT32 name)
{
    for (UINT32 i = 0; i < list->data.eccCurves.count && i < TPM2_MAX_ECC_CURVES; i++)
        if (list->data.eccCurves.eccCurves[i] == name)
            return true;
    return false;
}

static const struct need {
    UINT32 name;
    const char *text;
} algorithms[] =
    {
        {TPM2_ALG_HMAC, "HMAC"},   {TPM2_ALG_SHA256, "SHA-256"}, {TPM2_ALG_KEYEDHASH, "KEYEDHASH"},
        {TPM2_ALG_ECC, "ECC"},     {TPM2_ALG_AES, "AES"},        {TPM2_ALG_CFB, "CFB"},
        {TPM2_ALG_ECDSA, "ECDSA"},
},
  curves[] = {{TPM2_ECC_NIST_P256, "P-256"}},
  commands[] = {
      {TPM2_CC_HMAC, "TPM2_HMAC"},     {TPM2_CC_HMAC_Start, "TPM2_HMAC_Start"},
      {TPM2_CC_Create, "TPM2_Create"}, {TPM2_CC_Load, "TPM2_Load"},
      {TPM2_CC_Unseal, "TPM2_Unseal"}, {TPM2_CC_StartAuthSession, "TPM2_StartAuthSession"},
      {TPM2_CC_Sign, "TPM2_Sign"},
};

static om_rc check_needs(struct se_token *tok, TPM2_CAP capability, UINT32 count,
                         bool (*has)(const TPMS_CAPABILITY_DATA *, UINT32), const struct need *needs,
                         size_t n, bool tell, struct om_error *err)
{
    struct tpm_facts *f = &tok->facts;
    TPMS_CAPABILITY_DATA *list = NULL;
    om_rc rc = read_list(tok, capability, 0, count, &list, err);
    for (size_t i = 0; i < n && rc == OM_OK; i++) {
        size_t len = strlen(f->algorithms);
        if (!has(list, needs[i].name))
            rc = om_fail(err, OM_EUNSUPPORTED, "the TPM has no %s", needs[i].text);
        else if (tell)
            (void)snprintf(f->algorithms + len, sizeof f->algorithms - len, "%s%s", len > 0 ? " " : "",
                           needs[i].text);
    }
    Esys_Free(list);
    return rc;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

om_rc tpm_facts_read(struct se_token *tok, struct om_error *err)
{
    memset(&tok->facts, 0, sizeof tok->facts);
    OM_TRY(read_properties(tok, err));
    OM_TRY(check_needs(tok, TPM2_CAP_ALGS, TPM2_MAX_CAP_ALGS, has_algorithm, algorithms, COUNT(algorithms),
                       true, err));
    OM_TRY(check_needs(tok, TPM2_CAP_ECC_CURVES, TPM2_MAX_ECC_CURVES, has_curve, curves, COUNT(curves), true,
                       err));
    return check_needs(tok, TPM2_CAP_COMMANDS, TPM2_MAX_CAP_CC, has_command, commands, COUNT(commands), false,
                       err);
}

/* --- state --- */

om_rc tpm_state_read(struct se_token *tok, char *out, size_t cap, struct om_error *err)
{
    TPMS_CAPABILITY_DATA *list = NULL;
    OM_TRY(read_list(tok, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_PERMANENT, 20, &list, err));
    UINT32 failures = property(list, TPM2_PT_LOCKOUT_COUNTER), most = property(list, TPM2_PT_MAX_AUTH_FAIL);
    bool locked = (property(list, TPM2_PT_PERMANENT) & TPMA_PERMANENT_INLOCKOUT) != 0;
    Esys_Free(list);
    out[0] = '\0';
    if (locked)
        (void)snprintf(out, cap,
                       "in dictionary-attack lockout (by other users of it; openmaf's keys are exempt)");
    else if (failures > 0)
        (void)snprintf(out, cap, "%u of %u wrong authorisations until lockout (of other users)", failures,
                       most);
    return OM_OK;
}
