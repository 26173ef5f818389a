/* The TPM 2.0 plug-in of the Secure Environment: the table, opening and closing, and what concerns the token
 * as a whole. Keys are in keys.c. */
#include "tpm/keys.h"
#include "tpm/signer.h"
#include "tpm/token.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- open and close --- */

/* tpm2-tss writes a line on stderr for every answer that is not success, also for those that are expected. It
 * reads this variable when it writes the first one; somebody who has set it wants to see them. */
static void silence_library(void)
{
    (void)setenv("TSS2_LOG", "all+none", 0);
}

static om_rc open_work(struct se_token *tok, void *arg, struct om_error *err)
{
    (void)arg;
    OM_TRY(tpm_facts_read(tok, err));
    return tpm_roots_find(tok, err);
}

static om_rc token_open(struct se_token *tok, const char *uri, const char *pin_source, struct om_error *err)
{
    OM_TRY(tpm_uri_parse(uri, &tok->uri, err));
    if (pin_source == NULL && tok->uri.pin_source[0] != '\0')
        pin_source = tok->uri.pin_source;
    if (pin_source != NULL && (tok->pin_source = strdup(pin_source)) == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a token");
    tok->storage.known.handle = tok->uri.handle;
    tok->row.known.handle = tok->uri.handle + 1;
    OM_TRY(tpm_link_init(&tok->link, &tok->uri, err));
    return tpm_group(tok, true, open_work, NULL, err);
}

static void token_free(struct se_token *tok)
{
    tpm_drop(tok);
    tpm_roots_free(tok);
    tpm_signers_free(tok);
    tpm_handles_free(&tok->keys);
    free(tok->pin_source);
    om_wiping_free(tok);
}

static om_rc plugin_open(const char *uri, const char *pin_source, struct se_token **out, struct om_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *out = NULL;
    (void)pthread_once(&once, silence_library);
    struct se_token *tok = om_wiping_malloc(sizeof *tok);
    if (tok == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a token");
    memset(tok, 0, sizeof *tok);
    tok->link.fd = -1;
    tok->process = getpid();
    tok->session = tok->storage.object = tok->row.object = ESYS_TR_NONE;
    for (size_t i = 0; i < TPM_SLOTS; i++)
        tok->slots[i].object = ESYS_TR_NONE;
    om_rc rc = token_open(tok, uri, pin_source, err);
    if (rc != OM_OK) {
        token_free(tok);
        return rc;
    }
    *out = tok;
    return OM_OK;
}

/* What a resource manager would keep for us is given back at once. */
static om_rc close_work(struct se_token *tok, void *arg, struct om_error *err)
{
    (void)arg, (void)err;
    tpm_slots_flush(tok);
    tpm_flush(tok, &tok->session);
    return OM_OK;
}

static void plugin_close(struct se_token *tok)
{
    if (tok == NULL)
        return;
    bool holds = tok->uri.managed ? tok->esys != NULL : tok->leftovers != TPM_LEFT_NOTHING;
    if (holds && tok->process == getpid() &&
        tpm_group(tok, !tok->uri.managed, close_work, NULL, NULL) != OM_OK)
        tpm_drop(tok); /* the resource manager flushes what the connection leaves */
    token_free(tok);
}

/* --- about the token --- */

static om_rc provision_work(struct se_token *tok, void *arg, struct om_error *err)
{
    (void)arg;
    return tpm_roots_provision(tok, err);
}

static om_rc plugin_provision(struct se_token *tok, struct om_error *err)
{
    return tpm_group(tok, true, provision_work, NULL, err);
}

static om_rc describe_work(struct se_token *tok, void *arg, struct om_error *err)
{
    struct se_description *out = arg;
    return tpm_state_read(tok, out->state, sizeof out->state, err);
}

static om_rc plugin_describe(struct se_token *tok, struct se_description *out, struct om_error *err)
{
    const struct tpm_facts *f = &tok->facts;
    memset(out, 0, sizeof *out);
    (void)snprintf(out->plugin, sizeof out->plugin, "tpm2");
    (void)snprintf(out->manufacturer, sizeof out->manufacturer, "%s", f->manufacturer);
    (void)snprintf(out->model, sizeof out->model, "%s", f->model);
    (void)snprintf(out->firmware, sizeof out->firmware, "%s", f->firmware);
    (void)snprintf(out->label, sizeof out->label, "0x%08x", tok->uri.handle);
    (void)snprintf(out->module, sizeof out->module, "%s", tok->uri.tcti);
    (void)snprintf(out->algorithms, sizeof out->algorithms, "%s", f->algorithms);
    if (!tok->uri.encrypt)
        (void)snprintf(out->quirks, sizeof out->quirks, "not-encrypted");
    out->grade = SE_GRADE_HMAC;
    out->provisioned = tok->row.present;
    out->signs = true; /* what it has to be able to do includes ECDSA */
    om_rc rc = tpm_group(tok, false, describe_work, out, err);
    out->commands = tok->link.commands;
    return rc;
}

static om_rc health_work(struct se_token *tok, void *arg, struct om_error *err)
{
    static const struct se_part text = {"openmaf health", 14};
    uint8_t mac[SE_MAC_SIZE];
    (void)arg;
    OM_TRY(tpm_roots_check(tok, err));
    return tpm_hmac(tok, tok->row.object, &text, 1, true, mac, err);
}

static om_rc plugin_health(struct se_token *tok, struct om_error *err)
{
    return tpm_group(tok, true, health_work, NULL, err);
}

extern const struct se_plugin openmaf_se_plugin;

__attribute__((visibility("default"))) const struct se_plugin openmaf_se_plugin = {
    .magic = SE_PLUGIN_MAGIC,
    .version = SE_PLUGIN_VERSION,
    .size = sizeof(struct se_plugin),
    .name = "tpm2",
    .scheme = "tpm2:",
    .open = plugin_open,
    .close = plugin_close,
    .provision = plugin_provision,
    .describe = plugin_describe,
    .health = plugin_health,
    .random = tpm_plugin_random,
    .key_mint = tpm_plugin_key_mint,
    .key_generate = tpm_plugin_key_generate,
    .key_free = tpm_plugin_key_free,
    .key_wrap = tpm_plugin_key_wrap,
    .wrap_octets = tpm_plugin_wrap_octets,
    .key_load = tpm_plugin_key_load,
    .unseal = tpm_plugin_unseal,
    .hmac = tpm_plugin_hmac,
    .row_mac = tpm_plugin_row_mac,
    .prf = tpm_plugin_prf,
    .signer_find = tpm_plugin_signer_find,
    .signer_make = tpm_plugin_signer_make,
    .signer_free = tpm_plugin_signer_free,
    .signer_remove = tpm_plugin_signer_remove,
    .signer_sign = tpm_plugin_signer_sign,
    .certificate_read = tpm_plugin_certificate_read,
    .certificate_write = tpm_plugin_certificate_write,
};
