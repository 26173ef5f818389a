/* Allocator hooks of OpenSSL (TLS records), jansson (content), libevent (HTTP bodies) and SQLite (rows): see
 * mem_hooks.h. */
#include "daemon/mem_hooks.h"
#include "util/secret.h"

#include <event2/event.h>
#include <jansson.h>
#include <limits.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return om_wiping_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return om_wiping_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    om_wiping_free(p);
}

static void *sqlite_malloc(int n)
{
    return om_wiping_malloc((size_t)n);
}

static void *sqlite_realloc(void *p, int n)
{
    return om_wiping_realloc(p, (size_t)n);
}

static int sqlite_size(void *p)
{
    size_t n = malloc_usable_size(p);
    return n > INT_MAX ? INT_MAX : (int)n;
}

static int sqlite_roundup(int n)
{
    return n > INT_MAX - 7 ? n : (n + 7) & ~7;
}

static int sqlite_init(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *arg)
{
    (void)arg;
}

om_rc mem_hooks_install(struct om_error *err)
{
    static const sqlite3_mem_methods sqlite_methods = {
        .xMalloc = sqlite_malloc,
        .xFree = om_wiping_free,
        .xRealloc = sqlite_realloc,
        .xSize = sqlite_size,
        .xRoundup = sqlite_roundup,
        .xInit = sqlite_init,
        .xShutdown = sqlite_shutdown,
    };
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        return om_fail(err, OM_EINTERNAL, "OpenSSL allocated memory before its allocator was set");
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &sqlite_methods) != SQLITE_OK)
        return om_fail(err, OM_EINTERNAL, "SQLite was in use before its allocator was set");
    json_set_alloc_funcs(om_wiping_malloc, om_wiping_free);
    event_set_mem_functions(om_wiping_malloc, om_wiping_realloc, om_wiping_free);
    return OM_OK;
}
