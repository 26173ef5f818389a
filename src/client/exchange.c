/* Requests and responses of procedures: see exchange.h. */
#include "client/exchange.h"
#include "client/configuration.h"
#include "client/credential.h"
#include "util/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Unique per client: 12 random octets (TS-0004 6.4.1). */
static om_rc make_rqi(char out[M2M_RQI_SIZE], struct om_error *err)
{
    uint8_t octets[12];
    if (getrandom(octets, sizeof octets, 0) != (ssize_t)sizeof octets)
        return om_fail(err, OM_ETRANSIENT, "no random octets: %s", strerror(errno));
    om_hex_lower(out, octets, sizeof octets);
    return OM_OK;
}

om_rc exchange_init(struct exchange *x, struct openmaf *maf, const struct home_server *server,
                    enum m2m_operation op, const char *name, struct om_error *err)
{
    x->maf = maf;
    x->server = server;
    x->stakeholder = NULL;
    x->psk = NULL;
    m2m_request_init(&x->rq);
    m2m_response_init(&x->rs);
    x->rq.op = (int)op;
    int n = snprintf(x->rq.to, sizeof x->rq.to, "//%s/-%s%s", server->fqdn, name != NULL ? "/" : "",
                     name != NULL ? name : "");
    if (n < 0 || (size_t)n >= sizeof x->rq.to)
        return om_fail(err, OM_EINPUT, "the name of the record is too long");
    x->rq.has_from = x->rq.has_rqi = x->rq.has_rvi = true;
    OM_TRY(om_copy_text(x->rq.from, sizeof x->rq.from, maf->home.id, err)); /* MAF-GEN-3 */
    OM_TRY(om_copy_text(x->rq.rvi, sizeof x->rq.rvi, "3", err));
    return make_rqi(x->rq.rqi, err);
}

/* jansson frees without wiping and a library may not install hooks: overwrite the one secret attribute in
 * place. */
static void wipe_key_value(json_t *content)
{
    json_t *resource = json_object_get(content, WIRE_SYMM_KEY_REG);
    json_t *value = json_object_get(resource, WIRE_KYV);
    if (json_is_string(value))
        om_wipe((char *)json_string_value(value), json_string_length(value));
}

void exchange_free(struct exchange *x)
{
    wipe_key_value(x->rq.pc);
    wipe_key_value(x->rs.pc);
    m2m_request_free(&x->rq);
    m2m_response_free(&x->rs);
}

om_rc exchange_content(struct exchange *x, const struct m2m_resource *r, struct om_error *err)
{
    if (x->rq.op == M2M_OP_CREATE)
        x->rq.ty = r->type;
    OM_TRY(m2m_resource_encode(r, r->present, &x->rq.pc, err));
    json_t *body = json_object_get(x->rq.pc, m2m_type_member(r->type));
    if ((r->nulls & M2M_A_LBL) != 0 && json_object_set_new(body, WIRE_LBL, json_null()) != 0)
        return om_fail(err, OM_ENOMEM, "no memory for content");
    return OM_OK;
}

static om_rc rc_of(int rsc)
{
    switch (rsc) {
    case M2M_NOT_FOUND:
        return OM_ENOTFOUND;
    case M2M_ORIGINATOR_HAS_NO_PRIVILEGE:
    case M2M_ORIGINATOR_NOT_AUTHENTICATED:
    case M2M_SECURITY_ASSOCIATION_REQUIRED:
        return OM_EDENIED;
    case M2M_CONFLICT:
    case M2M_ORIGINATOR_HAS_ALREADY_REGISTERED:
        return OM_ECONFLICT;
    case M2M_NOT_IMPLEMENTED:
    case M2M_NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED:
        return OM_EUNSUPPORTED;
    default:
        break;
    }
    return rsc / 1000 == 4 ? OM_EINPUT : rsc / 1000 == 5 ? OM_ETRANSIENT : OM_EINTEGRITY;
}

static om_rc refused(const struct exchange *x, int expected, struct om_error *err)
{
    const char *fqdn = x->server->fqdn;
    int rsc = x->rs.rsc;
    char text[256] = "";
    const char *debug = json_string_value(json_object_get(x->rs.pc, WIRE_DEBUG));
    if (debug != NULL)
        (void)snprintf(text, sizeof text, ": %s", debug);
    om_printable(text);
    if (rsc / 1000 == 2)
        return om_fail(err, OM_EINTEGRITY, "%s answered %d where %d was expected", fqdn, rsc, expected);
    const char *name = m2m_rsc_name(rsc);
    return om_fail(err, rc_of(rsc), "%s refused: %d %s%s", fqdn, rsc, name != NULL ? name : "", text);
}

