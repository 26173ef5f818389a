/* What the files of libmaf share: the client object, and the way from its functions to the public ones. */
#ifndef OPENMAF_CLIENT_CLIENT_H
#define OPENMAF_CLIENT_CLIENT_H

#include "client/home.h"
#include "client/openmaf.h"
#include "client/transport.h"
#include "se/se.h"

struct openmaf {
    struct home home;
    struct se *se;
    OSSL_LIB_CTX *libctx;
    int lock;          /* file descriptor while a procedure holds the lock, else -1 */
    int commands_lock; /* the same of the lock under which commands are executed */
    int rsc;           /* Response Status Code of the last exchange of this call, or 0 */
};

#define CLIENT_LIFETIME (INT64_C(365) * 86400) /* default lifetime of what is registered */

int64_t client_now(void);

/* A duration as openmaf_time_parse reads it: "90d", "P90D"; not 0. OM_EINPUT. */
OM_MUST_USE om_rc client_duration(const char *text, int64_t *seconds, struct om_error *err);

/* Begins a public function: forgets the last rsc and, for procedures that change records, takes the lock.
 * client_end releases it and turns the result into the public one. Every public function with a client is a
 * pair of them around its work. */
OM_MUST_USE om_rc client_begin(struct openmaf *maf, struct om_error *err);
OM_MUST_USE om_rc client_begin_locked(struct openmaf *maf, struct om_error *err);
int client_end(struct openmaf *maf, om_rc rc, const struct om_error *err, struct openmaf_error *out);

/* The same last step where there is no client. */
int client_result(om_rc rc, int rsc, const struct om_error *err, struct openmaf_error *out);

/* The server that a caller means. OM_EINPUT, OM_ECONFIG: this home has no MEF. */
OM_MUST_USE om_rc client_server(const struct openmaf *maf, enum openmaf_server which,
                                const struct home_server **out, struct om_error *err);

/* Checks the `size` member of a caller's structure. OM_EINPUT. */
OM_MUST_USE om_rc client_check_size(size_t size, size_t expected, const char *what, struct om_error *err);

/* Copies a caller's array of texts into a list. OM_EINPUT for NULL members. */
OM_MUST_USE om_rc client_list(struct m2m_list *out, const char *const *texts, size_t n, struct om_error *err);

#endif
