/* What a process that holds secrets does to itself first: no core dumps, no debugger, no new privileges. */
#ifndef OPENMAF_DAEMON_HARDEN_H
#define OPENMAF_DAEMON_HARDEN_H

#include "util/error.h"

#include <stdbool.h>

/* For every process of mafd. OM_EINTERNAL. */
OM_MUST_USE om_rc harden_process(struct om_error *err);

/* Raises the limit of open files as far as allowed; OM_ECONFIG when fewer than `needed` are. */
OM_MUST_USE om_rc harden_descriptors(unsigned needed, struct om_error *err);

/* Keeps this process's memory out of swap, if the limits allow all of it to be locked; says so when not and
 * `tell`. */
void harden_memory(bool tell);

#endif
