/* MAF Handshake (TS-0003 8.8.2.2), pre-shared keys: from a psk_identity to a key in the token and an
 * authenticated peer.
 *
 * MAF-HS-6: a KmID that is unknown, expired, revoked, malformed or stands in a row that does not verify gets
 * a decoy key, so that the handshake goes on and fails where one with a wrong Km fails. All do the same work:
 * one query and one look into the key cache under the identity's name; on first contact also a row MAC and an
 * unwrap, later neither (the store remembers verified rows, the cache loaded keys). What differs still: the
 * blob of a decoy is as long as that of a 32-octet Km and the row MAC of an unknown KmID runs over made-up
 * columns, so a few hundred octets of one HMAC; a row that does not verify costs its MAC each time. */
#include "maf/certificate.h"
#include "maf/maf_internal.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/text.h"

static const char *const verdict_text[] = {"found",       "unknown",   "expired",      "revoked",
                                           "row-refused", "malformed", "no-tls13-form"};

/* MAF-HS-1, -7: the identity is a KmID of this MAF, or a KeID of a MEF (MEF-FC-1), compared without regard to
 * case. `name` is what to look up; for a malformed identity a text that is no KmID, so that the same query is
 * made. */
static bool fold_identity(const struct maf *maf, const char *identity, char name[M2M_KEY_ID_SIZE])
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    if (m2m_fold(name, M2M_KEY_ID_SIZE, identity, NULL) != OM_OK || name[0] == '\0') {
        memcpy(name, "@", sizeof "@");
        return false;
    }
    return m2m_key_id_split(identity, relative, fqdn, NULL) == OM_OK &&
           (maf_is_name(maf, fqdn) || maf->role == &maf_role_maf);
}

/* What store_credential_get would have asked the token, had there been a row. */
om_rc maf_imitate_row(struct maf *maf, const struct maf_lookup *look, struct om_error *err)
{
    uint8_t mac[SE_MAC_SIZE];
    struct se_part parts[] = {{look->name, strlen(look->name)}, {maf->decoy.octets, maf->decoy.len}};
    return se_row_mac(maf->se, parts, sizeof parts / sizeof parts[0], mac, err);
}

static enum maf_verdict judge(const struct maf *maf, const struct store_credential *r, bool well_formed)
{
    if (!well_formed)
        return MAF_PSK_MALFORMED;
    if (r->state != STORE_CREDENTIAL_ACTIVE)
        return MAF_PSK_REVOKED;
    return maf_expired(r->expires, maf->now()) ? MAF_PSK_EXPIRED : MAF_PSK_FOUND;
}

om_rc maf_lookup(struct maf *maf, const char *identity, struct maf_lookup *look, struct om_error *err)
{
    look->identity = identity;
    look->row.km.len = 0;
    bool well_formed = fold_identity(maf, identity, look->name);
    om_rc rc = store_credential_get(maf->store, look->name, &look->row, err);
    look->has_row = (rc == OM_OK && well_formed) || rc == OM_EINTEGRITY;
    if (rc == OM_ENOTFOUND || rc == OM_EINPUT)
        look->verdict = well_formed ? MAF_PSK_UNKNOWN : MAF_PSK_MALFORMED;
    else if (rc == OM_EINTEGRITY)
        look->verdict = MAF_PSK_BAD_ROW;
    else if (rc == OM_OK)
        look->verdict = judge(maf, &look->row, well_formed);
    else
        return rc;
    return OM_OK;
}

/* Identity of the peer: what the KmID is mapped to, else its Credential-ID (MAF-GEN-2, MAF-KT-8). */
static om_rc describe_peer(const struct maf *maf, const struct store_credential *r, struct maf_peer *p,
                           struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    OM_TRY(m2m_key_id_split(r->kmid, relative, fqdn, err));
    p->kind = maf_is_name(maf, fqdn) ? MAF_CREDENTIAL_KMID : MAF_CREDENTIAL_KEID;
    p->assigned = r->assigned;
    p->remote_expires = p->assigned || p->kind == MAF_CREDENTIAL_KEID ? r->expires : 0;
    OM_TRY(om_copy_text(p->kmid, sizeof p->kmid, r->kmid, err));
    OM_TRY(m2m_credential_id(p->credential_id, maf->role->credential_type, r->kmid, err));
    return m2m_list_add(&p->identities, r->identity[0] != '\0' ? r->identity : p->credential_id, err);
}