om_rc exchange_run(struct exchange *x, int expected, transport_session *session, void *arg,
                   struct om_error *err)
{
    struct openmaf *maf = x->maf;
    struct credential_key key;
    uint16_t port = x->server->port;
    const struct transport *transport = x->server->transport;
    if (!x->server->addressed && x->server == &maf->home.maf)
        OM_TRY(configuration_binding(maf, x->stakeholder, &transport, &port, err));
    om_rc rc = x->psk != NULL ? credential_load_psk(maf, x->psk, &key, err)
                              : credential_load(maf, x->server, x->stakeholder, &key, err);
    const struct transport_peer peer = {.home = &maf->home,
                                        .server = x->server,
                                        .port = port,
                                        .libctx = maf->libctx,
                                        .certificate = key.is_certificate ? &key.certificate : NULL,
                                        .kmid = key.kmid,
                                        .km = key.km,
                                        .km13 = key.tls13 ? &key.km13 : NULL};
    bool idempotent = x->rq.op != M2M_OP_CREATE;
    if (rc == OM_OK)
        rc = transport->exchange(&peer, &x->rq, idempotent, session, arg, &x->rs, err);
    maf->rsc = rc == OM_OK ? x->rs.rsc : 0;
    if (rc == OM_EDENIED && key.stakeholder[0] != '\0')
        (void)om_context(err, rc, "'maf enrol --stakeholder %s' brings another KmID", key.stakeholder);
    credential_unload(&key);
    if (rc != OM_OK)
        return rc;
    return x->rs.rsc == expected ? OM_OK : refused(x, expected, err);
}

om_rc exchange_result(struct exchange *x, int type, unsigned needed, struct m2m_resource *out,
                      struct om_error *err)
{
    const char *fqdn = x->server->fqdn;
    if (x->rs.pc == NULL)
        return om_fail(err, OM_EINTEGRITY, "%s answered without content", fqdn);
    om_rc rc = m2m_resource_decode(x->rs.pc, type, M2M_RESPONSE, out, err);
    if (rc == OM_EINPUT)
        return om_context(err, OM_EINTEGRITY, "answer of %s", fqdn);
    if (rc == OM_OK && (out->present & needed) != needed)
        return om_fail(err, OM_EINTEGRITY, "the answer of %s lacks attributes that it must have (mask %#x)",
                       fqdn, needed & ~out->present);
    return rc;
}

om_rc exchange_ids(const struct exchange *x, struct m2m_list *ids, struct om_error *err)
{
    const char *fqdn = x->server->fqdn;
    const json_t *list = json_object_get(x->rs.pc, WIRE_URI_LIST);
    if (!json_is_array(list))
        return om_fail(err, OM_EINTEGRITY, "%s answered without %s", fqdn, WIRE_URI_LIST);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (id == NULL || !m2m_is_relative_key_id(id))
            return om_fail(err, OM_EINTEGRITY, "%s answered with an identifier that is none (entry %zu)",
                           fqdn, i);
        OM_TRY(m2m_list_add(ids, id, err));
    }
    return OM_OK;
}

const char *exchange_created(const struct exchange *x)
{
    if (x->rs.rsc != M2M_CREATED)
        return NULL;
    const json_t *body = json_object_get(x->rs.pc, m2m_type_member(x->rq.ty));
    const char *name = json_string_value(json_object_get(body, WIRE_RN));
    return name != NULL && m2m_is_relative_key_id(name) ? name : NULL;
}

static om_rc delete_record(const struct exchange *made, const char *name, struct om_error *err)
{
    struct exchange x;
    om_rc rc = exchange_init(&x, made->maf, made->server, M2M_OP_DELETE, name, err);
    x.stakeholder = made->stakeholder;
    x.psk = made->psk;
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_DELETED, NULL, NULL, err);
    exchange_free(&x);
    return rc;
}

om_rc exchange_undo(const struct exchange *x, const char *name, om_rc rc, struct om_error *err)
{
    struct openmaf *maf = x->maf;
    int rsc = maf->rsc;
    struct om_error undo = {0};
    om_rc undone = delete_record(x, name, &undo);
    maf->rsc = rsc;
    size_t at = strlen(err->text);
    (void)snprintf(err->text + at, sizeof err->text - at, "; it %s ended at the %s%s%s",
                   undone == OM_OK ? "was" : "could not be", x->server->role->what,
                   undone == OM_OK ? "" : ": ", undone == OM_OK ? "" : om_error_text(&undo, undone));
    return rc;
}
