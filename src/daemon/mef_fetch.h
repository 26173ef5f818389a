/* One question to a MEF over HTTPS (spec/mef §3, MEF-RP-8), in a worker's event loop: a connection of its
 * own, on which both are authenticated; then the second question, if the first is answered
 * with "not found". Never blocks; ends within its time limit whatever the MEF does. */
#ifndef OPENMAF_DAEMON_MEF_FETCH_H
#define OPENMAF_DAEMON_MEF_FETCH_H

#include "daemon/mef_session.h"

#include <event2/event.h>

struct mef_fetch;

/* How it ended: OM_OK, the credential is stored; OM_ETRANSIENT, the MEF did not answer; else as
 * maf_remote_take. Called once, from the event loop; the fetch is gone afterwards. */
typedef void mef_fetch_done(void *arg, om_rc rc, const struct om_error *err);

struct mef_fetch_setup {
    struct event_base *base;
    struct maf *maf;
    const struct mef_sessions *sessions;
    unsigned timeout; /* seconds in all */
};

/* Copies nothing of setup, which must outlive it; takes *what over, on failure too. */
OM_MUST_USE om_rc mef_fetch_start(const struct mef_fetch_setup *setup, struct maf_remote *what,
                                  mef_fetch_done *done, void *arg, struct mef_fetch **out,
                                  struct om_error *err);
/* Ends one without a word. */
void mef_fetch_cancel(struct mef_fetch *f);

#endif
