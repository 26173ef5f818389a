/* Enrolments for the caller: the walk, and what this home has. */
#include "client/enrol.h"
#include "client/list.h"
#include "client/register.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One enrolment as the caller sees it. */
struct entry {
    struct openmaf_enrolment pub; /* first; points into this structure */
    char stakeholder[RECORD_NAME_SIZE];
    char keid[M2M_KEY_ID_SIZE];
    char kmid[M2M_KEY_ID_SIZE];
    char problem[sizeof((struct om_error *)0)->text];
};

void openmaf_enrolment_free(struct openmaf_enrolment *enrolment)
{
    free(enrolment); /* the first member of its entry */
}

static void discard(void *item)
{
    openmaf_enrolment_free(item);
}

static struct entry *make_entry(const struct enrolment *e)
{
    struct entry *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    (void)snprintf(p->stakeholder, sizeof p->stakeholder, "%s", e->stakeholder);
    (void)snprintf(p->keid, sizeof p->keid, "%s", e->km.kmid);
    (void)snprintf(p->kmid, sizeof p->kmid, "%s", e->kmid);
    p->pub = (struct openmaf_enrolment){.stakeholder = p->stakeholder,
                                        .keid = p->keid,
                                        .kmid = e->kmid[0] != '\0' ? p->kmid : NULL,
                                        .made = e->made,
                                        .expires = e->expires,
                                        .renew = enrolment_renewal(e),
                                        .pending = e->phase != ENROLMENT_READY};
    return p;
}

static void *make(struct openmaf *maf, const char *name)
{
    struct enrolment e;
    struct om_error err = {0};
    om_rc rc = enrolment_read(maf, record_text(name), &e, &err);
    if (rc == OM_OK)
        return make_entry(&e);
    struct entry *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    (void)snprintf(p->stakeholder, sizeof p->stakeholder, "%s", record_text(name));
    (void)snprintf(p->problem, sizeof p->problem, "%s", om_error_text(&err, rc));
    p->pub = (struct openmaf_enrolment){.stakeholder = p->stakeholder, .problem = p->problem};
    return p;
}

int openmaf_enrolment_list(struct openmaf *maf, struct openmaf_enrolment ***list, size_t *n,
                           struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list_records(maf, RECORD_ENROLMENT, make, discard, &items, n, &err);
    if (rc == OM_OK)
        *list = (struct openmaf_enrolment **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_enrolment_list_free(struct openmaf_enrolment **list, size_t n)
{
    list_free((void **)list, n, discard);
}

static om_rc enrol(struct openmaf *maf, const struct openmaf_enrol_request *rq,
                   struct openmaf_enrolment **out, struct om_error *err)
{
    struct enrolment e;
    bool changed = false;
    if (rq == NULL)
        return om_fail(err, OM_EINPUT, "no request given");
    OM_TRY(client_check_size(rq->size, sizeof *rq, "openmaf_enrol_request", err));
    const struct openmaf_registration_request registration = {.size = sizeof registration,
                                                              .stakeholder = rq->stakeholder,
                                                              .expires = rq->expires,
                                                              .labels = rq->labels,
                                                              .n_labels = rq->n_labels};
    OM_TRY(register_check(&registration, err));
    OM_TRY(enrol_walk(maf, &registration, rq->renew != 0, &e, &changed, err));
    if (out == NULL)
        return OM_OK;
    struct entry *p = make_entry(&e);
    if (p == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an enrolment");
    p->pub.changed = changed;
    *out = &p->pub;
    return OM_OK;
}

int openmaf_enrol(struct openmaf *maf, const struct openmaf_enrol_request *request,
                  struct openmaf_enrolment **out, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = enrol(maf, request, out, &err);
    return client_end(maf, rc, &err, error);
}
