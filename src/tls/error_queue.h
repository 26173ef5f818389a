/* Our errors on their way through OpenSSL, which knows only its own queue. */
#ifndef OPENMAF_TLS_ERROR_QUEUE_H
#define OPENMAF_TLS_ERROR_QUEUE_H

#include "util/error.h"

/* Puts the failure on OpenSSL's queue as "openmaf: text" and remembers it for this thread. */
void omtls_error_raise(om_rc rc, const struct om_error *err);

/* Forgets what this thread remembers. */
void omtls_error_clear(void);

/* A failure of OpenSSL's own: "what: its newest error". Empties its queue; returns OM_EINTERNAL. */
om_rc omtls_error_openssl(struct om_error *err, const char *what);

/* The failure that was raised since omtls_error_clear, else as omtls_error_openssl. */
om_rc omtls_error_take(struct om_error *err, const char *what);

#endif
