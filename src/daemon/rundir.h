/* <dir>/run: what a running daemon leaves for others to find. */
#ifndef OPENMAF_DAEMON_RUNDIR_H
#define OPENMAF_DAEMON_RUNDIR_H

#include "daemon/generation.h"

/* Makes the folder and takes <program>.lock, which keeps a second daemon away until the last process of this
 * one is gone; waits some seconds for one that is just ending. *fd holds the lock. OM_ECONFLICT.
 */
OM_MUST_USE om_rc rundir_lock(const struct config *cfg, int *fd, struct om_error *err);

/* Replaces <dir>/run/<name> as a whole. */
OM_MUST_USE om_rc rundir_write(const char *dir, const char *name, const char *text, size_t n,
                               struct om_error *err);

/* <program>.pid, https.port, coaps.port and coaps+tcp.port (one port a line, in the order of the
 * configuration).
 */
OM_MUST_USE om_rc rundir_announce(const struct generation *g, struct om_error *err);
void rundir_clear(const struct config_kind *kind, const char *dir);

/* metrics.prom: counters and gauges in Prometheus' text format, for a textfile collector; replaced as a
 * whole.
 */
OM_MUST_USE om_rc rundir_metrics(const struct generation *g, struct om_error *err);

#endif
