/* Records of enrolments: see enrolment.h. */
#include "client/enrolment.h"
#include "client/record.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

#define DAY INT64_C(86400)

static om_rc read_members(const json_t *object, struct enrolment *e, struct om_error *err)
{
    int64_t phase = 0;
    OM_TRY(record_get_text(object, "stakeholder", e->stakeholder, sizeof e->stakeholder, err));
    OM_TRY(record_get_text(object, "keid", e->km.kmid, sizeof e->km.kmid, err));
    OM_TRY(record_get_text(object, "kmid", e->kmid, sizeof e->kmid, err));
    OM_TRY(record_get_int(object, "phase", &phase, err));
    OM_TRY(record_get_int(object, "made", &e->made, err));
    OM_TRY(record_get_int(object, "expires", &e->expires, err));
    OM_TRY(record_get_blob(object, "ke", &e->ke, err));
    OM_TRY(record_get_blob(object, "psk", &e->km.psk, err));
    OM_TRY(record_get_psk13(object, "tls13", &e->km.forms, &e->km.tls13, err));
    if (phase < ENROLMENT_ENROLLED || phase > ENROLMENT_READY)
        return om_fail(err, OM_EINTEGRITY, "enrolment of %.120s: no such phase", e->stakeholder);
    e->phase = (enum enrolment_phase)phase;
    return OM_OK;
}

static om_rc read_named(struct openmaf *maf, const char *name, struct enrolment *e, struct om_error *err)
{
    json_t *object = NULL;
    memset(e, 0, sizeof *e);
    OM_TRY(record_read(&maf->home, maf->se, name, &object, err));
    om_rc rc = read_members(object, e, err);
    json_decref(object);
    return rc;
}

om_rc enrolment_read(struct openmaf *maf, const char *stakeholder, struct enrolment *e, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_ENROLMENT, stakeholder, err));
    om_rc rc = read_named(maf, name, e, err);
    if (rc != OM_ENOTFOUND)
        return rc;
    memset(e, 0, sizeof *e);
    OM_TRY(om_copy_text(e->stakeholder, sizeof e->stakeholder, stakeholder, err));
    return OM_ENOTFOUND;
}

om_rc enrolment_write(struct openmaf *maf, const struct enrolment *e, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_ENROLMENT, e->stakeholder, err));
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}", "stakeholder", e->stakeholder, "keid",
                               e->km.kmid, "kmid", e->kmid, "phase", (int)e->phase, "made",
                               (json_int_t)e->made, "expires", (json_int_t)e->expires);
    if (object == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    om_rc rc = record_set_blob(object, "ke", &e->ke, err);
    if (rc == OM_OK)
        rc = record_set_blob(object, "psk", &e->km.psk, err);
    if (rc == OM_OK)
        rc = record_set_psk13(object, "tls13", &e->km.forms, err);
    if (rc == OM_OK)
        rc = record_write(&maf->home, maf->se, name, object, err);
    json_decref(object);
    return rc;
}

/* --- removing --- */

static om_rc remove_kmid(struct openmaf *maf, const char *name, const char *stakeholder, const char *except,
                         struct om_error *err)
{
    struct credential c = {.order = 0};
    OM_TRY(credential_read(maf, name, &c, err));
    if (c.keid[0] == '\0' || strcmp(c.stakeholder, stakeholder) != 0 || strcmp(c.kmid, except) == 0)
        return OM_OK;
    return record_remove(&maf->home, name, err);
}

om_rc enrolment_remove_kmids(struct openmaf *maf, const char *stakeholder, const char *except,
                             struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    OM_TRY(record_names(&maf->home, RECORD_CREDENTIAL, &names, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < names.n; i++)
        rc = remove_kmid(maf, names.items[i], stakeholder, except, err);
    m2m_list_free(&names);
    return rc;
}

om_rc enrolment_discard(struct openmaf *maf, const char *stakeholder, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_ENROLMENT, stakeholder, err));
    OM_TRY(enrolment_remove_kmids(maf, stakeholder, "", err));
    om_rc rc = record_remove(&maf->home, name, err); /* last: until then it can be repeated */
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

/* --- all of them --- */

/* Answers false to end the search. A record that is refused is none. */
typedef bool enrolment_fn(void *arg, const struct enrolment *e);

static om_rc each(struct openmaf *maf, enrolment_fn *fn, void *arg, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    struct enrolment e;
    OM_TRY(record_names(&maf->home, RECORD_ENROLMENT, &names, err));
    om_rc rc = OM_OK;
    bool more = true;
    for (size_t i = 0; rc == OM_OK && more && i < names.n; i++) {
        rc = read_named(maf, names.items[i], &e, err);
        if (rc == OM_OK)
            more = fn(arg, &e);
        else if (rc == OM_EINTEGRITY)
            rc = OM_OK;
    }
    m2m_list_free(&names);
    return rc;
}

struct search {
    const char *id;
    char stakeholder[M2M_FQDN_SIZE]; /* "": not found */
};

/* Letter case does not count in either identifier (spec decision 7). */
static bool is_named(void *arg, const struct enrolment *e)
{
    struct search *s = arg;
    if (strcasecmp(s->id, e->kmid) != 0 && strcasecmp(s->id, e->km.kmid) != 0)
        return true;
    memcpy(s->stakeholder, e->stakeholder, sizeof s->stakeholder);
    return false;
}

static bool has_keid(void *arg, const struct enrolment *e)
{
    struct search *s = arg;
    if (strcasecmp(s->id, e->km.kmid) != 0)
        return true;
    memcpy(s->stakeholder, e->stakeholder, sizeof s->stakeholder);
    return false;
}

om_rc enrolment_discard_named(struct openmaf *maf, const char *id, bool *found, struct om_error *err)
{
    struct search s = {.id = id};
    OM_TRY(each(maf, is_named, &s, err));
    *found = s.stakeholder[0] != '\0';
    return *found ? enrolment_discard(maf, s.stakeholder, err) : OM_OK;
}

om_rc enrolment_check_new(struct openmaf *maf, const char *keid, struct om_error *err)
{
    struct search s = {.id = keid};
    OM_TRY(each(maf, has_keid, &s, err));
    return s.stakeholder[0] == '\0'
               ? OM_OK
               : om_fail(err, OM_EINTEGRITY, "this handshake gave KeID %s, which another one gave before",
                         keid);
}

int64_t enrolment_renewal(const struct enrolment *e)
{
    int64_t life = e->expires - e->made;
    int64_t lead = life / 10;
    int64_t least = life / 2 < DAY ? life / 2 : DAY;
    return e->expires - (lead > least ? lead : least);
}
