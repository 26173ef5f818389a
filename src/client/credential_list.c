/* Credentials, continued: listing and removal. */
#include "client/credential.h"
#include "client/list.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *make(struct openmaf *maf, const char *name)
{
    struct credential *c = calloc(1, sizeof *c);
    struct om_error err = {0};
    if (c == NULL)
        return NULL;
    om_rc rc = credential_read(maf, name, c, &err);
    if (rc != OM_OK) {
        *c = (struct credential){0};
        (void)snprintf(c->kmid, sizeof c->kmid, "%s", record_text(name));
        (void)snprintf(c->problem, sizeof c->problem, "%s", om_error_text(&err, rc));
        c->pub.problem = c->problem;
    }
    c->pub.kmid = c->kmid;
    return &c->pub;
}

static om_rc list(struct openmaf *maf, void ***items, size_t *n, struct om_error *err)
{
    struct credential current = {0};
    OM_TRY(list_records(maf, RECORD_CREDENTIAL, make, free, items, n, err));
    om_rc rc = credential_choose(maf, &current, NULL); /* none: then nothing is marked */
    for (size_t i = 0; i < *n; i++) {
        struct openmaf_credential *c = (*items)[i];
        c->current = rc == OM_OK && c->problem == NULL && strcmp(c->kmid, current.kmid) == 0;
    }
    return OM_OK;
}

int openmaf_credential_list(struct openmaf *maf, struct openmaf_credential ***out, size_t *n,
                            struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list(maf, &items, n, &err);
    if (rc == OM_OK)
        *out = (struct openmaf_credential **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_credential_list_free(struct openmaf_credential **credentials, size_t n)
{
    list_free((void **)credentials, n, free);
}

static om_rc forget(struct openmaf *maf, const char *kmid, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    if (kmid == NULL)
        return om_fail(err, OM_EINPUT, "no KmID given");
    OM_TRY(record_name(name, RECORD_CREDENTIAL, kmid, err));
    return record_remove(&maf->home, name, err);
}

int openmaf_credential_forget(struct openmaf *maf, const char *kmid, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = forget(maf, kmid, &err);
    return client_end(maf, rc, &err, error);
}
