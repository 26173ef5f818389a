/* MAF Key Registration (TS-0003 8.8.2.7), client side, with Kc from the TLS exporter or made in the token. */
#include "client/checks.h"
#include "client/exchange.h"
#include "client/key_record.h"
#include "client/key_request.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

#define GENERATED_SIZE 32 /* octets of a Key Value made here (MAF-KR-9 recommends 32) */

struct work {
    struct exchange x;
    struct m2m_resource sent;
    struct m2m_resource answer;
    struct key_record *k;
    char own_relative[33]; /* RelativeKeyID that this end derived; "" when it made the value itself */
    struct openmaf *maf;
    const struct home_server *server;
};

static void work_free(struct work *w)
{
    exchange_free(&w->x);
    m2m_resource_free(&w->sent); /* wipes a Key Value */
    m2m_resource_free(&w->answer);
    if (w->k != NULL)
        openmaf_key_free(&w->k->pub);
}

/* MAF-KR-10: octets 0..15 name the key, octets 16..47 stay in the token. Runs while the session of this very
 * registration is open (MAF-KR-12). */
static om_rc derive(void *arg, SSL *ssl, struct om_error *err)
{
    struct work *w = arg;
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    OM_TRY(key_record_export(w->maf, w->k, ssl, w->server->role->label, id, err));
    m2m_relative_key_id(w->own_relative, id);
    return OM_OK;
}

/* MAF-KR-2 (b): random octets of the token. They must leave it: the server needs them. */
static om_rc generate(struct work *w, struct om_error *err)
{
    OM_TRY(om_secret_alloc(&w->sent.kyv, GENERATED_SIZE, err));
    OM_TRY(se_random(w->maf->se, w->sent.kyv.octets, w->sent.kyv.len, err));
    OM_TRY(key_record_import(w->maf, w->k, &w->sent.kyv, err));
    w->sent.present |= M2M_A_KYV;
    return OM_OK;
}

/* MAF-KR-15, MAF-KR-16: checked and on disk, or not at all. */
static om_rc accept_key(struct work *w, const struct openmaf_key_request *rq, struct om_error *err)
{
    struct key_record *k = w->k;
    const char *fqdn = w->server->fqdn;
    const char *own = rq->generate ? NULL : w->own_relative;
    bool changed = false;
    char key_id[M2M_KEY_ID_SIZE];
    OM_TRY(check_key_registration(&w->answer, &w->sent, w->maf->home.id, own, rq->strict != 0, client_now(),
                                  &changed, err));
    OM_TRY(m2m_key_id_join(key_id, w->answer.rn, fqdn, err));
    OM_TRY(key_record_name(w->maf, key_id, k, err));
    OM_TRY(om_copy_text(k->source, sizeof k->source, w->answer.cr, err));
    OM_TRY(om_copy_text(k->stakeholder, sizeof k->stakeholder, w->answer.adfq, err));
    k->pub.role = OPENMAF_SOURCE;
    k->pub.suid = w->answer.suid;
    k->pub.generated = rq->generate != 0;
    k->pub.targets_changed = changed;
    OM_TRY(key_record_take(k, &w->answer, err));
    return key_record_write(w->maf, k, err);
}

/* MAF-GEN-10: a RelativeKeyID is never given twice. One that names a key of this home must not replace it,
 * nor be ended. */
static om_rc refuse_known(struct work *w, struct om_error *err)
{
    char key_id[M2M_KEY_ID_SIZE];
    struct key_record *old = key_record_new();
    if (old == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = m2m_key_id_join(key_id, w->answer.rn, w->server->fqdn, err);
    if (rc == OM_OK)
        rc = key_record_name(w->maf, key_id, old, err);
    if (rc == OM_OK)
        rc = key_record_read(w->maf, old, err);
    openmaf_key_free(&old->pub);
    if (rc == OM_ENOTFOUND)
        return OM_OK;
    return om_fail(err, OM_EINTEGRITY, "%s answered %s, which names another key of this home already",
                   w->server->fqdn, w->answer.rn);
}

static om_rc do_register(struct work *w, const struct openmaf_key_request *rq, struct om_error *err)
{
    const unsigned needed = M2M_A_RN | M2M_A_ET | M2M_A_CR | M2M_A_ADFQ | M2M_A_SUID | M2M_A_TGIS;
    OM_TRY(key_request_create(w->maf, rq, &w->server, &w->sent, err));
    w->k->pub.suid = w->sent.suid; /* decides the forms in which the key is kept */
    if (rq->generate)
        OM_TRY(generate(w, err));
    OM_TRY(exchange_init(&w->x, w->maf, w->server, M2M_OP_CREATE, NULL, err));
    w->x.stakeholder = w->sent.adfq;
    OM_TRY(exchange_content(&w->x, &w->sent, err));
    om_rc rc = exchange_run(&w->x, M2M_CREATED, rq->generate ? NULL : derive, w, err);
    if (rc == OM_EDENIED && w->maf->rsc == M2M_ORIGINATOR_HAS_NO_PRIVILEGE)
        return om_context(err, rc,
                          "key registration under %s (which needs a registration of this client there)",
                          w->sent.adfq);
    if (rc != OM_OK)
        return rc;
    rc = exchange_result(&w->x, WIRE_TY_SYMM_KEY_REG, needed, &w->answer, err);
    if (rc == OM_OK)
        OM_TRY(refuse_known(w, err));
    if (rc == OM_OK)
        rc = accept_key(w, rq, err);
    const char *made = exchange_created(&w->x);
    return rc != OM_OK && made != NULL ? exchange_undo(&w->x, made, rc, err) : rc;
}

int openmaf_key_register(struct openmaf *maf, const struct openmaf_key_request *request,
                         struct openmaf_key **out, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct work w = {.k = key_record_new(), .maf = maf};
    om_rc rc = client_begin_locked(maf, &err);
    if (w.k == NULL)
        rc = om_fail(&err, OM_ENOMEM, "no memory for a key");
    else if (rc == OM_OK)
        rc = do_register(&w, request, &err);
    if (rc == OM_OK && out != NULL) {
        key_record_publish(w.k);
        *out = &w.k->pub;
        w.k = NULL;
    }
    work_free(&w);
    return client_end(maf, rc, &err, error);
}
