/* A token in process memory, honest in everything but protection. For tests only.
 *
 *   ram:[file=PATH][&derive=1][&fail-every=N][&seed=S]
 *
 * file        where the root keys are kept (0600), and beside it signing keys and certificates; without it
 *             this process has one set in memory, and no signing keys
 * derive=1    the token has prf and prf_key of its own; without it they answer OM_EUNSUPPORTED
 * fail-every  about one call in N, drawn from a generator started with seed, fails with OM_ETRANSIENT */
#include "ram.h"
#include "util/file.h"
#include "util/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URI_MAX 4096

static pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t process_roots[RAM_ROOTS][RAM_ROOT_SIZE];
static bool process_provisioned;

/* --- faults --- */

/* splitmix64 */
static uint64_t next_random(struct se_token *tok)
{
    uint64_t z = tok->random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

om_rc ram_maybe_fail(struct se_token *tok, struct om_error *err)
{
    if (tok->fail_every != 0 && next_random(tok) % tok->fail_every == 0)
        return om_fail(err, OM_ETRANSIENT, "injected fault");
    return OM_OK;
}

om_rc ram_begin_with_roots(struct se_token *tok, struct om_error *err)
{
    OM_TRY(ram_maybe_fail(tok, err));
    if (!tok->provisioned)
        return om_fail(err, OM_ECONFIG, "the RAM token has no root keys yet");
    return OM_OK;
}

/* --- opening --- */

static om_rc parse_option(struct se_token *tok, const char *name, const char *value, struct om_error *err)
{
    uint64_t on = 0;
    if (strcmp(name, "file") == 0)
        return om_copy_text(tok->file, sizeof tok->file, value, err);
    if (strcmp(name, "fail-every") == 0)
        return om_parse_uint(value, UINT64_MAX, &tok->fail_every, err);
    if (strcmp(name, "seed") == 0)
        return om_parse_uint(value, UINT64_MAX, &tok->random_state, err);
    if (strcmp(name, "derive") == 0) {
        OM_TRY(om_parse_uint(value, 1, &on, err));
        tok->derive = on == 1;
        return OM_OK;
    }
    return om_fail(err, OM_ECONFIG, "ram: has no attribute '%s'", name);
}

static om_rc parse_uri(struct se_token *tok, const char *uri, struct om_error *err)
{
    char copy[URI_MAX];
    OM_TRY(om_copy_text(copy, sizeof copy, uri + strlen("ram:"), err));
    char *rest = copy;
    char *attribute;
    while ((attribute = strsep(&rest, "&")) != NULL) {
        char *value = strchr(attribute, '=');
        if (value == NULL && attribute[0] == '\0')
            continue; /* "ram:" alone */
        if (value == NULL)
            return om_fail(err, OM_ECONFIG, "ram: attribute '%s' has no value", attribute);
        *value++ = '\0';
        OM_TRY(parse_option(tok, attribute, value, err));
    }
    return OM_OK;
}

static om_rc load_roots(struct se_token *tok, struct om_error *err)
{
    if (tok->file[0] == '\0') {
        (void)pthread_mutex_lock(&process_lock);
        tok->provisioned = process_provisioned;
        memcpy(tok->roots, process_roots, sizeof tok->roots);
        (void)pthread_mutex_unlock(&process_lock);
        return OM_OK;
    }
    struct om_secret content = OM_SECRET_INIT;
    om_rc rc = om_file_read_private(tok->file, sizeof tok->roots, &content, err);
    if (rc == OM_ENOTFOUND)
        return OM_OK; /* not provisioned yet */
    if (rc == OM_OK && content.len != sizeof tok->roots)
        rc = om_fail(err, OM_ECONFIG, "%s does not hold the root keys of a RAM token", tok->file);
    if (rc == OM_OK) {
        memcpy(tok->roots, content.octets, sizeof tok->roots);
        tok->provisioned = true;
    }
    om_secret_free(&content);
    return rc;
}

static void ram_close(struct se_token *tok)
{
    while (tok->signers != NULL)
        ram_signer_free(tok, tok->last_signer--);
    ram_crypto_close(tok);
    om_wipe(tok->keys, tok->n_keys * sizeof *tok->keys);
    free(tok->keys);
    om_wipe(tok, sizeof *tok);
    free(tok);
}

static om_rc ram_open(const char *uri, const char *pin_source, struct se_token **out, struct om_error *err)
{
    if (pin_source != NULL)
        return om_fail(err, OM_ECONFIG, "a RAM token has no PIN");
    struct se_token *tok = calloc(1, sizeof *tok);
    if (tok == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a RAM token");
    om_rc rc = parse_uri(tok, uri, err);
    if (rc == OM_OK)
        rc = ram_crypto_open(tok, err);
    if (rc == OM_OK)
        rc = load_roots(tok, err);
    if (rc != OM_OK) {
        ram_close(tok);
        return rc;
    }
    *out = tok;
    return OM_OK;
}

static om_rc provision_process(struct se_token *tok, struct om_error *err)
{
    om_rc rc = OM_OK;
    (void)pthread_mutex_lock(&process_lock);
    if (!process_provisioned)
        rc = ram_random(tok, process_roots[0], sizeof process_roots, err);
    if (rc == OM_OK) {
        process_provisioned = true;
        memcpy(tok->roots, process_roots, sizeof tok->roots);
    }
    (void)pthread_mutex_unlock(&process_lock);
    return rc;
}

static om_rc ram_provision(struct se_token *tok, struct om_error *err)
{
    OM_TRY(ram_maybe_fail(tok, err));
    if (tok->provisioned)
        return OM_OK;
    if (tok->file[0] == '\0') {
        OM_TRY(provision_process(tok, err));
    } else {
        OM_TRY(ram_random(tok, tok->roots[0], sizeof tok->roots, err));
        OM_TRY(om_file_create(tok->file, tok->roots, sizeof tok->roots, 0600, err));
    }
    tok->provisioned = true;
    return OM_OK;
}

static om_rc ram_describe(struct se_token *tok, struct se_description *out, struct om_error *err)
{
    OM_TRY(ram_maybe_fail(tok, err));
    *out = (struct se_description){.plugin = "ram",
                                   .manufacturer = "openmaf tests",
                                   .model = "RAM",
                                   .label = "ram",
                                   .algorithms = "HMAC",
                                   .grade = tok->derive ? SE_GRADE_DERIVE : SE_GRADE_HMAC,
                                   .test_only = true,
                                   .provisioned = tok->provisioned,
                                   .signs = tok->file[0] != '\0'};
    (void)snprintf(out->module, sizeof out->module, "%s", tok->file);
    return OM_OK;
}

static om_rc ram_health(struct se_token *tok, struct om_error *err)
{
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(ram_begin_with_roots(tok, err));
    return ram_hmac(tok, tok->roots[SE_ROOT_ROW - 1], RAM_ROOT_SIZE, NULL, 0, mac, err);
}

static om_rc ram_random_op(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err)
{
    OM_TRY(ram_maybe_fail(tok, err));
    return ram_random(tok, out, n, err);
}

__attribute__((visibility("default"))) const struct se_plugin openmaf_se_plugin = {
    .magic = SE_PLUGIN_MAGIC,
    .version = SE_PLUGIN_VERSION,
    .size = sizeof(struct se_plugin),
    .name = "ram",
    .scheme = "ram:",
    .open = ram_open,
    .close = ram_close,
    .provision = ram_provision,
    .describe = ram_describe,
    .health = ram_health,
    .random = ram_random_op,
    .key_mint = ram_key_mint,
    .key_generate = ram_key_generate,
    .key_free = ram_key_free,
    .key_wrap = ram_key_wrap,
    .key_load = ram_key_load,
    .unseal = ram_unseal,
    .hmac = ram_key_hmac,
    .row_mac = ram_row_mac,
    .prf = ram_key_prf,
    .prf_key = ram_key_prf_key,
    .key_step = ram_key_step,
    .signer_find = ram_signer_find,
    .signer_make = ram_signer_make,
    .signer_free = ram_signer_free,
    .signer_remove = ram_signer_remove,
    .signer_sign = ram_signer_sign,
    .certificate_read = ram_certificate_read,
    .certificate_write = ram_certificate_write,
};
