/* Records of management objects: see object.h. A path may be longer than a file's name and tells upper from
 * lower case, so a record is named by the path's hash and has the path in it. */
#include "client/object.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <openssl/evp.h>
#include <string.h>

#define NAME_OCTETS 16

void object_free(struct object *o)
{
    m2m_object_free(&o->mo);
    json_decref(o->json);
    memset(o, 0, sizeof *o);
}

om_rc object_record_name(const char *path, char name[RECORD_NAME_SIZE], struct om_error *err)
{
    uint8_t digest[32];
    char hex[2 * NAME_OCTETS + 1];
    if (!m2m_is_object_path(path))
        return om_fail(err, OM_EINPUT, "'%.80s' is not the path of an object: /NAME/NAME is", path);
    if (EVP_Digest(path, strlen(path), digest, NULL, EVP_sha256(), NULL) != 1)
        return om_fail(err, OM_EINTERNAL, "SHA-256 failed");
    om_hex_lower(hex, digest, NAME_OCTETS);
    return record_name(name, RECORD_OBJECT, hex, err);
}

static om_rc read_members(const json_t *record, struct object *o, struct om_error *err)
{
    OM_TRY(record_get_text(record, "path", o->path, sizeof o->path, err));
    OM_TRY(record_get_text(record, "key", o->key_id, sizeof o->key_id, err));
    const json_t *json = json_object_get(record, "object");
    om_rc rc = m2m_object_parse(json, &o->mo, err);
    if (rc != OM_OK)
        return om_context(err, rc == OM_EINPUT ? OM_EINTEGRITY : rc, "object %s", o->path);
    o->json = json_incref((json_t *)json);
    return OM_OK;
}

om_rc object_read_named(struct openmaf *maf, const char *name, struct object *o, struct om_error *err)
{
    json_t *record = NULL;
    memset(o, 0, sizeof *o);
    OM_TRY(record_read(&maf->home, maf->se, name, &record, err));
    om_rc rc = read_members(record, o, err);
    json_decref(record);
    if (rc != OM_OK)
        object_free(o);
    return rc;
}

om_rc object_read(struct openmaf *maf, const char *path, struct object *o, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    memset(o, 0, sizeof *o);
    OM_TRY(object_record_name(path, name, err));
    om_rc rc = object_read_named(maf, name, o, err);
    return rc == OM_ENOTFOUND ? om_fail(err, rc, "there is no object %s", path) : rc;
}

om_rc object_write(struct openmaf *maf, const struct object *o, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(object_record_name(o->path, name, err));
    json_t *record = json_pack("{s:s, s:O, s:s}", "path", o->path, "object", o->json, "key", o->key_id);
    if (record == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an object");
    om_rc rc = record_write(&maf->home, maf->se, name, record, err);
    json_decref(record);
    return rc;
}

om_rc object_parent(struct openmaf *maf, const char *path, struct object *o, struct om_error *err)
{
    char above[M2M_URI_SIZE];
    memset(o, 0, sizeof *o);
    if (!m2m_object_parent(path, above))
        return om_fail(err, OM_ENOTFOUND, "there is nothing above %s", path);
    return object_read(maf, above, o, err);
}

static bool is_below(const char *path, const char *parent)
{
    char above[M2M_URI_SIZE];
    return parent == NULL || (m2m_object_parent(path, above) && strcmp(above, parent) == 0);
}

om_rc object_each(struct openmaf *maf, const char *parent, object_fn *fn, void *arg, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    OM_TRY(record_names(&maf->home, RECORD_OBJECT, &names, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < names.n; i++) {
        struct object o;
        rc = object_read_named(maf, names.items[i], &o, err);
        if (rc == OM_OK && is_below(o.path, parent))
            rc = fn(arg, &o, err);
        object_free(&o);
    }
    m2m_list_free(&names);
    return rc;
}

struct search {
    int type;
    struct object *out;
};

static om_rc take(void *arg, struct object *o, struct om_error *err)
{
    struct search *s = arg;
    if (o->mo.type != s->type)
        return OM_OK;
    if (s->out->json != NULL)
        return om_fail(err, OM_ECONFLICT, "%s and %s: one %s is expected", s->out->path, o->path,
                       m2m_object_type_name(s->type));
    *s->out = *o;
    memset(o, 0, sizeof *o);
    return OM_OK;
}

om_rc object_child(struct openmaf *maf, const char *parent, int type, struct object *o, struct om_error *err)
{
    struct search s = {.type = type, .out = o};
    memset(o, 0, sizeof *o);
    om_rc rc = object_each(maf, parent, take, &s, err);
    if (rc == OM_OK && o->json == NULL)
        rc = om_fail(err, OM_ENOTFOUND, "%s has no %s below it", parent, m2m_object_type_name(type));
    if (rc != OM_OK)
        object_free(o);
    return rc;
}
