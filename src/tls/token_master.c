/* Master secrets in the token: see token_master.h. */
#include "tls/token_master.h"

/* MAF-HS-9: a session without the extended master secret (RFC 7627) ends here, unless allowed. */
static om_rc check_label(const struct omtls_connection *c, const struct omtls_prf *prf, bool *ems,
                         struct om_error *err)
{
    bool plain = omtls_prf_label_is(prf, "master secret");
    *ems = omtls_prf_label_is(prf, "extended master secret");
    if (*ems || (plain && c->allow_no_ems))
        return OM_OK;
    if (plain)
        return om_fail(err, OM_EDENIED, "the peer does not support the extended master secret");
    return om_fail(err, OM_EDENIED, "a pre-shared key makes master secrets only");
}

static void keep(struct omtls_connection *c, struct se_key *master, uint8_t out[OMTLS_MASTER_SIZE])
{
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_MASTER);
    omtls_connection_set_master(c, master);
    omtls_reference_encode_master(&ref, out);
}

om_rc omtls_psk_master(struct omtls_connection *c, const struct omtls_prf *prf, uint8_t *out, size_t n,
                       struct om_error *err)
{
    bool ems = false;
    if ((c->established && !c->shared) || c->psk == NULL)
        return om_fail(err, OM_EINTEGRITY, "this key reference was used before");
    if (n != OMTLS_MASTER_SIZE)
        return om_fail(err, OM_EDENIED, "a master secret of %zu octets", n);
    OM_TRY(check_label(c, prf, &ems, err));
    if (c->custody == OMTLS_CUSTODY_SESSION) {
        struct se_key *master = NULL;
        OM_TRY(se_prf_key(c->psk, prf->seeds, prf->n_seeds, 0, n, &master, err));
        keep(c, master, out);
        omtls_connection_drop_psk(c);
    } else {
        OM_TRY(se_prf(c->psk, prf->seeds, prf->n_seeds, out, n, err));
    }
    c->ems = ems;
    c->established = true;
    return OM_OK;
}

/* --- certificates --- */

/* A reference, not a pointer: the connection may have ended before its master secret was made. */
static _Thread_local struct omtls_reference expected;
static _Thread_local bool expecting;

void omtls_ecdhe_expect(struct omtls_connection *c)
{
    expecting = c != NULL;
    if (c != NULL)
        expected = omtls_connection_reference(c, OMTLS_REFERENCE_MASTER);
}

static struct omtls_connection *expected_connection(void)
{
    struct omtls_connection *c = expecting ? omtls_connection_find(&expected) : NULL;
    return c != NULL && !c->established && c->signer != NULL ? c : NULL;
}

bool omtls_ecdhe_is_ours(const struct omtls_prf *prf)
{
    bool ems = omtls_prf_label_is(prf, "extended master secret");
    if (!expecting || (!ems && !omtls_prf_label_is(prf, "master secret")))
        return false;
    struct omtls_connection *c = expected_connection();
    if (c == NULL || c->custody == OMTLS_CUSTODY_SESSION || (!ems && !c->allow_no_ems))
        return c != NULL;
    expecting = false;
    c->ems = ems;
    c->established = true;
    return false;
}

om_rc omtls_ecdhe_master(const struct omtls_prf *prf, uint8_t *out, size_t n, struct om_error *err)
{
    bool ems = false;
    struct se_key *premaster = NULL, *master = NULL;
    struct omtls_connection *c = expected_connection();
    struct se *se = c != NULL ? omtls_connection_se(c) : NULL;
    expecting = false;
    if (c == NULL || se == NULL)
        return om_fail(err, OM_EINTERNAL, "the token of this connection is closed");
    if (n != OMTLS_MASTER_SIZE || prf->secret_len < 1 || prf->secret_len > SE_KEY_MAX)
        return om_fail(err, OM_EDENIED, "a master secret of %zu octets from %zu", n, prf->secret_len);
    OM_TRY(check_label(c, prf, &ems, err));
    OM_TRY(se_mint(se, prf->secret, prf->secret_len, &premaster, err));
    om_rc rc = se_prf_key(premaster, prf->seeds, prf->n_seeds, 0, n, &master, err);
    se_key_unref(premaster);
    OM_TRY(rc);
    keep(c, master, out);
    c->ems = ems;
    c->established = true;
    return OM_OK;
}
