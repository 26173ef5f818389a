/* Small data types of oneM2M: timestamps, labels, lists of IDs, SUIDs, status codes (TS-0004, spec/wire §8,
 * §9). */
#ifndef OPENMAF_ONEM2M_TYPES_H
#define OPENMAF_ONEM2M_TYPES_H

#include "onem2m/ids.h"

#include <time.h>

/* m2m:timestamp YYYYMMDDThhmmss[,f{1,6}] in UTC. Emitted without fraction; the fraction is cut off on input
 * (towards the past). Seconds since 1970; years 1970..9999. */
#define M2M_TIMESTAMP_SIZE 16
OM_MUST_USE om_rc m2m_timestamp_parse(const char *s, int64_t *t, struct om_error *err);
void m2m_timestamp_format(char out[M2M_TIMESTAMP_SIZE], int64_t t);

/* rqet and rset: an absolute timestamp, or milliseconds from `now` (decimal integer). */
OM_MUST_USE om_rc m2m_deadline_parse(const char *s, int64_t now, int64_t *t, struct om_error *err);

/* A list of texts: labels or IDs. Owns its texts. */
#define M2M_LIST_MAX    32  /* labels in a list */
#define M2M_LABEL_MAX   128 /* octets of a label */
#define M2M_TARGETS_MAX 256
struct m2m_list {
    size_t n;
    char **items; /* n NUL-terminated texts */
};
#define M2M_LIST_INIT                                                                                        \
    {                                                                                                        \
        0, NULL                                                                                              \
    }

OM_MUST_USE om_rc m2m_list_add(struct m2m_list *list, const char *item, struct om_error *err); /* copies */
OM_MUST_USE om_rc m2m_list_copy(struct m2m_list *dst, const struct m2m_list *src, struct om_error *err);
void m2m_list_free(struct m2m_list *list); /* and empties it */
bool m2m_list_has(const struct m2m_list *list, const char *item);
bool m2m_list_equal(const struct m2m_list *a, const struct m2m_list *b); /* same items, same order */

/* One label: token without spaces or control characters, `key` or `key:value`, 1..128 octets. */
bool m2m_is_label(const char *s);

/* UTF-8 of 1..max octets without control characters. */
bool m2m_is_plain_text(const char *s, size_t max);

/* SUIDs (m2m:suid). Those of keys that a MAF distributes: */
#define M2M_SUID_SAEF             32
#define M2M_SUID_ESPRIM           33
#define M2M_SUID_ESDATA           34
#define M2M_SUID_ESDATA_SIGNATURE 35
#define M2M_SUID_REMOTE_MAF       21 /* Km, of a key that a MEF distributes */
bool m2m_suid_defined(unsigned suid);
bool m2m_suid_for_maf_key(unsigned suid); /* 32 33 34 35 */
bool m2m_suid_for_mef_key(unsigned suid); /* 21 22 23 24 25 */
/* Whether keys of both are for the same use, whoever distributes them: 22 and 32. */
bool m2m_suid_same_use(unsigned a, unsigned b);
bool m2m_suid_single_target(unsigned suid); /* 32 33 (and 21 22 23 at an MEF) */

/* Whether id can be a target of a key of this SUID: a MAF's FQDN for 21, else an Absolute AE-ID or CSE-ID
 * (MAF-KR-6, MEF-KR-2). */
bool m2m_suid_takes_target(unsigned suid, const char *id);

/* xs:duration as far as its length is certain: days, hours, minutes, seconds (P1DT2H3M4S), 1 to 10^9 seconds.
 */
#define M2M_DURATION_SIZE 16
OM_MUST_USE om_rc m2m_duration_parse(const char *s, int64_t *seconds, struct om_error *err);
void m2m_duration_format(char out[M2M_DURATION_SIZE], int64_t seconds); /* "PT3600S" */

/* Response Status Codes. */
enum m2m_rsc {
    M2M_OK = 2000,
    M2M_CREATED = 2001,
    M2M_DELETED = 2002,
    M2M_UPDATED = 2004,
    M2M_BAD_REQUEST = 4000,
    M2M_RELEASE_VERSION_NOT_SUPPORTED = 4001,
    M2M_NOT_FOUND = 4004,
    M2M_OPERATION_NOT_ALLOWED = 4005,
    M2M_REQUEST_TIMEOUT = 4008,
    M2M_UNSUPPORTED_MEDIA_TYPE = 4015,
    M2M_CONTENTS_UNACCEPTABLE = 4102,
    M2M_ORIGINATOR_HAS_NO_PRIVILEGE = 4103,
    M2M_CONFLICT = 4105,
    M2M_ORIGINATOR_NOT_AUTHENTICATED = 4106,
    M2M_SECURITY_ASSOCIATION_REQUIRED = 4107,
    M2M_INVALID_CHILD_RESOURCE_TYPE = 4108,
    M2M_ORIGINATOR_HAS_ALREADY_REGISTERED = 4117,
    M2M_INTERNAL_SERVER_ERROR = 5000,
    M2M_NOT_IMPLEMENTED = 5001,
    M2M_RECEIVER_HAS_NO_PRIVILEGE = 5105,
    M2M_REMOTE_ENTITY_NOT_REACHABLE = 5107,
    M2M_NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED = 5206,
    M2M_NOT_ACCEPTABLE = 5207,
};

/* Status code mappings of spec/wire §8; an unknown code maps to 500 (HTTP) and 500, that is 5.00 (CoAP). */
int m2m_rsc_http(int rsc);
int m2m_rsc_coap(int rsc);         /* class * 100 + detail, e.g. 404 for 4.04 */
const char *m2m_rsc_name(int rsc); /* "BAD_REQUEST" */

#endif
