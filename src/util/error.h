/* One error type for the whole project: a must-use code, and a record of what failed, where and why.
 *
 * Every function that can fail returns om_rc and takes `struct om_error *err` last. `err` may be NULL when
 * the caller does not want the text. The callee fills it once with om_fail(); callers on the way up may add
 * context with om_context() and must return the same code. Texts never contain secrets. */
#ifndef OPENMAF_UTIL_ERROR_H
#define OPENMAF_UTIL_ERROR_H

#include <stddef.h>

#define OM_MUST_USE     __attribute__((warn_unused_result))
#define OM_PRINTF(f, a) __attribute__((format(printf, f, a)))

typedef enum {
    OM_OK = 0,
    OM_EINPUT,       /* what a peer, a file or an operator gave is malformed or not allowed */
    OM_EDENIED,      /* authorization failed */
    OM_ENOTFOUND,    /* no such thing, or it has expired */
    OM_ECONFLICT,    /* it exists already, or was used before */
    OM_EUNSUPPORTED, /* the token, the peer or this build cannot do it */
    OM_ETRANSIENT,   /* token, store or network did not answer now; a bounded retry may help */
    OM_ECONFIG,      /* permanent misconfiguration: refuse to start */
    OM_EINTEGRITY,   /* an authentication code, a key reference or a blob did not verify */
    OM_ENOMEM,
    OM_EINTERNAL /* a defect of ours or of a library */
} om_rc;

struct om_error {
    om_rc rc;
    const char *file; /* static string */
    int line;
    char text[512]; /* one line, no secrets, NUL-terminated */
};

/* Records the failure and returns rc. Use: return om_fail(err, OM_EINPUT, "SUID %u is not allowed", suid); */
#define om_fail(err, rc, ...) om_fail_at((err), (rc), __FILE__, __LINE__, __VA_ARGS__)
om_rc om_fail_at(struct om_error *err, om_rc rc, const char *file, int line, const char *fmt, ...)
    OM_PRINTF(5, 6);

/* Puts "context: " in front of the recorded text and returns rc, which may be another code than the one
 * recorded. */
om_rc om_context(struct om_error *err, om_rc rc, const char *fmt, ...) OM_PRINTF(3, 4);

/* The text of err, or a generic one for rc when nothing was recorded. Never NULL. */
const char *om_error_text(const struct om_error *err, om_rc rc);

/* Short name of a code, for logs and tests ("integrity"). */
const char *om_rc_name(om_rc rc);

/* Returns from the calling function when the expression fails. */
#define OM_TRY(expr)                                                                                         \
    do {                                                                                                     \
        om_rc om_try_rc_ = (expr);                                                                           \
        if (om_try_rc_ != OM_OK)                                                                             \
            return om_try_rc_;                                                                               \
    } while (0)

/* Same, with a cleanup path: sets `rc` and jumps. */
#define OM_TRY_GOTO(rc, label, expr)                                                                         \
    do {                                                                                                     \
        (rc) = (expr);                                                                                       \
        if ((rc) != OM_OK)                                                                                   \
            goto label;                                                                                      \
    } while (0)

#endif
