/* The bindings of a worker: one for each configured address. */
#ifndef OPENMAF_DAEMON_BINDINGS_H
#define OPENMAF_DAEMON_BINDINGS_H

#include "daemon/report.h"
#include "daemon/service.h"
#include "daemon/worker.h"

/* Zero-initialise. */
struct bindings {
    const struct ahead *ahead;
    size_t n;
    struct https *https[CONFIG_ADDRESSES_MAX]; /* NULL where the address is another binding's */
    struct coaps *coaps[CONFIG_ADDRESSES_MAX];
    enum config_binding kind[CONFIG_ADDRESSES_MAX];
};

/* Starts all; those over UDP read nothing before bindings_begin. */
OM_MUST_USE om_rc bindings_start(struct bindings *b, struct event_base *base, const struct service *service,
                                 const struct ahead *ahead /* or NULL */, const struct worker_start *start,
                                 struct om_error *err);
void bindings_begin(struct bindings *b);
void bindings_drain(struct bindings *b);
bool bindings_drained(const struct bindings *b);
void bindings_free(struct bindings *b);
/* Sums by kind, into a zeroed report. */
void bindings_stats(const struct bindings *b, struct report *r);

#endif
