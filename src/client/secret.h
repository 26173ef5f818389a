/* Secrets handed to callers. */
#ifndef OPENMAF_CLIENT_SECRET_H
#define OPENMAF_CLIENT_SECRET_H

#include "client/openmaf.h"
#include "util/secret.h"

/* A copy of `from` for a caller. */
OM_MUST_USE om_rc secret_new(const struct om_secret *from, struct openmaf_secret **out, struct om_error *err);

#endif
