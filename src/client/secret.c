/* Secrets in the public interface, and wiping in the libraries below. */
#include "client/secret.h"
#include "client/client.h"

#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

om_rc secret_new(const struct om_secret *from, struct openmaf_secret **out, struct om_error *err)
{
    struct openmaf_secret *s = calloc(1, sizeof *s);
    struct om_secret copy = OM_SECRET_INIT;
    if (s == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key value");
    om_rc rc = om_secret_set(&copy, from->octets, from->len, err);
    if (rc != OM_OK) {
        free(s);
        return rc;
    }
    s->octets = copy.octets;
    s->len = copy.len;
    *out = s;
    return OM_OK;
}

void openmaf_secret_free(struct openmaf_secret *secret)
{
    if (secret == NULL)
        return;
    struct om_secret s = {secret->octets, secret->len};
    om_secret_free(&s);
    free(secret);
}

int openmaf_secret_half(const struct openmaf_secret *secret, int half, const uint8_t **octets, size_t *len,
                        struct openmaf_error *error)
{
    struct om_error err = {0};
    if (secret == NULL || secret->len % 2 != 0 || (half != 0 && half != 1))
        return client_result(om_fail(&err, OM_EINPUT, "no such half of a key"), 0, &err, error);
    *len = secret->len / 2;
    *octets = secret->octets + (half == 1 ? *len : 0);
    return client_result(OM_OK, 0, &err, error);
}

static void *openssl_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return om_wiping_malloc(n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return om_wiping_realloc(p, n);
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    om_wiping_free(p);
}

int openmaf_wipe_library_memory(struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = OM_OK;
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
        rc = om_fail(&err, OM_EINTERNAL, "OpenSSL has allocated memory already: call this first in main()");
    event_set_mem_functions(om_wiping_malloc, om_wiping_realloc, om_wiping_free);
    json_set_alloc_funcs(om_wiping_malloc, om_wiping_free);
    return client_result(rc, 0, &err, error);
}
