/* The registration configurations of a home, for the caller. */
#include "client/configuration.h"
#include "client/list.h"

#include <stdio.h>
#include <stdlib.h>

struct entry {
    struct openmaf_configuration pub; /* first; points into this structure */
    char stakeholder[RECORD_NAME_SIZE];
    char credential[M2M_ID_SIZE + sizeof CONFIGURATION_PSK_TYPE];
    char problem[sizeof((struct om_error *)0)->text];
};

static void *make(struct openmaf *maf, const char *name)
{
    struct configuration c;
    struct om_error err = {0};
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    om_rc rc = configuration_read(maf, record_text(name), &c, &err);
    (void)snprintf(e->stakeholder, sizeof e->stakeholder, "%s",
                   rc == OM_OK ? c.stakeholder : record_text(name));
    e->pub.stakeholder = e->stakeholder;
    if (rc != OM_OK) {
        (void)snprintf(e->problem, sizeof e->problem, "%s", om_error_text(&err, rc));
        e->pub.problem = e->problem;
        return e;
    }
    (void)snprintf(e->credential, sizeof e->credential, "%s%s",
                   c.choice == CONFIGURATION_USE_PSK ? CONFIGURATION_PSK_TYPE : "", c.credential);
    e->pub.credential = c.credential[0] != '\0' ? e->credential : NULL;
    e->pub.remote = c.choice == CONFIGURATION_USE_REMOTE;
    e->pub.expires = c.expires;
    configuration_free(&c);
    return e;
}

int openmaf_configuration_list(struct openmaf *maf, struct openmaf_configuration ***list, size_t *n,
                               struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list_records(maf, RECORD_CONFIGURATION, make, free, &items, n, &err);
    if (rc == OM_OK)
        *list = (struct openmaf_configuration **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_configuration_list_free(struct openmaf_configuration **list, size_t n)
{
    list_free((void **)list, n, free);
}
