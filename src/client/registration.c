/* Records of registrations: see registration.h. */
#include "client/registration.h"
#include "client/list.h"
#include "onem2m/wire_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct registration *registration_new(void)
{
    return calloc(1, sizeof(struct registration));
}

void openmaf_registration_free(struct openmaf_registration *registration)
{
    struct registration *r = (struct registration *)registration; /* pub is its first member */
    if (r == NULL)
        return;
    m2m_list_free(&r->labels);
    json_decref(r->configuration);
    free(r->configuration_text);
    free(r);
}

static enum record_kind kind_of(const struct home_server *server)
{
    return server->role == &server_role_mef ? RECORD_MEF_REGISTRATION : RECORD_REGISTRATION;
}

static om_rc read_members(const json_t *object, struct registration *r, struct om_error *err)
{
    OM_TRY(record_get_text(object, "stakeholder", r->stakeholder, sizeof r->stakeholder, err));
    OM_TRY(record_get_text(object, "registration", r->id, sizeof r->id, err));
    OM_TRY(record_get_text(object, "client", r->client_id, sizeof r->client_id, err));
    OM_TRY(record_get_int(object, "expires", &r->pub.expires, err));
    OM_TRY(record_get_list(object, "labels", &r->labels, err));
    r->configuration = json_incref(json_object_get(object, "configuration"));
    return OM_OK;
}

static om_rc read_named(struct openmaf *maf, const char *name, struct registration *r, struct om_error *err)
{
    json_t *object = NULL;
    OM_TRY(record_read(&maf->home, maf->se, name, &object, err));
    om_rc rc = read_members(object, r, err);
    json_decref(object);
    return rc;
}

om_rc registration_read(struct openmaf *maf, const struct home_server *server, const char *stakeholder,
                        struct registration *r, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    r->pub.server = server->role == &server_role_mef ? OPENMAF_MEF : OPENMAF_MAF;
    OM_TRY(record_name(name, kind_of(server), stakeholder, err));
    return read_named(maf, name, r, err);
}

om_rc registration_write(struct openmaf *maf, const struct home_server *server, const struct registration *r,
                         struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, kind_of(server), r->stakeholder, err));
    json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "stakeholder", r->stakeholder, "registration", r->id,
                               "client", r->client_id, "expires", (json_int_t)r->pub.expires);
    if (object == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    om_rc rc = record_set_list(object, "labels", &r->labels, err);
    if (rc == OM_OK && r->configuration != NULL &&
        json_object_set(object, "configuration", r->configuration) != 0)
        rc = om_fail(err, OM_ENOMEM, "no memory for a record");
    if (rc == OM_OK)
        rc = record_write(&maf->home, maf->se, name, object, err);
    json_decref(object);
    return rc;
}

om_rc registration_remove(struct openmaf *maf, const struct home_server *server, const char *stakeholder,
                          struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, kind_of(server), stakeholder, err));
    return record_remove(&maf->home, name, err);
}

om_rc registration_publish(struct registration *r, struct om_error *err)
{
    r->pub.stakeholder = r->stakeholder;
    r->pub.registration_id = r->id;
    r->pub.client_id = r->client_id;
    r->pub.labels = (const char *const *)r->labels.items;
    r->pub.n_labels = r->labels.n;
    free(r->configuration_text);
    r->configuration_text = NULL;
    if (r->configuration != NULL) {
        r->configuration_text = json_dumps(r->configuration, JSON_COMPACT);
        if (r->configuration_text == NULL)
            return om_fail(err, OM_ENOMEM, "no memory for a configuration");
    }
    r->pub.configuration = r->configuration_text;
    return OM_OK;
}

const json_t *registration_key_cfg(const struct registration *r, unsigned suid)
{
    const json_t *list = json_object_get(r->configuration, WIRE_KRGC);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *cfg = json_array_get(list, i);
        const char *admin = json_string_value(json_object_get(cfg, WIRE_ADFQ));
        if (json_integer_value(json_object_get(cfg, WIRE_SUID)) == (json_int_t)suid && admin != NULL &&
            strcmp(admin, r->stakeholder) == 0)
            return cfg;
    }
    return NULL;
}

static void discard(void *item)
{
    openmaf_registration_free(item);
}

static void *make(struct openmaf *maf, const char *name, enum openmaf_server server)
{
    struct registration *r = registration_new();
    struct om_error err = {0};
    if (r == NULL)
        return NULL;
    r->pub.server = server;
    om_rc rc = read_named(maf, name, r, &err);
    if (rc == OM_OK)
        rc = registration_publish(r, &err);
    if (rc != OM_OK) {
        (void)snprintf(r->stakeholder, sizeof r->stakeholder, "%s", record_text(name));
        (void)snprintf(r->problem, sizeof r->problem, "%s", om_error_text(&err, rc));
        r->pub = (struct openmaf_registration){
            .stakeholder = r->stakeholder, .problem = r->problem, .server = server};
    }
    return &r->pub;
}

static void *make_at_maf(struct openmaf *maf, const char *name)
{
    return make(maf, name, OPENMAF_MAF);
}

static void *make_at_mef(struct openmaf *maf, const char *name)
{
    return make(maf, name, OPENMAF_MEF);
}

/* Those at the MAF, then those at the MEF. */
static om_rc list_both(struct openmaf *maf, void ***items, size_t *n, struct om_error *err)
{
    void **second = NULL;
    size_t n_second = 0;
    OM_TRY(list_records(maf, RECORD_REGISTRATION, make_at_maf, discard, items, n, err));
    om_rc rc = list_records(maf, RECORD_MEF_REGISTRATION, make_at_mef, discard, &second, &n_second, err);
    if (rc == OM_OK && n_second == 0)
        return OM_OK;
    void **all = rc == OM_OK ? reallocarray(*items, *n + n_second, sizeof *all) : NULL;
    if (all == NULL) {
        list_free(second, n_second, discard);
        list_free(*items, *n, discard);
        return rc == OM_OK ? om_fail(err, OM_ENOMEM, "no memory for a list") : rc;
    }
    memcpy(all + *n, second, n_second * sizeof *all);
    free(second);
    *items = all;
    *n += n_second;
    return OM_OK;
}

int openmaf_registration_list(struct openmaf *maf, struct openmaf_registration ***list, size_t *n,
                              struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list_both(maf, &items, n, &err);
    if (rc == OM_OK)
        *list = (struct openmaf_registration **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_registration_list_free(struct openmaf_registration **list, size_t n)
{
    list_free((void **)list, n, discard);
}
