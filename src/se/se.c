/* The open token: opening, closing, and what concerns the token rather than one key. */
#include "se/internal.h"
#include "se/pin.h"
#include "util/log.h"
#include "util/text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_MAX 4096

static atomic_bool one_thread;

void se_promise_one_thread(void)
{
    atomic_store(&one_thread, true);
}

om_rc se_open(const char *uri, const char *pin_source, const char *plugin_dir, struct se **out,
              struct om_error *err)
{
    *out = NULL;
    if (pin_source != NULL)
        OM_TRY(se_pin_check(pin_source, err));
    const struct se_plugin *plugin = NULL;
    OM_TRY(se_plugin_find(uri, plugin_dir, &plugin, err));
    struct se *se = calloc(1, sizeof *se);
    if (se == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a token");
    se->plugin = plugin;
    if (plugin->one_thread != NULL && atomic_load(&one_thread))
        plugin->one_thread();
    om_rc rc = plugin->open(uri, pin_source, &se->tok, err);
    if (rc != OM_OK) {
        free(se);
        return rc;
    }
    *out = se;
    return OM_OK;
}

void se_close(struct se *se)
{
    if (se == NULL)
        return;
    size_t leaked = se_keys_detach(se) + se_signers_detach(se);
    if (leaked > 0)
        om_log(OM_LOG_WARNING, "token closed with %zu loaded keys still referenced", leaked);
    se->plugin->close(se->tok);
    free(se);
}

om_rc se_provision(struct se *se, struct om_error *err)
{
    return se->plugin->provision(se->tok, err);
}

/* Texts come from the token: whatever it says, they end and can be printed. */
static void tidy(char *text, size_t cap)
{
    text[cap - 1] = '\0';
    om_printable(text);
}

om_rc se_describe(struct se *se, struct se_description *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    out->grade = SE_GRADE_HMAC;
    OM_TRY(se->plugin->describe(se->tok, out, err));
    if (se->plugin->prf_key == NULL || se->no_prf_key)
        out->grade = SE_GRADE_HMAC; /* whatever the plug-in hoped for */
    out->signs = out->signs && se->plugin->signer_find != NULL;
    tidy(out->plugin, sizeof out->plugin);
    tidy(out->manufacturer, sizeof out->manufacturer);
    tidy(out->model, sizeof out->model);
    tidy(out->serial, sizeof out->serial);
    tidy(out->label, sizeof out->label);
    tidy(out->firmware, sizeof out->firmware);
    tidy(out->module, sizeof out->module);
    tidy(out->quirks, sizeof out->quirks);
    tidy(out->algorithms, sizeof out->algorithms);
    tidy(out->state, sizeof out->state);
    return OM_OK;
}

om_rc se_health(struct se *se, struct om_error *err)
{
    return se->plugin->health(se->tok, err);
}

om_rc se_random(struct se *se, void *out, size_t n, struct om_error *err)
{
    if (n > RANDOM_MAX)
        return om_fail(err, OM_EINPUT, "%zu random octets at once are more than %d", n, RANDOM_MAX);
    if (n == 0)
        return OM_OK;
    return se->plugin->random(se->tok, out, n, err);
}

om_rc se_row_mac(struct se *se, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                 struct om_error *err)
{
    OM_TRY(se_parts_check(parts, n_parts, SE_PARTS_MAX, err));
    return se->plugin->row_mac(se->tok, parts, n_parts, out, err);
}

om_rc se_root_id(struct se *se, uint8_t out[8], struct om_error *err)
{
    static const char text[] = "openmaf root keys";
    const struct se_part part = {text, sizeof text - 1};
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(se_row_mac(se, &part, 1, mac, err));
    memcpy(out, mac, 8);
    return OM_OK;
}
