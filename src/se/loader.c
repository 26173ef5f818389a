/* Finds and checks the plug-in that a URI's scheme names: openmaf-se-<scheme>.so.
 *
 * Plug-ins are never unloaded. They bring hardware libraries that start threads, register exit handlers and
 * keep pointers into shared libraries (SoftHSM in libcrypto's, p11-kit its own): unmapping their code while
 * the process lives is a crash at exit. dlopen counts, so loading again costs nothing. */
#include "se/internal.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCHEME_MAX 16

/* "pkcs11:token=..." -> "pkcs11". Strict, because it becomes part of a file name. */
static om_rc scheme_of(const char *uri, char out[SCHEME_MAX + 1], struct om_error *err)
{
    size_t n = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (n == 0 || n > SCHEME_MAX || uri[n] != ':')
        return om_fail(err, OM_ECONFIG, "a token URI begins with a scheme such as pkcs11: or tpm2:");
    memcpy(out, uri, n);
    out[n] = '\0';
    return OM_OK;
}

/* Directory of the running program plus `suffix`, or "" when it is unknown. */
static void beside_program(const char *suffix, char out[PATH_MAX])
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    out[0] = '\0';
    if (n <= 0)
        return;
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    int len = snprintf(out, PATH_MAX, "%s/%s", exe, suffix);
    if (len < 0 || len >= PATH_MAX)
        out[0] = '\0';
}

/* Tries one directory: OM_ENOTFOUND when the file is not there. */
static om_rc open_in(const char *dir, const char *file, void **module, struct om_error *err)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", dir, file);
    if (dir[0] == '\0' || len < 0 || (size_t)len >= sizeof path || access(path, F_OK) != 0)
        return om_fail(err, OM_ENOTFOUND, "no %s in %s", file, dir);
    *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*module == NULL)
        return om_fail(err, OM_ECONFIG, "cannot load plug-in: %s", dlerror());
    return OM_OK;
}

static om_rc open_module(const char *file, const char *plugin_dir, void **module, struct om_error *err)
{
    char installed_beside[PATH_MAX];
    char built_beside[PATH_MAX];
    if (plugin_dir != NULL) {
        om_rc rc = open_in(plugin_dir, file, module, err);
        return rc != OM_ENOTFOUND ? rc : om_fail(err, OM_ECONFIG, "no plug-in %s in %s", file, plugin_dir);
    }
    beside_program("../lib/openmaf", installed_beside);
    beside_program("../lib", built_beside);
    const char *const dirs[] = {installed_beside, built_beside, OPENMAF_PLUGIN_DIR};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        om_rc rc = open_in(dirs[i], file, module, err);
        if (rc != OM_ENOTFOUND)
            return rc;
    }
    return om_fail(err, OM_ECONFIG, "plug-in %s is not installed in %s, nor beside the program", file,
                   OPENMAF_PLUGIN_DIR);
}

static bool complete(const struct se_plugin *p)
{
    return p->name != NULL && p->scheme != NULL && p->open != NULL && p->close != NULL &&
           p->provision != NULL && p->describe != NULL && p->health != NULL && p->random != NULL &&
           p->key_mint != NULL && p->key_generate != NULL && p->key_free != NULL && p->key_wrap != NULL &&
           p->key_load != NULL && p->unseal != NULL && p->hmac != NULL && p->row_mac != NULL;
}

/* Optional operations that are of use only together. */
static bool consistent(const struct se_plugin *p)
{
    bool signs = p->signer_find != NULL;
    bool certificates = p->certificate_read != NULL;
    return (p->signer_make != NULL) == signs && (p->signer_free != NULL) == signs &&
           (p->signer_remove != NULL) == signs && (p->signer_sign != NULL) == signs &&
           (p->certificate_write != NULL) == certificates;
}

/* magic, version and size are at the same place in every version; nothing else is read before they agree. */
static om_rc check_table(const struct se_plugin *p, const char *scheme, const char *file,
                         struct om_error *err)
{
    if (p == NULL)
        return om_fail(err, OM_ECONFIG, "%s does not export %s", file, SE_PLUGIN_SYMBOL);
    if (p->magic != SE_PLUGIN_MAGIC)
        return om_fail(err, OM_ECONFIG, "%s is not a Secure Environment plug-in", file);
    if (p->version != SE_PLUGIN_VERSION || p->size != sizeof *p)
        return om_fail(err, OM_ECONFIG, "%s has plug-in version %u (%u octets); this build needs %u (%zu)",
                       file, p->version, p->size, SE_PLUGIN_VERSION, sizeof *p);
    if (!complete(p))
        return om_fail(err, OM_ECONFIG, "%s lacks a mandatory operation", file);
    if (!consistent(p))
        return om_fail(err, OM_ECONFIG, "%s has only some of the operations that belong together", file);
    size_t n = strlen(scheme);
    if (strncmp(p->scheme, scheme, n) != 0 || strcmp(p->scheme + n, ":") != 0)
        return om_fail(err, OM_ECONFIG, "%s is a plug-in for %s, not for %s:", file, p->scheme, scheme);
    return OM_OK;
}

om_rc se_plugin_find(const char *uri, const char *plugin_dir, const struct se_plugin **out,
                     struct om_error *err)
{
    char scheme[SCHEME_MAX + 1];
    OM_TRY(scheme_of(uri, scheme, err));
    char file[sizeof "openmaf-se-.so" + SCHEME_MAX];
    (void)snprintf(file, sizeof file, "openmaf-se-%s.so", scheme);
    void *module = NULL;
    OM_TRY(open_module(file, plugin_dir, &module, err));
    const struct se_plugin *plugin = dlsym(module, SE_PLUGIN_SYMBOL);
    OM_TRY(check_table(plugin, scheme, file, err));
    *out = plugin;
    return OM_OK;
}
