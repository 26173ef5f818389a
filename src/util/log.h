/* Logging: one line per event on stderr, with the <N> priority prefix that the journal understands when
 * stderr is not a terminal. Control characters in arguments are replaced. Never pass a secret. */
#ifndef OPENMAF_UTIL_LOG_H
#define OPENMAF_UTIL_LOG_H

#include "util/error.h"

enum om_log_level {
    OM_LOG_ERROR = 3,
    OM_LOG_WARNING = 4,
    OM_LOG_NOTICE = 5,
    OM_LOG_INFO = 6,
    OM_LOG_DEBUG = 7
};

/* Lines above this level are dropped. Default OM_LOG_INFO. */
void om_log_set_level(enum om_log_level level);

/* Name put in front of every line ("mafd[worker 1]"); copied, at most 31 octets. */
void om_log_set_name(const char *name);

void om_log(enum om_log_level level, const char *fmt, ...) OM_PRINTF(2, 3);

/* A security-relevant decision, always logged at notice: "audit: <event> key=value ...". The text says the
 * true reason, which the peer is not told. */
void om_audit(const char *event, const char *fmt, ...) OM_PRINTF(2, 3);

/* Sends audit lines to syslog (facility authpriv) instead: for commands, whose stderr is somebody's terminal.
 */
void om_audit_to_syslog(void);

#endif
