/* Putting, listing and removing management objects, and what follows from it: a MEFClientRegCfg that comes
 * makes this client register, and the last one of an administrator that goes ends the registration and drops
 * what it brought (MEF-CR-4). */
#include "client/command_state.h"
#include "client/key_record.h"
#include "client/list.h"
#include "client/object.h"
#include "client/registration.h"
#include "onem2m/primitive.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX 16384 /* octets of JSON */

static om_rc check_server(const struct openmaf *maf, const struct m2m_object *mo, struct om_error *err)
{
    bool mef = mo->type == M2M_MO_MEF_CLIENT_REG_CFG;
    const struct home_server *server = mef ? &maf->home.mef : &maf->home.maf;
    if ((!mef && mo->type != M2M_MO_MAF_CLIENT_REG_CFG) || strcmp(mo->fqdn, server->fqdn) == 0)
        return OM_OK;
    return om_fail(err, OM_EINPUT, "it is for %s %.120s; that of this home is %.120s", server->role->what,
                   mo->fqdn, server->fqdn[0] != '\0' ? server->fqdn : "none");
}

/* A key stays with its profile as long as that says the same of it. */
static om_rc keep_key(struct openmaf *maf, struct object *o, struct om_error *err)
{
    struct object old;
    om_rc rc = object_read(maf, o->path, &old, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND || rc == OM_EINTEGRITY ? OM_OK : rc;
    if (o->mo.type == M2M_MO_AUTHENTICATION_PROFILE && old.mo.suid == o->mo.suid)
        memcpy(o->key_id, old.key_id, sizeof o->key_id);
    object_free(&old);
    return OM_OK;
}

static om_rc set(struct openmaf *maf, const char *path, const char *json, struct object *o,
                 struct om_error *err)
{
    if (path == NULL || json == NULL)
        return om_fail(err, OM_EINPUT, "no path or no object given");
    if (strlen(json) > OBJECT_MAX)
        return om_fail(err, OM_EINPUT, "an object of more than %d octets", OBJECT_MAX);
    OM_TRY(om_copy_text(o->path, sizeof o->path, path, err));
    OM_TRY(m2m_json_parse(json, strlen(json), &o->json, err));
    OM_TRY(m2m_object_parse(o->json, &o->mo, err));
    OM_TRY(check_server(maf, &o->mo, err));
    OM_TRY(keep_key(maf, o, err));
    return object_write(maf, o, err);
}

int openmaf_object_set(struct openmaf *maf, const char *path, const char *json, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct object o = {.json = NULL};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = set(maf, path, json, &o, &err);
    object_free(&o);
    return client_end(maf, rc, &err, error);
}

/* --- removal --- */

struct others {
    const struct object *o;
    bool any;
};

static om_rc is_other(void *arg, struct object *o, struct om_error *err)
{
    struct others *others = arg;
    (void)err;
    if (o->mo.type == M2M_MO_MEF_CLIENT_REG_CFG && strcmp(o->path, others->o->path) != 0 &&
        strcmp(o->mo.admin_fqdn, others->o->mo.admin_fqdn) == 0)
        others->any = true;
    return OM_OK;
}

/* Whether it is the MEFClientRegCfg on which all hangs that its administrator brought: there is no other. */
static om_rc find_last(struct openmaf *maf, const struct object *o, bool *last, struct om_error *err)
{
    struct others others = {.o = o};
    *last = false;
    if (o->mo.type != M2M_MO_MEF_CLIENT_REG_CFG)
        return OM_OK;
    OM_TRY(object_each(maf, NULL, is_other, &others, err));
    *last = !others.any;
    return OM_OK;
}

static om_rc refuse(void *arg, struct object *o, struct om_error *err)
{
    return om_fail(err, OM_ECONFLICT, "%s stands below %s; remove it first", o->path, (const char *)arg);
}

static om_rc find_to_remove(struct openmaf *maf, const char *path, struct object *o, struct om_error *err)
{
    if (path == NULL)
        return om_fail(err, OM_EINPUT, "no path given");
    OM_TRY(object_read(maf, path, o, err));
    return object_each(maf, path, refuse, (void *)path, err);
}

static om_rc drop_key(struct openmaf *maf, const char *relative, const char *admin_fqdn, struct om_error *err)
{
    struct key_record *k = key_record_new();
    if (k == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = om_copy_text(k->relative, sizeof k->relative, relative, err);
    if (rc == OM_OK)
        rc = key_record_read(maf, k, err);
    if (rc == OM_OK && k->server == &maf->home.mef && strcmp(k->stakeholder, admin_fqdn) == 0)
        rc = key_record_remove(maf, k->relative, err);
    openmaf_key_free(&k->pub);
    return rc;
}

/* The keys that the MEF keeps for this client under that administrator. */
static om_rc drop_keys(struct openmaf *maf, const char *admin_fqdn, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    OM_TRY(record_names(&maf->home, RECORD_KEY, &names, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < names.n; i++)
        rc = drop_key(maf, record_text(names.items[i]), admin_fqdn, err);
    m2m_list_free(&names);
    return rc;
}

static int end_registration(struct openmaf *maf, const char *admin_fqdn, struct openmaf_error *error)
{
    const struct openmaf_registration_request rq = {
        .size = sizeof rq, .stakeholder = admin_fqdn, .server = OPENMAF_MEF};
    int code = openmaf_deregister(maf, &rq, error);
    return code == OPENMAF_ENOTFOUND ? OPENMAF_OK : code; /* it had ended, or there was none */
}

/* A command that is not reported on stays: the MEF will give it again to a later registration, and what was
 * executed is not to be executed anew (MEF-CMD-5). */
static om_rc drop_commands(struct openmaf *maf, const char *admin_fqdn, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    struct command_state s;
    om_rc rc = command_state_read(maf, admin_fqdn, &s, err);
    bool open = s.phase == COMMAND_RECEIVED || s.phase == COMMAND_EXECUTED;
    command_state_free(&s);
    if (rc != OM_EINTEGRITY && (rc != OM_OK || open))
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    OM_TRY(record_name(name, RECORD_COMMAND, admin_fqdn, err));
    rc = record_remove(&maf->home, name, err);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

static om_rc remove_object(struct openmaf *maf, const struct object *o, bool last, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    if (last) {
        OM_TRY(drop_keys(maf, o->mo.admin_fqdn, err));
        OM_TRY(drop_commands(maf, o->mo.admin_fqdn, err));
    }
    OM_TRY(object_record_name(o->path, name, err));
    return record_remove(&maf->home, name, err);
}

int openmaf_object_remove(struct openmaf *maf, const char *path, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct object o = {.json = NULL};
    bool last = false;
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = find_to_remove(maf, path, &o, &err);
    if (rc == OM_OK)
        rc = find_last(maf, &o, &last, &err);
    int code = client_end(maf, rc, &err, error);
    if (code == OPENMAF_OK && last)
        code = end_registration(maf, o.mo.admin_fqdn, error);
    if (code == OPENMAF_OK) {
        rc = client_begin_locked(maf, &err);
        if (rc == OM_OK)
            rc = remove_object(maf, &o, last, &err);
        code = client_end(maf, rc, &err, error);
    }
    object_free(&o);
    return code;
}

/* --- listing --- */

struct entry {
    struct openmaf_object pub; /* first; points into this structure */
    struct object o;
    char *json;
    char problem[sizeof((struct om_error *)0)->text];
};

static void discard(void *item)
{
    struct entry *e = item;
    object_free(&e->o);
    free(e->json);
    free(e);
}

static void *make(struct openmaf *maf, const char *name)
{
    struct om_error err = {0};
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    om_rc rc = object_read_named(maf, name, &e->o, &err);
    if (rc == OM_OK && (e->json = json_dumps(e->o.json, JSON_COMPACT | JSON_SORT_KEYS)) == NULL)
        rc = om_fail(&err, OM_ENOMEM, "no memory for an object");
    e->pub.path = e->o.path;
    if (rc != OM_OK) {
        (void)snprintf(e->problem, sizeof e->problem, "%s", om_error_text(&err, rc));
        e->pub.problem = e->problem;
        return e;
    }
    e->pub.type = m2m_object_type_name(e->o.mo.type);
    e->pub.json = e->json;
    e->pub.key_id = e->o.key_id[0] != '\0' ? e->o.key_id : NULL;
    return e;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct entry *const *)a)->o.path, (*(struct entry *const *)b)->o.path);
}

int openmaf_object_list(struct openmaf *maf, struct openmaf_object ***list, size_t *n,
                        struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list_records(maf, RECORD_OBJECT, make, discard, &items, n, &err);
    if (rc == OM_OK && *n > 1)
        qsort(items, *n, sizeof *items, by_path);
    if (rc == OM_OK)
        *list = (struct openmaf_object **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_object_list_free(struct openmaf_object **list, size_t n)
{
    list_free((void **)list, n, discard);
}
