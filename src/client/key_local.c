/* Keys in the home: listing and removal. No network. */
#include "client/checks.h"
#include "client/key_record.h"
#include "client/list.h"

#include <stdio.h>

static void discard(void *item)
{
    openmaf_key_free(item);
}

static void *make(struct openmaf *maf, const char *name)
{
    struct key_record *k = key_record_new();
    struct om_error err = {0};
    if (k == NULL)
        return NULL;
    (void)snprintf(k->relative, sizeof k->relative, "%s", record_text(name));
    om_rc rc = key_record_read(maf, k, &err);
    key_record_publish(k);
    if (rc != OM_OK) {
        (void)snprintf(k->key_id, sizeof k->key_id, "%s@%s", record_text(name), maf->home.maf.fqdn);
        (void)snprintf(k->problem, sizeof k->problem, "%s", om_error_text(&err, rc));
        k->pub = (struct openmaf_key){.key_id = k->key_id, .problem = k->problem};
    }
    return &k->pub;
}

int openmaf_key_list(struct openmaf *maf, struct openmaf_key ***list, size_t *n, struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list_records(maf, RECORD_KEY, make, discard, &items, n, &err);
    if (rc == OM_OK)
        *list = (struct openmaf_key **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_key_list_free(struct openmaf_key **list, size_t n)
{
    list_free((void **)list, n, discard);
}

static om_rc forget(struct openmaf *maf, const char *key_id, struct om_error *err)
{
    struct key_record k = {0};
    OM_TRY(key_record_name(maf, key_id, &k, err));
    return key_record_remove(maf, k.relative, err);
}

int openmaf_key_forget(struct openmaf *maf, const char *key_id, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = forget(maf, key_id, &err);
    return client_end(maf, rc, &err, error);
}
