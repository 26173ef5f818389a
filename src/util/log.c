/* Logging: see log.h. */
#include "util/log.h"
#include "util/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static enum om_log_level max_level = OM_LOG_INFO;
static char log_name[32] = "openmaf";

void om_log_set_level(enum om_log_level level)
{
    max_level = level;
}

void om_log_set_name(const char *name)
{
    (void)snprintf(log_name, sizeof log_name, "%s", name);
}

/* One write(2) for the line, so that lines of several processes do not mix. */
static void emit(enum om_log_level level, const char *prefix, const char *fmt, va_list ap) OM_PRINTF(3, 0);

static void emit(enum om_log_level level, const char *prefix, const char *fmt, va_list ap)
{
    char body[900];
    char line[1024];
    (void)vsnprintf(body, sizeof body, fmt, ap);
    om_printable(body);
    static int terminal = -1;
    if (terminal < 0)
        terminal = isatty(STDERR_FILENO);
    char priority[8] = "";
    if (!terminal)
        (void)snprintf(priority, sizeof priority, "<%d>", (int)level);
    int n = snprintf(line, sizeof line, "%s%s: %s%s\n", priority, log_name, prefix, body);
    if (n > 0) {
        size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
        ssize_t ignored = write(STDERR_FILENO, line, len);
        (void)ignored;
    }
}

void om_log(enum om_log_level level, const char *fmt, ...)
{
    if (level > max_level)
        return;
    va_list ap;
    va_start(ap, fmt);
    emit(level, "", fmt, ap);
    va_end(ap);
}

static bool audit_syslog;

void om_audit_to_syslog(void)
{
    audit_syslog = true;
    openlog(log_name, LOG_PID, LOG_AUTHPRIV);
}

void om_audit(const char *event, const char *fmt, ...)
{
    char prefix[64];
    (void)snprintf(prefix, sizeof prefix, "audit: %s ", event);
    va_list ap;
    va_start(ap, fmt);
    if (audit_syslog) {
        char body[900];
        (void)vsnprintf(body, sizeof body, fmt, ap);
        om_printable(body);
        syslog(LOG_NOTICE, "%s%s", prefix, body);
    } else {
        emit(OM_LOG_NOTICE, prefix, fmt, ap);
    }
    va_end(ap);
}
