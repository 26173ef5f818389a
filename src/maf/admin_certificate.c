/* The operator's side, clients by certificate: see admin_certificate.h. */
#include "maf/admin_certificate.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "maf/certificate.h"
#include "pki/key_identifier.h"
#include "pki/profile.h"
#include "store/mef.h"
#include "tls/tls.h"
#include "util/log.h"
#include "util/text.h"

#include <openssl/opensslv.h>

/* --- what is said of the client --- */

static om_rc check_identities(const struct maf_admin_certificate *client, struct om_error *err)
{
    const struct maf_role *role = client->role != NULL ? client->role : &maf_role_maf;
    const struct m2m_list *ids = client->identities;
    enum pki_flavour flavour = client->name != NULL ? client->name->flavour : PKI_NODE;
    if (flavour == PKI_FQDN && !role->is_client_id(client->name->text))
        return om_fail(err, OM_EINPUT, "FQDN certificates are for MAFs and MEFs, not for clients");
    if (ids->n == 0)
        return om_fail(err, OM_EINPUT, "a client needs an identity: its Absolute AE-ID or CSE-ID");
    for (size_t i = 0; i < ids->n; i++)
        if (!role->is_client_id(ids->items[i]))
            return om_fail(err, OM_EINPUT, "'%.80s' is not an identity that a client of a %s can have",
                           ids->items[i], role->what);
    if ((flavour == PKI_AE || flavour == PKI_FQDN) &&
        (ids->n != 1 || strcmp(ids->items[0], client->name->text) != 0))
        return om_fail(err, OM_EINPUT, "with %s certificate for %s the client is that %s and nobody else",
                       flavour == PKI_AE ? "an AE-ID" : "a FQDN", client->name->text,
                       flavour == PKI_AE ? "AE" : "MAF");
    if (flavour == PKI_CSE && ids->n != 1)
        return om_fail(err, OM_EINPUT, "with a CSE-ID certificate the client is one CSE");
    return OM_OK;
}

static om_rc check_raw_keys(struct om_error *err)
{
    if (OPENSSL_VERSION_NUMBER < OMTLS_RAW_KEYS_VERSION)
        return om_fail(err, OM_EUNSUPPORTED, "raw public keys (RFC 7250) need OpenSSL 3.2; this is %s",
                       OpenSSL_version(OPENSSL_VERSION_STRING));
    return OM_OK;
}

static om_rc set_name(const struct maf_admin_certificate *client, struct store_certificate *r,
                      struct om_error *err)
{
    char key[PKI_KEY_IDENTIFIER_SIZE] = "";
    if (client->key != NULL)
        OM_TRY(pki_key_identifier_parse(client->key, key, err));
    OM_TRY(om_copy_text(r->key, sizeof r->key, key, err));
    if (client->name != NULL)
        return maf_certificate_id(client->name, r->id, err);
    OM_TRY(check_raw_keys(err));
    if (client->key == NULL)
        return om_fail(err, OM_EINPUT, "a raw public key is named by its identifier");
    (void)stpcpy(stpcpy(r->id, "30-"), key);
    return OM_OK;
}

/* --- trust anchors --- */

static om_rc check_anchor(X509 *cert, struct om_error *err)
{
    uint32_t flags = X509_get_extension_flags(cert);
    OM_TRY(pki_profile_key(X509_get_X509_PUBKEY(cert), err));
    if ((flags & EXFLAG_INVALID) != 0 || (flags & EXFLAG_CA) == 0 ||
        ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) == 0))
        return om_fail(err, OM_EINPUT, "it is no CA certificate");
    return OM_OK;
}

static om_rc store_anchor(struct store *store, X509 *cert, struct m2m_list *ids, struct om_error *err)
{
    unsigned char *der = NULL;
    char id[STORE_ANCHOR_ID_SIZE];
    int n = i2d_X509(cert, &der);
    om_rc rc = n > 0 ? store_anchor_put(store, der, (size_t)n, id, err)
                     : om_fail(err, OM_EINPUT, "it cannot be encoded");
    OPENSSL_free(der);
    return rc == OM_OK && !m2m_list_has(ids, id) ? m2m_list_add(ids, id, err) : rc;
}

