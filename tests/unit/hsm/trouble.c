/* A PKCS#11 module that makes trouble: see trouble.h. */
#include "trouble.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct trouble controls;
static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

EXPORT struct trouble *trouble_controls(void)
{
    return &controls;
}

/* xorshift64: the same seed fails the same calls. */
static uint64_t next_random(void)
{
    uint64_t x = controls.seed;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return controls.seed = x;
}

static CK_RV fault(void)
{
    controls.calls++;
    if (controls.unplugged)
        return CKR_DEVICE_REMOVED;
    if (controls.one_in == 0 || next_random() % controls.one_in != 0)
        return CKR_OK;
    controls.failed++;
    return controls.rv;
}

/* Forwards a call that may fail before it gets through. */
#define FORWARD(name, parameters, arguments)                                                                 \
    static CK_RV trouble_##name parameters                                                                   \
    {                                                                                                        \
        CK_RV rv = fault();                                                                                  \
        return rv != CKR_OK ? rv : real->name arguments;                                                     \
    }

FORWARD(C_OpenSession, (CK_SLOT_ID i, CK_FLAGS f, void *a, CK_NOTIFY n, CK_SESSION_HANDLE *s),
        (i, f, a, n, s))
FORWARD(C_CloseSession, (CK_SESSION_HANDLE s), (s))
FORWARD(C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO *i), (s, i))
FORWARD(C_GenerateRandom, (CK_SESSION_HANDLE s, CK_BYTE *p, CK_ULONG n), (s, p, n))
FORWARD(C_CreateObject, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *o), (s, t, n, o))
FORWARD(C_CopyObject,
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE f, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *o),
        (s, f, t, n, o))
FORWARD(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o), (s, o))
FORWARD(C_GetAttributeValue, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *t, CK_ULONG n),
        (s, o, t, n))
FORWARD(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n), (s, t, n))
FORWARD(C_FindObjects, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *o, CK_ULONG m, CK_ULONG *n), (s, o, m, n))
FORWARD(C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))
FORWARD(C_GenerateKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *o),
        (s, m, t, n, o))
FORWARD(C_WrapKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE w, CK_OBJECT_HANDLE k, CK_BYTE *p,
         CK_ULONG *n),
        (s, m, w, k, p, n))
FORWARD(C_UnwrapKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE w, CK_BYTE *p, CK_ULONG l, CK_ATTRIBUTE *t,
         CK_ULONG n, CK_OBJECT_HANDLE *o),
        (s, m, w, p, l, t, n, o))
FORWARD(C_DeriveKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE b, CK_ATTRIBUTE *t, CK_ULONG n,
         CK_OBJECT_HANDLE *o),
        (s, m, b, t, n, o))
FORWARD(C_SignInit, (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE k), (s, m, k))
FORWARD(C_Sign, (CK_SESSION_HANDLE s, CK_BYTE *d, CK_ULONG n, CK_BYTE *o, CK_ULONG *l), (s, d, n, o, l))
FORWARD(C_SignUpdate, (CK_SESSION_HANDLE s, CK_BYTE *d, CK_ULONG n), (s, d, n))
FORWARD(C_SignFinal, (CK_SESSION_HANDLE s, CK_BYTE *o, CK_ULONG *l), (s, o, l))

static CK_RV trouble_C_Initialize(void *arguments)
{
    const CK_C_INITIALIZE_ARGS *args = arguments;
    controls.initialize_flags = args != NULL ? args->flags : 0;
    return real->C_Initialize(arguments);
}

static void hang(void)
{
    const char *path = getenv(TROUBLE_HANG_VARIABLE);
    const struct timespec a_little = {.tv_nsec = 10000000};
    while (path != NULL && access(path, F_OK) == 0)
        (void)nanosleep(&a_little, NULL);
}

static CK_RV trouble_C_Login(CK_SESSION_HANDLE s, CK_USER_TYPE u, CK_BYTE *p, CK_ULONG n)
{
    controls.logins++;
    hang();
    CK_RV rv = fault();
    return rv != CKR_OK ? rv : real->C_Login(s, u, p, n);
}

static CK_RV trouble_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
    if (controls.unplugged) {
        *n = 0;
        return CKR_OK;
    }
    return real->C_GetSlotList(present, slots, n);
}

static CK_RV trouble_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = real->C_GetTokenInfo(slot, info);
    if (rv == CKR_OK)
        info->flags = (info->flags | controls.token_flags) & ~controls.token_flags_clear;
    return rv;
}

static CK_RV trouble_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    if (controls.hidden != 0 && type == controls.hidden)
        return CKR_MECHANISM_INVALID;
    return real->C_GetMechanismInfo(slot, type, info);
}

static CK_RV load(void)
{
    const char *path = getenv(TROUBLE_MODULE_VARIABLE);
    void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL)
        return CKR_GENERAL_ERROR;
    CK_C_GetFunctionList get = NULL;
    void *symbol = dlsym(library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    return get != NULL ? get(&real) : CKR_GENERAL_ERROR;
}

EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    CK_RV rv = load();
    if (rv != CKR_OK)
        return rv;
    ours = *real;
#define TAKE(name) ours.name = trouble_##name
    ours.C_GetFunctionList = C_GetFunctionList;
    TAKE(C_Initialize);
    TAKE(C_OpenSession);
    TAKE(C_CloseSession);
    TAKE(C_GetSessionInfo);
    TAKE(C_GenerateRandom);
    TAKE(C_CreateObject);
    TAKE(C_CopyObject);
    TAKE(C_DestroyObject);
    TAKE(C_GetAttributeValue);
    TAKE(C_FindObjectsInit);
    TAKE(C_FindObjects);
    TAKE(C_FindObjectsFinal);
    TAKE(C_GenerateKey);
    TAKE(C_WrapKey);
    TAKE(C_UnwrapKey);
    TAKE(C_DeriveKey);
    TAKE(C_SignInit);
    TAKE(C_Sign);
    TAKE(C_SignUpdate);
    TAKE(C_SignFinal);
    TAKE(C_Login);
    TAKE(C_GetSlotList);
    TAKE(C_GetTokenInfo);
    TAKE(C_GetMechanismInfo);
    *list = &ours;
    return CKR_OK;
}
