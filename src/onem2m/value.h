/* Kinds of attribute values: how each is read from and written to a JSON value. Shared by resources and by
 * mafClientCfg. Internal to this module. */
#ifndef OPENMAF_ONEM2M_VALUE_H
#define OPENMAF_ONEM2M_VALUE_H

#include "onem2m/resource.h"

/* The member that a kind reads into has the type named beside it; size is that of the member. A decoder
 * either fills the member or fails with OM_EINPUT; after a failure the member can still be freed. An encoder
 * returns a new reference, or NULL without memory. */
struct m2m_kind {
    om_rc (*decode)(const json_t *v, void *member, size_t size, struct om_error *err);
    json_t *(*encode)(const void *member);
};

extern const struct m2m_kind m2m_kind_number;     /* int: 1..65535 */
extern const struct m2m_kind m2m_kind_port;       /* int: 0..65535 */
extern const struct m2m_kind m2m_kind_suid;       /* unsigned: a defined SUID */
extern const struct m2m_kind m2m_kind_timestamp;  /* int64_t */
extern const struct m2m_kind m2m_kind_relative;   /* char[]: sec:relKeyID, resource name */
extern const struct m2m_kind m2m_kind_fqdn;       /* char[] */
extern const struct m2m_kind m2m_kind_key_id;     /* char[]: KmID */
extern const struct m2m_kind m2m_kind_creator;    /* char[]: AE-ID, CSE-ID, FQDN or Credential-ID */
extern const struct m2m_kind m2m_kind_key_value;  /* struct om_secret */
extern const struct m2m_kind m2m_kind_config;     /* json_t *: mafClientCfg */
extern const struct m2m_kind m2m_kind_uri;        /* char[]: text without blanks and control characters */
extern const struct m2m_kind m2m_kind_child;      /* char[]: address of a mefClientCmd */
extern const struct m2m_kind m2m_kind_command_id; /* int64_t: 1..2^31 - 1 */
extern const struct m2m_kind m2m_kind_object;     /* json_t *: any object */
extern const struct m2m_kind m2m_kind_labels;     /* struct m2m_list */
extern const struct m2m_kind m2m_kind_targets;    /* struct m2m_list: AE-IDs, CSE-IDs and FQDNs */
extern const struct m2m_kind m2m_kind_versions;   /* struct m2m_list: release versions */

/* The text of a JSON string without embedded NUL, still owned by v. */
OM_MUST_USE om_rc m2m_value_text(const json_t *v, const char **text, struct om_error *err);

/* A JSON integer (not a real) between min and max. */
OM_MUST_USE om_rc m2m_value_integer(const json_t *v, int64_t min, int64_t max, int64_t *n,
                                    struct om_error *err);

/* A JSON array of 1..max texts that each satisfy `valid`; `what` names one of them in errors. */
OM_MUST_USE om_rc m2m_value_list(const json_t *v, size_t max, bool (*valid)(const char *), const char *what,
                                 struct m2m_list *list, struct om_error *err);

/* The reverse: a new array of strings, or NULL without memory. */
json_t *m2m_value_from_list(const struct m2m_list *list);

#endif
