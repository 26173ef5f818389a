/* Authenticated records: one small file each under <home>/state, written atomically.
 *
 *     openmaf-record 1 <root id, 16 hex digits> <MAC, 64 hex digits>\n
 *     <JSON object>
 *
 * The MAC is se_row_mac over a fixed text, the record's name, the client's ID, the MAF-FQDN and the JSON
 * octets, each with a NUL after it but the last. So a record that was edited, renamed, or brought from
 * another home is refused before it is parsed. An old copy of a record put back by somebody who can write the
 * home is accepted while it has not expired: the token keeps no counter. Names: "<kind>-<text>", the text
 * being a KmID, RelativeKeyID or FQDN. */
#ifndef OPENMAF_CLIENT_RECORD_H
#define OPENMAF_CLIENT_RECORD_H

#include "client/home.h"
#include "se/se.h"

#include <jansson.h>

#define RECORD_NAME_SIZE 192
#define RECORD_MAX       65536 /* octets of a whole file */

enum record_kind {
    RECORD_CREDENTIAL,
    RECORD_REGISTRATION,
    RECORD_KEY,
    RECORD_DECOY,
    RECORD_CERTIFICATE,
    RECORD_CONFIGURATION,
    RECORD_MEF_REGISTRATION,
    RECORD_ENROLMENT,
    RECORD_OBJECT,
    RECORD_ANCHOR,
    RECORD_COMMAND
};

/* "<kind>-<text>" with the text folded to lower case, the form in which these identifiers are compared.
 * OM_EINPUT when the text has characters that no such identifier has. */
OM_MUST_USE om_rc record_name(char out[RECORD_NAME_SIZE], enum record_kind kind, const char *text,
                              struct om_error *err);

/* Durable when it returns; replaces an older one. */
OM_MUST_USE om_rc record_write(const struct home *home, struct se *se, const char *name, const json_t *object,
                               struct om_error *err);

/* OM_ENOTFOUND; OM_EINTEGRITY: changed by somebody else; OM_ECONFIG: made with another token. *object is new.
 */
OM_MUST_USE om_rc record_read(const struct home *home, struct se *se, const char *name, json_t **object,
                              struct om_error *err);

/* Durable when it returns. OM_ENOTFOUND. */
OM_MUST_USE om_rc record_remove(const struct home *home, const char *name, struct om_error *err);

/* Names of all records of a kind, sorted; none is opened. Free with m2m_list_free. */
struct m2m_list;
OM_MUST_USE om_rc record_names(const struct home *home, enum record_kind kind, struct m2m_list *names,
                               struct om_error *err);

/* The text part of a name. */
const char *record_text(const char *name);

/* Members of records. base64 for blobs. OM_EINTEGRITY when missing or malformed (only a defect can cause it:
 * the record is authenticated). */
OM_MUST_USE om_rc record_set_blob(json_t *object, const char *member, const struct se_blob *blob,
                                  struct om_error *err);
OM_MUST_USE om_rc record_get_blob(const json_t *object, const char *member, struct se_blob *blob,
                                  struct om_error *err);
/* The forms for TLS 1.3 as an object; *there tells whether the record has them. */
OM_MUST_USE om_rc record_set_psk13(json_t *object, const char *member, const struct se_psk13 *forms,
                                   struct om_error *err);
OM_MUST_USE om_rc record_get_psk13(const json_t *object, const char *member, struct se_psk13 *forms,
                                   bool *there, struct om_error *err);
OM_MUST_USE om_rc record_set_list(json_t *object, const char *member, const struct m2m_list *list,
                                  struct om_error *err);
OM_MUST_USE om_rc record_get_list(const json_t *object, const char *member, struct m2m_list *list,
                                  struct om_error *err);
OM_MUST_USE om_rc record_get_text(const json_t *object, const char *member, char *out, size_t cap,
                                  struct om_error *err);
OM_MUST_USE om_rc record_get_int(const json_t *object, const char *member, int64_t *out,
                                 struct om_error *err);

#endif
