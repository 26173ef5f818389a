/* Loading and initialising PKCS#11 modules: see module.h. */
#include "hsm/module.h"

#include "hsm/rv.h"

#include <dlfcn.h>
#include <p11-kit/p11-kit.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hsm_module {
    struct hsm_module *next;
    CK_FUNCTION_LIST *functions;
    bool from_p11kit; /* else `library` is ours */
    void *library;
    bool initialised_here;
    char *path;      /* or the name that p11-kit has for it */
    char *init_args; /* or NULL */
    CK_INFO info;
    unsigned process; /* hsm_process() of whom it was initialised by */
    unsigned users;
};

static struct hsm_module *modules;
static pthread_mutex_t modules_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned process = 1;
static pthread_once_t process_once = PTHREAD_ONCE_INIT;

static void in_child(void)
{
    process++;
}

static void watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, in_child) != 0)
        abort(); /* no memory for a few octets, and no way to be safe without them */
}

unsigned hsm_process(void)
{
    (void)pthread_once(&process_once, watch_forks);
    return process;
}

static bool one_thread; /* guarded by modules_lock */

void hsm_module_one_thread(void)
{
    (void)pthread_mutex_lock(&modules_lock);
    one_thread = true;
    (void)pthread_mutex_unlock(&modules_lock);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Without CKF_OS_LOCKING_OK and mutexes of ours the module may leave out its locks (PKCS#11 v2.40 base
 * specification, C_Initialize). p11-kit always asks for them. */
static om_rc initialize(struct hsm_module *m, struct om_error *err)
{
    CK_FLAGS flags = one_thread ? 0 : CKF_OS_LOCKING_OK;
    struct hsm_initialize_args args = {.standard = {.flags = flags, .pReserved = m->init_args}};
    CK_RV rv = m->from_p11kit ? p11_kit_module_initialize(m->functions) : m->functions->C_Initialize(&args);
    if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return OM_OK;
    m->initialised_here = rv == CKR_OK;
    return rv == CKR_OK ? OM_OK : hsm_rv_fail(err, rv, "C_Initialize");
}

static void finalize(struct hsm_module *m)
{
    if (!m->initialised_here)
        return;
    m->initialised_here = false;
    if (m->from_p11kit)
        (void)p11_kit_module_finalize(m->functions);
    else
        (void)m->functions->C_Finalize(NULL);
}

/* The library stays mapped (RTLD_NODELETE): vendors' modules leave threads and exit handlers behind. */
static om_rc load_library(struct hsm_module *m, struct om_error *err)
{
    m->library = dlopen(m->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (m->library == NULL)
        return om_fail(err, OM_ECONFIG, "cannot load the PKCS#11 module: %s", dlerror());
    CK_C_GetFunctionList get = NULL;
    void *symbol = dlsym(m->library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    if (get == NULL)
        return om_fail(err, OM_ECONFIG, "%s is no PKCS#11 module: it has no C_GetFunctionList", m->path);
    CK_RV rv = get(&m->functions);
    if (rv != CKR_OK || m->functions == NULL)
        return hsm_rv_fail(err, rv != CKR_OK ? rv : CKR_GENERAL_ERROR, "C_GetFunctionList");
    if (m->functions->version.major != 2 && m->functions->version.major != 3)
        return om_fail(err, OM_ECONFIG, "%s speaks Cryptoki %u.%u, not 2 or 3", m->path,
                       (unsigned)m->functions->version.major, (unsigned)m->functions->version.minor);
    return OM_OK;
}

static om_rc load_from_p11kit(struct hsm_module *m, struct om_error *err)
{
    CK_FUNCTION_LIST **all = p11_kit_modules_load(NULL, 0);
    if (all == NULL)
        return om_fail(err, OM_ECONFIG, "p11-kit has no modules: %s", p11_kit_message());
    for (size_t i = 0; all[i] != NULL; i++) {
        char *name = p11_kit_module_get_name(all[i]);
        if (m->functions == NULL && name != NULL && strcmp(name, m->path) == 0)
            m->functions = all[i];
        else
            p11_kit_module_release(all[i]);
        free(name);
    }
    free((void *)all);
    return m->functions != NULL ? OM_OK : om_fail(err, OM_ECONFIG, "p11-kit has no module named %s", m->path);
}

static om_rc start(struct hsm_module *m, struct om_error *err)
{
    OM_TRY(initialize(m, err));
    CK_RV rv = m->functions->C_GetInfo(&m->info);
    return rv == CKR_OK ? OM_OK : hsm_rv_fail(err, rv, "C_GetInfo");
}

static void module_free(struct hsm_module *m)
{
    if (m->process == hsm_process())
        finalize(m);
    if (m->from_p11kit && m->functions != NULL)
        p11_kit_module_release(m->functions);
    if (m->library != NULL)
        (void)dlclose(m->library);
    free(m->path);
    free(m->init_args);
    free(m);
}

static om_rc module_new(const struct hsm_uri *uri, struct hsm_module **out, struct om_error *err)
{
    struct hsm_module *m = calloc(1, sizeof *m);
    if (m == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a module");
    m->process = hsm_process();
    m->from_p11kit = uri->module_path == NULL;
    m->path = strdup(m->from_p11kit ? uri->module_name : uri->module_path);
    m->init_args = uri->init_args != NULL ? strdup(uri->init_args) : NULL;
    om_rc rc = OM_OK;
    if (m->path == NULL || (uri->init_args != NULL && m->init_args == NULL))
        rc = om_fail(err, OM_ENOMEM, "no memory for a module");
    else
        rc = m->from_p11kit ? load_from_p11kit(m, err) : load_library(m, err);
    if (rc == OM_OK && m->functions != NULL)
        rc = start(m, err);
    if (rc != OM_OK) {
        module_free(m);
        return rc;
    }
    *out = m;
    return OM_OK;
}

static om_rc acquire_locked(const struct hsm_uri *uri, struct hsm_module **out, struct om_error *err)
{
    const char *path = uri->module_path != NULL ? uri->module_path : uri->module_name;
    for (struct hsm_module *m = modules; m != NULL; m = m->next) {
        if (m->from_p11kit != (uri->module_path == NULL) || strcmp(m->path, path) != 0)
            continue;
        if (m->process != hsm_process())
            return om_fail(err, OM_EINTERNAL, "%s was initialised before this process was forked", path);
        if (!same_text(m->init_args, uri->init_args))
            return om_fail(err, OM_ECONFIG, "%s is in use with other x-init-args", path);
        m->users++;
        *out = m;
        return OM_OK;
    }
    OM_TRY(module_new(uri, out, err));
    (*out)->users = 1;
    (*out)->next = modules;
    modules = *out;
    return OM_OK;
}

om_rc hsm_module_acquire(const struct hsm_uri *uri, struct hsm_module **out, struct om_error *err)
{
    (void)pthread_mutex_lock(&modules_lock);
    om_rc rc = acquire_locked(uri, out, err);
    (void)pthread_mutex_unlock(&modules_lock);
    return rc;
}

void hsm_module_release(struct hsm_module *module)
{
    if (module == NULL)
        return;
    (void)pthread_mutex_lock(&modules_lock);
    if (--module->users == 0) {
        struct hsm_module **at = &modules;
        while (*at != module)
            at = &(*at)->next;
        *at = module->next;
        module_free(module);
    }
    (void)pthread_mutex_unlock(&modules_lock);
}

om_rc hsm_module_revive(struct hsm_module *module, struct om_error *err)
{
    (void)pthread_mutex_lock(&modules_lock);
    om_rc rc = initialize(module, err);
    (void)pthread_mutex_unlock(&modules_lock);
    return rc;
}

CK_FUNCTION_LIST *hsm_module_functions(const struct hsm_module *module)
{
    return module->functions;
}

const char *hsm_module_path(const struct hsm_module *module)
{
    return module->path;
}

const CK_INFO *hsm_module_info(const struct hsm_module *module)
{
    return &module->info;
}
