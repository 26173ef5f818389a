/* MAF Key Retrieval (TS-0003 8.8.2.8), client side. */
#include "client/checks.h"
#include "client/exchange.h"
#include "client/key_record.h"
#include "client/secret.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

struct work {
    struct openmaf *maf;
    struct exchange x;
    struct m2m_resource answer;
    struct key_record *k;   /* what is retrieved */
    struct key_record *old; /* what the home has */
};

static void work_free(struct work *w)
{
    exchange_free(&w->x);
    m2m_resource_free(&w->answer); /* wipes the Key Value */
    if (w->k != NULL)
        openmaf_key_free(&w->k->pub);
    if (w->old != NULL)
        openmaf_key_free(&w->old->pub);
}

static om_rc fetch(struct work *w, struct om_error *err)
{
    const unsigned needed =
        M2M_A_RN | M2M_A_ET | M2M_A_CR | M2M_A_ADFQ | M2M_A_SUID | M2M_A_KYV; /* MAF-KT-7 */
    OM_TRY(exchange_init(&w->x, w->maf, w->k->server, M2M_OP_RETRIEVE, w->k->relative, err));
    OM_TRY(exchange_run(&w->x, M2M_OK, NULL, NULL, err));
    OM_TRY(exchange_result(&w->x, WIRE_TY_SYMM_KEY_REG, needed, &w->answer, err));
    return check_key_retrieval(&w->answer, w->k->server->role, w->k->relative, client_now(), err);
}

/* MAF-KT-9: everything is bound to the key identifier. What of it can never change must not have changed
 * either. */
static om_rc compare_with_old(struct work *w, struct om_error *err)
{
    struct key_record *k = w->k;
    const struct key_record *old = w->old;
    if (strcmp(k->check, old->check) != 0 || k->pub.suid != old->pub.suid ||
        strcmp(k->stakeholder, old->stakeholder) != 0)
        return om_fail(err, OM_EINTEGRITY,
                       "the MAF answered with another key value, SUID or adminFQDN for %s than before",
                       k->key_id);
    if (old->pub.role != OPENMAF_SOURCE)
        return OM_OK;
    k->pub.role = OPENMAF_SOURCE; /* a Source that is its own Target keeps its list */
    k->pub.generated = old->pub.generated;
    return m2m_list_copy(&k->targets, &old->targets, err);
}

static om_rc do_retrieve(struct work *w, const char *key_id, struct om_error *err)
{
    struct key_record *k = w->k;
    OM_TRY(key_record_name(w->maf, key_id, k, err));
    memcpy(w->old->relative, k->relative, sizeof k->relative);
    om_rc known = key_record_read(w->maf, w->old, err);
    if (known != OM_OK && known != OM_ENOTFOUND)
        return known;
    OM_TRY(fetch(w, err));
    k->pub.suid = w->answer.suid;
    OM_TRY(key_record_import(w->maf, k, &w->answer.kyv, err));
    OM_TRY(om_copy_text(k->source, sizeof k->source, w->answer.cr, err));
    OM_TRY(om_copy_text(k->stakeholder, sizeof k->stakeholder, w->answer.adfq, err));
    k->pub.role = OPENMAF_TARGET;
    w->answer.present &= ~(unsigned)M2M_A_TGIS; /* never part of this answer */
    OM_TRY(key_record_take(k, &w->answer, err));
    if (known == OM_OK)
        OM_TRY(compare_with_old(w, err));
    return key_record_write(w->maf, k, err);
}

int openmaf_key_retrieve(struct openmaf *maf, const char *key_id, struct openmaf_key **out,
                         struct openmaf_secret **value, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct work w = {.maf = maf, .k = key_record_new(), .old = key_record_new()};
    om_rc rc = client_begin_locked(maf, &err);
    if (w.k == NULL || w.old == NULL)
        rc = om_fail(&err, OM_ENOMEM, "no memory for a key");
    else if (rc == OM_OK)
        rc = do_retrieve(&w, key_id, &err);
    if (rc == OM_OK && value != NULL)
        rc = secret_new(&w.answer.kyv, value, &err);
    if (rc == OM_OK && out != NULL) {
        key_record_publish(w.k);
        *out = &w.k->pub;
        w.k = NULL;
    }
    work_free(&w);
    return client_end(maf, rc, &err, error);
}
