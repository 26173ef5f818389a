/* Keys in the home: listing, removal, use in the token. No network. */
#include "client/checks.h"
#include "client/key_record.h"
#include "client/list.h"

#include <stdio.h>

#define DATA_MAX ((size_t)1 << 20) /* octets that openmaf_key_hmac takes */

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
        (void)snprintf(k->key_id, sizeof k->key_id, "%s@%s", record_text(name), maf->home.fqdn);
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

static om_rc hmac_with(struct openmaf *maf, struct key_record *k, unsigned suid, const struct se_part *part,
                       uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    struct se_key *key = NULL;
    OM_TRY(key_record_read(maf, k, err));
    OM_TRY(key_record_may(k, suid, err));
    OM_TRY(se_load(maf->se, &k->forms.key, SE_USE_HMAC, &key, err));
    om_rc rc = se_hmac(key, part, 1, out, err);
    se_key_unref(key);
    return rc;
}

static om_rc do_hmac(struct openmaf *maf, const char *key_id, unsigned suid, const struct se_part *part,
                     uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    if (part->len > DATA_MAX || (part->octets == NULL && part->len > 0))
        return om_fail(err, OM_EINPUT, "data is missing or longer than %zu octets", DATA_MAX);
    struct key_record *k = key_record_new();
    if (k == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = key_record_name(maf, key_id, k, err);
    if (rc == OM_OK)
        rc = hmac_with(maf, k, suid, part, out, err);
    openmaf_key_free(&k->pub);
    return rc;
}

int openmaf_key_hmac(struct openmaf *maf, const char *key_id, unsigned suid, const void *data, size_t len,
                     uint8_t out[32], struct openmaf_error *error)
{
    struct om_error err = {0};
    const struct se_part part = {data, len};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = do_hmac(maf, key_id, suid, &part, out, &err);
    return client_end(maf, rc, &err, error);
}
