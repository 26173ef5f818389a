/* Which names a client may have certificates for: those that the operator wrote down for the identity that
 * the TLS session has proved, and no others (docs/adr/0095). */
#include "est/est_internal.h"

#include "util/text.h"

#include <string.h>

/* Whether the client that the name's certificates stand for was revoked: then it gets no further ones, which
 * others might accept. So it is when the name stands for somebody else by now. */
static om_rc is_revoked(struct est_call *c, const char *identity, const char *id, bool *revoked)
{
    struct store_certificate row;
    om_rc rc = store_certificate_get(c->est->maf->store, id, &row, &c->err);
    *revoked =
        rc == OM_OK && (row.state == STORE_CREDENTIAL_REVOKED || !m2m_list_has(&row.identities, identity));
    if (rc == OM_OK)
        store_certificate_free(&row);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

static om_rc add_name(struct est_call *c, const char *identity, const char *id, int64_t lifetime)
{
    struct est_name *to = &c->names[c->n_names];
    bool revoked = false;
    OM_TRY(pki_name_from_credential_id(&to->name, id, &c->err));
    if (c->flavour != 0 && to->name.flavour != c->flavour)
        return OM_OK;
    OM_TRY(is_revoked(c, identity, id, &revoked));
    if (revoked)
        return OM_OK;
    OM_TRY(om_copy_text(to->id, sizeof to->id, id, &c->err));
    to->lifetime = lifetime;
    c->n_names++;
    return OM_OK;
}

om_rc est_load_names(struct est_call *c)
{
    const struct m2m_list *identities = &c->session->peer->identities;
    c->n_names = 0;
    for (size_t i = 0; i < identities->n; i++) {
        struct store_subject subject;
        om_rc rc = store_subject_get(c->est->maf->store, identities->items[i], &subject, &c->err);
        if (rc == OM_ENOTFOUND)
            continue;
        OM_TRY(rc);
        for (size_t j = 0; rc == OM_OK && j < subject.names.n && c->n_names < EST_NAMES_MAX; j++)
            rc = add_name(c, identities->items[i], subject.names.items[j], subject.lifetime);
        store_subject_free(&subject);
        OM_TRY(rc);
    }
    return OM_OK;
}

om_rc est_need_names(struct est_call *c)
{
    OM_TRY(est_load_names(c));
    return c->n_names > 0
               ? OM_OK
               : est_refuse(c, 403, "no certificate is foreseen for %s%s", c->session->peer->credential_id,
                            c->flavour != 0 ? " with this label" : "");
}

const struct est_name *est_find_name(struct est_call *c, const GENERAL_NAMES *san)
{
    for (size_t i = 0; i < c->n_names; i++)
        if (pki_name_check_san(&c->names[i].name, san, NULL) == OM_OK)
            return &c->names[i];
    return NULL;
}
