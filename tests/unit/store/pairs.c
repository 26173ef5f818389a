/* See pairs.h. */
#include "pairs.h"

#include <stdio.h>
#include <stdlib.h>

om_rc get_stakeholder(struct fixture *f, unsigned n)
{
    struct store_stakeholder r;
    om_rc rc = store_stakeholder_get(f->s, n == 1 ? ADMIN : OTHER, &r, &f->err);
    if (rc == OM_OK)
        store_stakeholder_free(&r);
    return rc;
}

om_rc get_permit(struct fixture *f, unsigned n)
{
    return store_permit_check(f->s, n == 1 ? "//p/1" : "//p/2", ADMIN, &f->err);
}

om_rc get_client_cfg(struct fixture *f, unsigned n)
{
    char *cfg = NULL;
    om_rc rc = store_client_cfg_get(f->s, n == 1 ? "//p/1" : "//p/2", ADMIN, &cfg, &f->err);
    free(cfg);
    return rc;
}

om_rc get_credential(struct fixture *f, unsigned n)
{
    struct store_credential r;
    return store_credential_get(f->s, n == 1 ? "dev-1@maf.example" : "dev-2@maf.example", &r, &f->err);
}

om_rc get_registration(struct fixture *f, unsigned n)
{
    struct store_registration r;
    om_rc rc = store_registration_get(f->s, n == 1 ? "reg1" : "reg2", &r, &f->err);
    if (rc == OM_OK)
        store_registration_free(&r);
    return rc;
}

om_rc get_key(struct fixture *f, unsigned n)
{
    char id[40];
    struct store_key r;
    (void)snprintf(id, sizeof id, "%032u", n);
    om_rc rc = store_key_get(f->s, id, &r, &f->err);
    if (rc == OM_OK)
        store_key_free(&r);
    return rc;
}

void pairs_fill(struct fixture *f)
{
    struct store_stakeholder other;
    make_stakeholder(OTHER, &other);
    set_text(other.policy, "[]");
    assert_ok(f, store_stakeholder_put(f->s, &other, &f->err));
    store_stakeholder_free(&other);
    for (unsigned i = 1; i <= 2; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "//p/%u", i);
        assert_ok(f, store_permit_put(f->s, id, ADMIN, &f->err));
        assert_ok(f, store_client_cfg_put(f->s, id, ADMIN, i == 1 ? "{\"a\":1}" : "{\"a\":2}", &f->err));
        create_credential(f, i);
        create_registration(f, i);
        create_key(f, i);
    }
}
