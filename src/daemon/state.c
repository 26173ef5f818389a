/* mafd's state for others: see state.h. */
#include "daemon/state.h"
#include "util/log.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

static void addresses(const struct generation *g, char *out, size_t cap)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < g->cfg.n_addresses && at < cap; i++) {
        const struct config_address *a = &g->cfg.addresses[i];
        bool v6 = strchr(a->host, ':') != NULL;
        int n = snprintf(out + at, cap - at, "%s%s %s%s%s:%u", i > 0 ? ", " : "", config_section(a->binding),
                         v6 ? "[" : "", a->host, v6 ? "]" : "", g->ports[i]);
        at += n > 0 ? (size_t)n : 0;
    }
}

/* Workers that serve; *why gets the last complaint of one that does not. */
static unsigned count(const struct generation *g, const char **why)
{
    unsigned n = 0;
    *why = "not started";
    for (unsigned i = 0; i < g->cfg.workers; i++) {
        const struct slot *s = &g->slots[i];
        if (s->ready && s->last.rc == OM_OK)
            n++;
        else if (s->ready)
            *why = s->last.text;
    }
    return n;
}

void state_ready(struct state *s, const struct generation *g)
{
    char text[CONFIG_ADDRESSES_MAX * 90];
    addresses(g, text, sizeof text);
    om_log(OM_LOG_NOTICE, "ready: %s, %u worker%s", text, g->cfg.workers, g->cfg.workers == 1 ? "" : "s");
    (void)sd_notify(0, "READY=1");
    s->known = false;
    state_update(s, g);
}

void state_update(struct state *s, const struct generation *g)
{
    const char *why = "";
    unsigned n = g != NULL ? count(g, &why) : 0;
    unsigned all = g != NULL ? g->cfg.workers : 0;
    if (s->known && n == s->serving)
        return;
    if (s->known && n < s->serving)
        om_log(OM_LOG_WARNING, "%u of %u workers serve: %s", n, all, why);
    else if (s->known)
        om_log(OM_LOG_NOTICE, "%u of %u workers serve", n, all);
    (void)sd_notifyf(0, "STATUS=%u of %u workers serve", n, all);
    s->known = true;
    s->serving = n;
}

void state_reloading(struct state *s)
{
    (void)s;
    om_log(OM_LOG_NOTICE, "reading the configuration again");
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)generation_now() * 1000);
}

void state_reload_failed(struct state *s, const char *why)
{
    (void)s;
    om_log(OM_LOG_ERROR, "reload failed, the old configuration stays: %s", why);
    (void)sd_notify(0, "READY=1");
}

void state_stopping(struct state *s)
{
    (void)s;
    (void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void state_alive(struct state *s)
{
    (void)s;
    (void)sd_notify(0, "WATCHDOG=1");
}