om_rc maf_admin_anchors(struct store *store, const STACK_OF(X509) * anchors, struct m2m_list *ids,
                        struct om_error *err)
{
    int n = anchors != NULL ? sk_X509_num(anchors) : 0;
    if (n < 1 || n > STORE_ANCHORS_OF)
        return om_fail(err, OM_EINPUT, "1 to %d trust anchors are needed", STORE_ANCHORS_OF);
    for (int i = 0; i < n; i++) {
        om_rc rc = check_anchor(sk_X509_value(anchors, i), err);
        if (rc == OM_OK)
            rc = store_anchor(store, sk_X509_value(anchors, i), ids, err);
        if (rc != OM_OK)
            return om_context(err, rc == OM_EDENIED ? OM_EINPUT : rc, "trust anchor %d", i + 1);
    }
    return OM_OK;
}

static om_rc store_anchors(struct store *store, const struct maf_admin_certificate *client,
                           struct store_certificate *r, struct om_error *err)
{
    if (client->name != NULL)
        return maf_admin_anchors(store, client->anchors, &r->anchors, err);
    return client->anchors == NULL || sk_X509_num(client->anchors) == 0
               ? OM_OK
               : om_fail(err, OM_EINPUT, "a raw public key has no trust anchors");
}

/* --- adding and revoking --- */

static om_rc permit(struct store *store, const struct store_certificate *r, struct om_error *err)
{
    for (size_t i = 0; i < r->identities.n; i++) {
        om_rc rc = store_permit_check(store, r->identities.items[i], r->admin_fqdn, err);
        if (rc == OM_ENOTFOUND)
            rc = store_permit_put(store, r->identities.items[i], r->admin_fqdn, err);
        OM_TRY(rc);
    }
    return OM_OK;
}

static om_rc store_client(struct store *store, const struct maf_admin_certificate *client,
                          struct store_certificate *r, struct om_error *err)
{
    struct store_stakeholder admin = {0};
    om_rc rc = store_stakeholder_get(store, r->admin_fqdn, &admin, err);
    store_stakeholder_free(&admin);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no stakeholder %s", r->admin_fqdn);
    OM_TRY(rc);
    OM_TRY(store_anchors(store, client, r, err));
    OM_TRY(store_certificate_create(store, r, err));
    return permit(store, r, err);
}

static om_rc prepare(const struct maf_admin_certificate *client, struct store_certificate *r,
                     struct om_error *err)
{
    OM_TRY(check_identities(client, err));
    OM_TRY(set_name(client, r, err));
    if (m2m_fold(r->admin_fqdn, sizeof r->admin_fqdn, client->admin_fqdn, NULL) != OM_OK ||
        !m2m_is_fqdn(r->admin_fqdn))
        return om_fail(err, OM_EINPUT, "%s is not an FQDN", client->admin_fqdn);
    if (client->expires != 0 && client->expires <= r->created)
        return om_fail(err, OM_EINPUT, "the expiry is in the past");
    r->expires = client->expires;
    return m2m_list_copy(&r->identities, client->identities, err);
}

om_rc maf_admin_certificate_add(struct store *store, const struct maf_admin_certificate *client,
                                char id[M2M_ID_SIZE], struct om_error *err)
{
    struct store_certificate r = {.state = STORE_CREDENTIAL_ACTIVE, .created = (int64_t)time(NULL)};
    om_rc rc = prepare(client, &r, err);
    if (rc == OM_OK)
        rc = store_begin(store, err);
    if (rc == OM_OK)
        rc = store_end(store, store_client(store, client, &r, err), err);
    if (rc == OM_OK) {
        memcpy(id, r.id, sizeof r.id);
        om_audit("client-added", "certificate=%s client=%s%s admin=%s", r.id, r.identities.items[0],
                 r.identities.n > 1 ? ",..." : "", r.admin_fqdn);
    }
    store_certificate_free(&r);
    return rc;
}

static om_rc revoke(struct store *store, const char *id, struct om_error *err)
{
    struct store_certificate r;
    size_t enrolments = 0;
    om_rc rc = store_certificate_get(store, id, &r, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no client by certificate %s", id);
    OM_TRY(rc);
    r.state = STORE_CREDENTIAL_REVOKED;
    rc = store_enrolment_delete_of(store, id, &enrolments, err); /* keys that follow from it go too */
    if (rc == OM_OK)
        rc = store_certificate_update(store, &r, err);
    store_certificate_free(&r);
    return rc;
}

om_rc maf_admin_certificate_revoke(struct store *store, const char *id, struct om_error *err)
{
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, revoke(store, id, err), err));
    om_audit("client-revoked", "certificate=%s", id);
    return OM_OK;
}
