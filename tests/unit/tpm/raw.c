/* The TPM behind the plug-in's back: see fixture.h. */
#include "fixture.h"

#include <tss2/tss2_tctildr.h>

#define NO ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE

#define OK(call) assert_int_equal(TSS2_RC_SUCCESS, (call))

ESYS_CONTEXT *raw_open(void)
{
    char tcti[256];
    TSS2_TCTI_CONTEXT *context = NULL;
    ESYS_CONTEXT *esys = NULL;
    const char *from = strstr(fixture_token->uri, "tcti=") + 5;
    (void)snprintf(tcti, sizeof tcti, "%.*s", (int)strcspn(from, ";"), from);
    OK(Tss2_TctiLdr_Initialize(tcti, &context));
    OK(Esys_Initialize(&esys, context, NULL));
    return esys;
}

void raw_close(ESYS_CONTEXT *esys)
{
    TSS2_TCTI_CONTEXT *context = NULL;
    OK(Esys_GetTcti(esys, &context));
    Esys_Finalize(&esys);
    Tss2_TctiLdr_Finalize(&context);
}

static TPMS_CAPABILITY_DATA capability(TPM2_CAP what, UINT32 first, UINT32 count)
{
    ESYS_CONTEXT *esys = raw_open();
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *data = NULL;
    OK(Esys_GetCapability(esys, NO, what, first, count, &more, &data));
    TPMS_CAPABILITY_DATA out = *data;
    Esys_Free(data);
    raw_close(esys);
    return out;
}

unsigned raw_count(TPM2_HANDLE first)
{
    TPMS_CAPABILITY_DATA data = capability(TPM2_CAP_HANDLES, first, 32);
    unsigned n = 0;
    for (UINT32 i = 0; i < data.data.handles.count; i++)
        n += data.data.handles.handle[i] >> 24 == first >> 24 ? 1 : 0;
    return n;
}

void raw_expect_clean(void)
{
    assert_int_equal(raw_count(TPM_TRANSIENT_FIRST), 0);
    TPMS_CAPABILITY_DATA data = capability(TPM2_CAP_HANDLES, TPM2_LOADED_SESSION_FIRST, 32);
    assert_int_equal(data.data.handles.count, 0);
}

UINT32 raw_property(TPM2_PT property)
{
    TPMS_CAPABILITY_DATA data = capability(TPM2_CAP_TPM_PROPERTIES, property, 1);
    assert_int_equal(data.data.tpmProperties.tpmProperty[0].property, property);
    return data.data.tpmProperties.tpmProperty[0].value;
}

static const TPM2B_DATA outside;
static const TPML_PCR_SELECTION pcrs;

static ESYS_TR primary(ESYS_CONTEXT *esys, TPMA_OBJECT more, const char *auth)
{
    TPM2B_SENSITIVE_CREATE sensitive = {0};
    TPM2B_PUBLIC template = {0};
    ESYS_TR object = ESYS_TR_NONE;
    sensitive.sensitive.userAuth.size = (UINT16)strlen(auth);
    memcpy(sensitive.sensitive.userAuth.buffer, auth, strlen(auth));
    TPMT_PUBLIC *t = &template.publicArea;
    t->type = TPM2_ALG_ECC;
    t->nameAlg = TPM2_ALG_SHA256;
    t->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                          TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT | more;
    t->parameters.eccDetail.symmetric =
        (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
    t->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    t->parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    t->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    OK(Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                          &template, &outside, &pcrs, &object, NULL, NULL, NULL, NULL));
    return object;
}

ESYS_TR raw_primary(ESYS_CONTEXT *esys, TPM2_HANDLE handle)
{
    ESYS_TR object = primary(esys, TPMA_OBJECT_NODA, ""), persistent = ESYS_TR_NONE;
    if (handle == 0)
        return object;
    OK(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, handle,
                         &persistent));
    OK(Esys_FlushContext(esys, object));
    return persistent;
}

void raw_set_owner_auth(const char *value)
{
    ESYS_CONTEXT *esys = raw_open();
    TPM2B_AUTH auth = {.size = (UINT16)strlen(value)};
    memcpy(auth.buffer, value, strlen(value));
    OK(Esys_HierarchyChangeAuth(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &auth));
    raw_close(esys);
}

void raw_evict(TPM2_HANDLE handle)
{
    ESYS_CONTEXT *esys = raw_open();
    ESYS_TR object = ESYS_TR_NONE, gone = ESYS_TR_NONE;
    OK(Esys_TR_FromTPMPublic(esys, handle, NO, &object));
    OK(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, handle,
                         &gone));
    raw_close(esys);
}

void raw_lock(void)
{
    ESYS_CONTEXT *esys = raw_open();
    ESYS_TR object = primary(esys, 0, "the right value"), made = ESYS_TR_NONE;
    const TPM2B_AUTH wrong = {.size = 5, .buffer = "wrong"};
    TPM2B_SENSITIVE_CREATE sensitive = {0};
    TPM2B_PUBLIC template = {.publicArea.type = TPM2_ALG_KEYEDHASH, .publicArea.nameAlg = TPM2_ALG_SHA256};
    TSS2_RC r = TSS2_RC_SUCCESS;
    (void)made;
    template.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    template.publicArea.objectAttributes = TPMA_OBJECT_USERWITHAUTH;
    sensitive.sensitive.data.size = 1;
    OK(Esys_TR_SetAuth(esys, object, &wrong));
    for (int i = 0; i < 100 && r != TPM2_RC_LOCKOUT; i++) {
        TPM2B_PRIVATE *private_part = NULL;
        TPM2B_PUBLIC *public_part = NULL;
        r = Esys_Create(esys, object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &template,
                        &outside, &pcrs, &private_part, &public_part, NULL, NULL, NULL);
        assert_int_not_equal(r, TSS2_RC_SUCCESS);
    }
    assert_int_equal(r, TPM2_RC_LOCKOUT);
    OK(Esys_FlushContext(esys, object));
    raw_close(esys);
}
