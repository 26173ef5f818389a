/* Handshakes with a KeID wait here while their key is fetched from a MEF (MEF-RP-6, MEF-RP-9): bounded in
 * number, in time, and in what they may cost the MEF. One per worker of a MAF, in its event loop. */
#ifndef OPENMAF_DAEMON_MEF_AHEAD_H
#define OPENMAF_DAEMON_MEF_AHEAD_H

#include "bind/ahead.h"
#include "daemon/service.h"

#include <event2/event.h>

struct mef_ahead;

struct mef_ahead_stats {
    size_t fetching;
    uint64_t fetched, refused, unanswered;
    uint64_t suppressed; /* handshakes refused without asking the MEF */
};

/* The service must outlive it. */
OM_MUST_USE om_rc mef_ahead_new(struct event_base *base, const struct service *service,
                                const struct config *cfg, struct mef_ahead **out, struct om_error *err);
/* Handshakes that still wait stay where they are; their connections must be freed too. NULL is allowed. */
void mef_ahead_free(struct mef_ahead *m);
/* For the bindings. */
const struct ahead *mef_ahead_interface(const struct mef_ahead *m);
void mef_ahead_stats(const struct mef_ahead *m, struct mef_ahead_stats *out);

#endif