static om_rc make_peer(const struct maf *maf, const struct maf_lookup *look, struct maf_peer **out,
                       struct om_error *err)
{
    struct maf_peer *p = calloc(1, sizeof *p);
    if (p == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a peer");
    p->decoy = look->verdict != MAF_PSK_FOUND;
    om_rc rc = p->decoy ? OM_OK : describe_peer(maf, &look->row, p, err);
    if (rc != OM_OK) {
        maf_peer_free(p);
        return rc;
    }
    *out = p;
    return OM_OK;
}

void maf_peer_free(void *peer)
{
    struct maf_peer *p = peer;
    if (p == NULL)
        return;
    m2m_list_free(&p->identities);
    maf_certificate_free(p->certificate);
    free(p);
}

const char *maf_peer_name(const struct maf_peer *peer)
{
    if (peer == NULL)
        return "";
    return peer->certificate != NULL ? peer->certificate->id : peer->kmid;
}

static void record(struct maf *maf, const struct maf_lookup *look)
{
    uint64_t *const counters[] = {&maf->stats.psk_found,   &maf->stats.psk_unknown, &maf->stats.psk_expired,
                                  &maf->stats.psk_revoked, &maf->stats.psk_bad_row, &maf->stats.psk_unknown,
                                  &maf->stats.psk_unknown};
    char shown[OMTLS_IDENTITY_MAX + 1];
    (*counters[look->verdict])++;
    if (look->verdict == MAF_PSK_FOUND)
        return;
    (void)maf_shown(shown, sizeof shown, look->identity);
    if (look->verdict == MAF_PSK_BAD_ROW)
        maf_audit_bad_row(maf, "handshake-refused", "reason=%s identity=\"%s\"", verdict_text[look->verdict],
                          shown);
    else
        maf_audit_refusal(maf, "handshake-refused", "reason=%s identity=\"%s\"", verdict_text[look->verdict],
                          shown);
}

om_rc maf_lookup_end(struct maf *maf, const struct maf_lookup *look, void **peer, struct om_error *err)
{
    struct maf_peer *p = NULL;
    OM_TRY(make_peer(maf, look, &p, err));
    record(maf, look);
    *peer = p;
    return OM_OK;
}

static om_rc load_key(struct maf *maf, struct maf_lookup *look, struct se_key **key, struct om_error *err)
{
    struct se_cache_stats before, after;
    se_cache_stats(maf->cache, &before);
    const struct se_blob *blob = look->verdict == MAF_PSK_FOUND ? &look->row.km : &maf->decoy;
    om_rc rc = se_cache_load(maf->cache, look->name, blob, SE_USE_TLS12_PSK, key, err);
    if (rc == OM_EINTEGRITY && look->verdict == MAF_PSK_FOUND) {
        look->verdict = MAF_PSK_BAD_ROW; /* the row verified, its blob is not this token's */
        rc = se_cache_load(maf->cache, look->name, &maf->decoy, SE_USE_TLS12_PSK, key, err);
    }
    se_cache_stats(maf->cache, &after);
    if (rc == OM_OK && !look->has_row && after.misses != before.misses)
        rc = maf_imitate_row(maf, look, err);
    return rc;
}

static om_rc find_once(struct maf *maf, const char *identity, struct se_key **key, void **peer,
                       struct om_error *err)
{
    struct maf_lookup look;
    OM_TRY(maf_lookup(maf, identity, &look, err));
    om_rc rc = load_key(maf, &look, key, err);
    if (rc == OM_OK)
        rc = maf_lookup_end(maf, &look, peer, err);
    if (rc == OM_OK)
        return OM_OK;
    se_key_unref(*key);
    *key = NULL;
    return rc;
}

om_rc maf_find_psk(void *arg, const struct omtls_hello *hello, struct se_key **key, void **peer,
                   struct om_error *err)
{
    struct maf *maf = arg;
    struct maf_retry retry = {0};
    om_rc rc = OM_ETRANSIENT;
    *key = NULL;
    *peer = NULL;
    while (rc == OM_ETRANSIENT && maf_again(&retry))
        rc = find_once(maf, hello->identity, key, peer, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "looking up a KmID");
}
