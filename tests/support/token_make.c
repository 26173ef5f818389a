/* Makes SoftHSM, NSS softokn, tpm2-pkcs11 and swtpm tokens: see token_make.h. */
#include "token_make.h"
#include "token_swtpm.h"

#include "util/file.h"
#include "util/text.h"

#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define LABEL "openmaf-test"

struct recipe {
    const char *module;
    const char *so_pin;
    bool init_token;            /* softokn makes its database in C_Initialize */
    char init_args[PATH_MAX];   /* for C_Initialize; "" when the module wants none */
    char environment[PATH_MAX]; /* "NAME=VALUE" lines, "" for none */
};

#define TRY_CK(call)                                                                                         \
    do {                                                                                                     \
        CK_RV rv_ = (call);                                                                                  \
        if (rv_ != CKR_OK)                                                                                   \
            return om_fail(err, OM_ECONFIG, "%s: 0x%lx", #call, rv_);                                        \
    } while (0)

static om_rc load(const struct recipe *r, CK_FUNCTION_LIST **f, struct om_error *err)
{
    void *so = dlopen(r->module, RTLD_NOW | RTLD_LOCAL);
    if (so == NULL)
        return om_fail(err, OM_ECONFIG, "%s", dlerror());
    CK_C_GetFunctionList get = NULL;
    void *symbol = dlsym(so, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    if (get == NULL || get(f) != CKR_OK)
        return om_fail(err, OM_ECONFIG, "%s is no PKCS#11 module", r->module);
    /* NSS reads one pointer more than the standard structure has. */
    struct {
        CK_C_INITIALIZE_ARGS standard;
        void *nss_must_be_null;
    } args;
    memset(&args, 0, sizeof args);
    args.standard.flags = CKF_OS_LOCKING_OK;
    args.standard.pReserved = r->init_args[0] != '\0' ? (void *)r->init_args : NULL;
    TRY_CK((*f)->C_Initialize(&args));
    return OM_OK;
}

static bool label_is(const CK_TOKEN_INFO *info, const char *label)
{
    size_t n = strlen(label);
    return n <= sizeof info->label && memcmp(info->label, label, n) == 0 &&
           (n == sizeof info->label || info->label[n] == ' ');
}

/* The slot of the labelled token, or (label NULL) the first with a token not initialised yet. */
static om_rc find_slot(CK_FUNCTION_LIST *f, const char *label, CK_SLOT_ID *out, struct om_error *err)
{
    CK_SLOT_ID slots[32];
    CK_ULONG n = sizeof slots / sizeof slots[0];
    TRY_CK(f->C_GetSlotList(CK_TRUE, slots, &n));
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        TRY_CK(f->C_GetTokenInfo(slots[i], &info));
        if (label != NULL ? label_is(&info, label) : (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
            *out = slots[i];
            return OM_OK;
        }
    }
    return om_fail(err, OM_ECONFIG, "no slot with token %s", label != NULL ? label : "to initialise");
}

static om_rc set_pins(CK_FUNCTION_LIST *f, const struct recipe *r, char *pin, struct om_error *err)
{
    CK_UTF8CHAR *so_pin = (CK_UTF8CHAR *)r->so_pin;
    CK_SLOT_ID slot = 0;
    if (r->init_token) {
        char padded[32 + 1];
        (void)snprintf(padded, sizeof padded, "%-32s", LABEL);
        OM_TRY(find_slot(f, NULL, &slot, err));
        TRY_CK(f->C_InitToken(slot, so_pin, strlen(r->so_pin), (CK_UTF8CHAR *)padded));
    }
    OM_TRY(find_slot(f, LABEL, &slot, err));
    CK_SESSION_HANDLE session = 0;
    TRY_CK(f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    TRY_CK(f->C_Login(session, CKU_SO, so_pin, strlen(r->so_pin)));
    TRY_CK(f->C_InitPIN(session, (CK_UTF8CHAR *)pin, strlen(pin)));
    TRY_CK(f->C_Logout(session));
    TRY_CK(f->C_CloseSession(session));
    TRY_CK(f->C_Finalize(NULL));
    return OM_OK;
}

static om_rc softhsm_recipe(struct recipe *r, const char *dir, struct om_error *err)
{
    char path[PATH_MAX], tokens[PATH_MAX], text[PATH_MAX + 128];
    r->module = SOFTHSM2_MODULE;
    r->so_pin = "the SO of a test";
    r->init_token = true;
    OM_TRY(om_path_join(tokens, sizeof tokens, dir, "tokens", err));
    OM_TRY(om_dir_make(tokens, err));
    OM_TRY(om_path_join(path, sizeof path, dir, "softhsm2.conf", err));
    (void)snprintf(text, sizeof text,
                   "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens);
    OM_TRY(om_file_create(path, text, strlen(text), 0600, err));
    (void)snprintf(r->environment, sizeof r->environment, "SOFTHSM2_CONF=%s", path);
    return setenv("SOFTHSM2_CONF", path, 1) == 0 ? OM_OK : om_fail(err, OM_ENOMEM, "setenv");
}

static om_rc softokn_recipe(struct recipe *r, const char *dir, struct om_error *err)
{
    char db[PATH_MAX];
    r->module = SOFTOKN3_MODULE;
    r->so_pin = "";
    OM_TRY(om_path_join(db, sizeof db, dir, "nssdb", err));
    OM_TRY(om_dir_make(db, err));
    int n = snprintf(r->init_args, sizeof r->init_args,
                     "configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags= "
                     "updatedir='' dbTokenDescription='" LABEL "'",
                     db);
    if (n < 0 || (size_t)n >= sizeof r->init_args)
        return om_fail(err, OM_EINPUT, "%s is too long", dir);
    return OM_OK;
}

/* The module keeps its tokens in a store of its own, for the TPM that the caller has started. */
static om_rc tpm2_pkcs11_recipe(struct recipe *r, const char *dir, struct om_error *err)
{
    char store[PATH_MAX];
    const char *tcti = getenv("TPM2_PKCS11_TCTI");
    if (tcti == NULL)
        return om_fail(err, OM_ECONFIG, "TPM2_PKCS11_TCTI has to name a TPM");
    r->module = TPM2_PKCS11_MODULE;
    r->so_pin = "the SO of a test";
    r->init_token = true;
    OM_TRY(om_path_join(store, sizeof store, dir, "store", err));
    OM_TRY(om_dir_make(store, err));
    int n = snprintf(r->environment, sizeof r->environment, "TPM2_PKCS11_STORE=%s\nTPM2_PKCS11_TCTI=%s",
                     store, tcti);
    if (n < 0 || (size_t)n >= sizeof r->environment)
        return om_fail(err, OM_EINPUT, "%s is too long", dir);
    return setenv("TPM2_PKCS11_STORE", store, 1) == 0 ? OM_OK : om_fail(err, OM_ENOMEM, "setenv");
}

static void print_escaped(FILE *f, const char *s)
{
    for (; *s != '\0'; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
                     strchr("/._-", *s) != NULL;
        (void)(plain ? fputc(*s, f) : fprintf(f, "%%%02X", (unsigned)(unsigned char)*s));
    }
}

static void print_answer(FILE *f, const struct recipe *r, const char *pin_path)
{
    (void)fputs("URI=pkcs11:token=" LABEL "?module-path=", f);
    print_escaped(f, r->module);
    if (r->init_args[0] != '\0') {
        (void)fputs("&x-init-args=", f);
        print_escaped(f, r->init_args);
    }
    (void)fprintf(f, "\nPIN_SOURCE=file:%s\n", pin_path);
    if (r->environment[0] != '\0')
        (void)fprintf(f, "%s\n", r->environment);
}

#define PIN_OCTETS 8

/* A random PIN in dir/pin. */
static om_rc make_pin(const char *dir, char path[PATH_MAX], char pin[2 * PIN_OCTETS + 1],
                      struct om_error *err)
{
    uint8_t random[PIN_OCTETS];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return om_fail(err, OM_ETRANSIENT, "getrandom");
    om_hex_lower(pin, random, sizeof random);
    OM_TRY(om_path_join(path, PATH_MAX, dir, "pin", err));
    return om_file_create(path, pin, strlen(pin), 0600, err);
}

static om_rc make_pkcs11(const struct recipe *r, const char *dir, FILE *answer, struct om_error *err)
{
    char pin[2 * PIN_OCTETS + 1], path[PATH_MAX];
    OM_TRY(make_pin(dir, path, pin, err));
    CK_FUNCTION_LIST *f = NULL;
    OM_TRY(load(r, &f, err));
    if (f != NULL)
        OM_TRY(set_pins(f, r, pin, err));
    print_answer(answer, r, path);
    return OM_OK;
}

/* In a directory that was used before, swtpm is started again as it was. */
static om_rc make_swtpm(const char *kind, const char *dir, pid_t owner, FILE *answer, struct om_error *err)
{
    char pin[2 * PIN_OCTETS + 1], path[PATH_MAX];
    unsigned port = 0;
    pid_t pid = -1;
    bool managed = strcmp(kind, "tabrmd") == 0;
    om_rc rc = make_pin(dir, path, pin, err);
    if (rc != OM_OK && rc != OM_ECONFLICT)
        return rc;
    OM_TRY(swtpm_start(dir, owner, &port, &pid, err));
    if (managed) {
        OM_TRY(tabrmd_start(dir, port, pid, err));
        (void)fprintf(answer,
                      "URI=tpm2:tcti=tabrmd:bus_type=session\nDBUS_SESSION_BUS_ADDRESS=unix:path=%s/bus\n",
                      dir);
    } else {
        (void)fprintf(answer, "URI=tpm2:tcti=swtpm:host=127.0.0.1,port=%u%s\n", port,
                      strcmp(kind, "swtpm-plain") == 0 ? ";encrypt=no" : "");
    }
    (void)fprintf(answer, "PIN_SOURCE=file:%s\nSWTPM_PID=%ld\n", path, (long)pid);
    return OM_OK;
}

om_rc token_make(const char *kind, const char *dir, pid_t owner, FILE *answer, struct om_error *err)
{
    char absolute[PATH_MAX];
    if (realpath(dir, absolute) == NULL)
        return om_fail(err, OM_ENOTFOUND, "no directory %s", dir);
    struct recipe r = {0};
    if (strcmp(kind, "softhsm") == 0) {
        OM_TRY(softhsm_recipe(&r, absolute, err));
        return make_pkcs11(&r, absolute, answer, err);
    }
    if (strcmp(kind, "softokn") == 0) {
        OM_TRY(softokn_recipe(&r, absolute, err));
        return make_pkcs11(&r, absolute, answer, err);
    }
    if (strcmp(kind, "tpm2-pkcs11") == 0) {
        OM_TRY(tpm2_pkcs11_recipe(&r, absolute, err));
        return make_pkcs11(&r, absolute, answer, err);
    }
    if (strcmp(kind, "ram") == 0) {
        (void)fprintf(answer, "URI=ram:file=%s/ram.roots\nPIN_SOURCE=\n", absolute);
        return OM_OK;
    }
    if (strcmp(kind, "swtpm") == 0 || strcmp(kind, "swtpm-plain") == 0 || strcmp(kind, "tabrmd") == 0)
        return make_swtpm(kind, absolute, owner, answer, err);
    return om_fail(err, OM_EINPUT,
                   "no token of kind '%s': softhsm, softokn, tpm2-pkcs11, swtpm, swtpm-plain, tabrmd or ram",
                   kind);
}
