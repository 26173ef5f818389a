/* Credentials (TS-0003 8.8.3.1, 8.3.7, pre-provisioned symmetric keys): records and import. */
#include "client/credential.h"
#include "client/record.h"
#include "onem2m/types.h"
#include "util/file.h"
#include "util/text.h"

#include <string.h>

#define KM_MIN 16 /* octets */
#define KM_MAX 64

/* What is there of an assigned one only. */
static om_rc read_assigned(const json_t *object, struct credential *c, struct om_error *err)
{
    OM_TRY(record_get_text(object, "keid", c->keid, sizeof c->keid, err));
    OM_TRY(record_get_text(object, "stakeholder", c->stakeholder, sizeof c->stakeholder, err));
    return record_get_int(object, "expires", &c->expires, err);
}

static om_rc set_assigned(json_t *object, const struct credential *c, struct om_error *err)
{
    if (c->keid[0] == '\0')
        return OM_OK;
    bool good = json_object_set_new(object, "keid", json_string(c->keid)) == 0 &&
                json_object_set_new(object, "stakeholder", json_string(c->stakeholder)) == 0 &&
                json_object_set_new(object, "expires", json_integer((json_int_t)c->expires)) == 0;
    return good ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a record");
}

om_rc credential_read(struct openmaf *maf, const char *name, struct credential *c, struct om_error *err)
{
    json_t *object = NULL;
    OM_TRY(record_read(&maf->home, maf->se, name, &object, err));
    om_rc rc;
    OM_TRY_GOTO(rc, out, record_get_text(object, "kmid", c->kmid, sizeof c->kmid, err));
    OM_TRY_GOTO(rc, out, record_get_int(object, "imported", &c->imported, err));
    OM_TRY_GOTO(rc, out, record_get_int(object, "order", &c->order, err));
    OM_TRY_GOTO(rc, out, record_get_blob(object, "psk", &c->psk, err));
    OM_TRY_GOTO(rc, out, record_get_psk13(object, "tls13", &c->forms, &c->tls13, err));
    if (json_object_get(object, "keid") != NULL)
        rc = read_assigned(object, c, err);
out:
    json_decref(object);
    return rc;
}

const struct home_server *credential_server(const struct openmaf *maf, const struct credential *c)
{
    const char *at = strchr(c->kmid, '@');
    return at != NULL ? home_server_named(&maf->home, at + 1) : NULL;
}

om_rc credential_newest(struct openmaf *maf, const struct home_server *server, struct credential *best,
                        struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    struct credential c;
    OM_TRY(record_names(&maf->home, RECORD_CREDENTIAL, &names, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < names.n; i++) {
        c = (struct credential){0};
        rc = credential_read(maf, names.items[i], &c, err);
        bool wanted = rc == OM_OK && (server == NULL || credential_server(maf, &c) == server);
        if (wanted && c.order > best->order)
            *best = c;
    }
    m2m_list_free(&names);
    return rc;
}

/* KmID is relative@MAF-FQDN, KpmID relative@MEF-FQDN; the FQDN is folded to lower case. */
static om_rc check_kmid(const struct openmaf *maf, const char *kmid, char out[M2M_KEY_ID_SIZE],
                        struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    if (kmid == NULL)
        return om_fail(err, OM_EINPUT, "no KmID given");
    om_rc rc = m2m_key_id_split(kmid, relative, fqdn, err);
    if (rc != OM_OK)
        return om_context(err, rc, "KmID '%.80s'", kmid);
    bool mef = maf->home.mef.fqdn[0] != '\0';
    if (home_server_named(&maf->home, fqdn) == NULL)
        return om_fail(err, OM_EINPUT,
                       "KmID %.80s belongs to %.80s; this is a home for MAF %.80s and %s%.80s", kmid, fqdn,
                       maf->home.maf.fqdn, mef ? "MEF " : "no MEF", maf->home.mef.fqdn);
    return m2m_key_id_join(out, relative, fqdn, err);
}

om_rc credential_write(struct openmaf *maf, const struct credential *c, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_CREDENTIAL, c->kmid, err));
    json_t *object = json_pack("{s:s, s:I, s:I}", "kmid", c->kmid, "imported", (json_int_t)c->imported,
                               "order", (json_int_t)c->order);
    if (object == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    om_rc rc = record_set_blob(object, "psk", &c->psk, err);
    if (rc == OM_OK)
        rc = record_set_psk13(object, "tls13", &c->forms, err);
    if (rc == OM_OK)
        rc = set_assigned(object, c, err);
    if (rc == OM_OK)
        rc = record_write(&maf->home, maf->se, name, object, err);
    json_decref(object);
    return rc;
}

static om_rc import(struct openmaf *maf, const char *kmid, const void *km, size_t len, struct om_error *err)
{
    struct credential c = {0};
    char name[RECORD_NAME_SIZE];
    OM_TRY(check_kmid(maf, kmid, c.kmid, err));
    if (km == NULL || len < KM_MIN || len > KM_MAX)
        return om_fail(err, OM_EINPUT, "Km has %d to %d octets, not %zu", KM_MIN, KM_MAX, len);
    OM_TRY(record_name(name, RECORD_CREDENTIAL, c.kmid, err));
    json_t *there = NULL;
    om_rc rc = record_read(&maf->home, maf->se, name, &there, err);
    json_decref(there);
    if (rc == OM_OK)
        return om_fail(err, OM_ECONFLICT,
                       "credential %s is there already; 'maf credential forget' removes it", c.kmid);
    if (rc != OM_ENOTFOUND)
        return rc;
    OM_TRY(credential_next_order(maf, &c.order, err));
    c.imported = client_now();
    OM_TRY(se_import_psk(maf->se, km, len, &c.psk, err));
    OM_TRY(se_import_psk13(maf->se, km, len, &c.forms, err));
    return credential_write(maf, &c, err);
}

int openmaf_credential_import(struct openmaf *maf, const char *kmid, const void *km, size_t len,
                              struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = import(maf, kmid, km, len, &err);
    return client_end(maf, rc, &err, error);
}

static om_rc import_file(struct openmaf *maf, const char *kmid, const char *path,
                         enum openmaf_file_format format, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    uint8_t km[KM_MAX];
    size_t n = 0;
    if (path == NULL || (format != OPENMAF_FILE_HEX && format != OPENMAF_FILE_RAW))
        return om_fail(err, OM_EINPUT, "no file or no known file format given");
    OM_TRY(om_file_read_private(path, (size_t)2 * KM_MAX + 2, &text, err));
    om_rc rc;
    if (format == OPENMAF_FILE_RAW) {
        rc = import(maf, kmid, text.octets, text.len, err);
    } else {
        size_t digits = text.len;
        if (digits > 0 && text.octets[digits - 1] == '\n')
            digits--;
        rc = om_hex_decode((const char *)text.octets, digits, km, sizeof km, &n, err);
        rc = rc != OM_OK ? om_context(err, rc, "%s (hex digits are expected; raw octets need --raw)", path)
                         : import(maf, kmid, km, n, err);
    }
    om_wipe(km, sizeof km);
    om_secret_free(&text);
    return rc;
}

int openmaf_credential_import_file(struct openmaf *maf, const char *kmid, const char *path,
                                   enum openmaf_file_format format, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = import_file(maf, kmid, path, format, &err);
    return client_end(maf, rc, &err, error);
}
