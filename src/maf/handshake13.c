/* MAF Handshake (TS-0003 8.8.2.2) in TLS 1.3, where mafd.conf allows it: the forms of the key that TLS 1.3
 * needs.
 *
 * MAF-HS-6 holds as in handshake.c: whatever is wrong with a psk_identity, the decoy's forms are given and
 * the handshake fails at the binder. A credential without forms, imported before there were any, counts as
 * unknown; its client can use TLS 1.2. All do the same work: two queries, two looks into the key cache, and
 * on first contact two row MACs and two unwraps. */
#include "maf/maf_internal.h"

#include <stdio.h>

/* Loaded forms are cached beside the key for TLS 1.2. No KmID has a blank in it. */
#define CACHE_NAME_SIZE (M2M_KEY_ID_SIZE + 2)

static om_rc load_form(struct maf *maf, const char *name, char form, const struct se_blob *blob,
                       enum se_use use, struct se_key **key, struct om_error *err)
{
    char cached[CACHE_NAME_SIZE];
    (void)snprintf(cached, sizeof cached, "%s %c", name, form);
    return se_cache_load(maf->cache, cached, blob, use, key, err);
}

static void drop(struct omtls_psk13 *psk)
{
    se_key_unref(psk->derived);
    se_key_unref(psk->finished);
    *psk = (struct omtls_psk13){.derived = NULL};
}

static om_rc load_forms(struct maf *maf, const char *name, const struct se_psk13 *forms,
                        struct omtls_psk13 *psk, struct om_error *err)
{
    om_rc rc = load_form(maf, name, 'd', &forms->derived, SE_USE_TLS13_DERIVED, &psk->derived, err);
    if (rc == OM_OK)
        rc = load_form(maf, name, 'f', &forms->finished, SE_USE_TLS13_FINISHED, &psk->finished, err);
    if (rc != OM_OK) {
        drop(psk);
        return rc;
    }
    psk->handshake = forms->handshake;
    psk->master = forms->master;
    return OM_OK;
}

/* The same query whatever the verdict is. */
static om_rc read_forms(struct maf *maf, struct maf_lookup *look, struct se_psk13 *forms, bool *has_row,
                        struct om_error *err)
{
    om_rc rc = store_credential_tls13_get(maf->store, look->name, forms, err);
    *has_row = rc == OM_OK || rc == OM_EINTEGRITY;
    if (rc != OM_OK && rc != OM_ENOTFOUND && rc != OM_EINPUT && rc != OM_EINTEGRITY)
        return rc;
    if (rc != OM_OK && look->verdict == MAF_PSK_FOUND)
        look->verdict = rc == OM_EINTEGRITY ? MAF_PSK_BAD_ROW : MAF_PSK_NO_TLS13;
    return OM_OK;
}

static om_rc load(struct maf *maf, struct maf_lookup *look, struct omtls_psk13 *psk, struct om_error *err)
{
    struct se_psk13 forms;
    struct se_cache_stats before, after;
    bool has_row = false;
    OM_TRY(read_forms(maf, look, &forms, &has_row, err));
    se_cache_stats(maf->cache, &before);
    const struct se_psk13 *chosen = look->verdict == MAF_PSK_FOUND ? &forms : &maf->decoy13;
    om_rc rc = load_forms(maf, look->name, chosen, psk, err);
    if (rc == OM_EINTEGRITY && look->verdict == MAF_PSK_FOUND) {
        look->verdict = MAF_PSK_BAD_ROW;
        rc = load_forms(maf, look->name, &maf->decoy13, psk, err);
    }
    se_cache_stats(maf->cache, &after);
    bool first_contact = after.misses != before.misses;
    if (rc == OM_OK && first_contact && !look->has_row)
        rc = maf_imitate_row(maf, look, err);
    if (rc == OM_OK && first_contact && !has_row)
        rc = maf_imitate_row(maf, look, err);
    return rc;
}

static om_rc find_once(struct maf *maf, const char *identity, struct omtls_psk13 *psk, void **peer,
                       struct om_error *err)
{
    struct maf_lookup look;
    OM_TRY(maf_lookup(maf, identity, &look, err));
    om_rc rc = load(maf, &look, psk, err);
    if (rc == OM_OK)
        rc = maf_lookup_end(maf, &look, peer, err);
    if (rc != OM_OK)
        drop(psk);
    return rc;
}

om_rc maf_find_psk13(void *arg, const struct omtls_hello *hello, struct omtls_psk13 *psk, void **peer,
                     struct om_error *err)
{
    struct maf *maf = arg;
    struct maf_retry retry = {0};
    om_rc rc = OM_ETRANSIENT;
    *psk = (struct omtls_psk13){.derived = NULL};
    *peer = NULL;
    while (rc == OM_ETRANSIENT && maf_again(&retry))
        rc = find_once(maf, hello->identity, psk, peer, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "looking up a KmID");
}
