/* MAF Handshake (TS-0003 8.8.2.2) with certificates: from what a client presents to an authenticated peer.
 *
 * MAF-HS-4, in the order of TS-0003 8.1.2.4 and 8.1.2.5: the profile of the certificate, then the name in it,
 * which must be that of a client exactly, then the path to the anchors that are assigned to this client. All
 * refusals end the handshake alike; the audit trail tells them apart. */
#include "maf/certificate.h"
#include "maf/maf_internal.h"
#include "pki/key_identifier.h"
#include "pki/leaf.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAW_KEY "30-" /* Credential-ID type of a raw public key */

/* A client certificate under examination. */
struct examination {
    struct maf *maf;
    const struct omtls_client_certificate *presented;
    struct pki_names names;
    struct store_certificate row;
    bool has_row;
    char id[M2M_ID_SIZE]; /* the first name, or the row's */
    const char *reason;   /* why it is refused: one word */
};

static om_rc refuse(struct examination *e, const char *reason, struct om_error *err, const char *why)
{
    e->reason = reason;
    return om_fail(err, OM_EDENIED, "%s", why);
}

/* --- whose it is --- */

/* The row of one name. *found: it is there. A second one makes the certificate nobody's. */
static om_rc look_up(struct examination *e, const char *id, struct om_error *err)
{
    struct store_certificate row;
    om_rc rc = store_certificate_get(e->maf->store, id, &row, err);
    if (rc == OM_ENOTFOUND)
        return OM_OK;
    if (rc == OM_EINTEGRITY) {
        e->reason = "row-refused";
        return om_context(err, OM_EDENIED, "the row does not verify");
    }
    OM_TRY(rc);
    if (e->has_row) {
        store_certificate_free(&row);
        return refuse(e, "ambiguous", err, "it has the names of two clients");
    }
    e->row = row;
    e->has_row = true;
    return om_copy_text(e->id, sizeof e->id, id, err);
}

static om_rc find_by_name(struct examination *e, struct om_error *err)
{
    for (size_t i = 0; i < e->names.n; i++) {
        const struct pki_name *name = &e->names.each[i];
        char id[M2M_ID_SIZE];
        if (name->flavour == PKI_FQDN && !e->maf->role->is_client_id(name->text))
            continue; /* a MAF is no client here */
        if (maf_certificate_id(name, id, NULL) != OM_OK)
            continue; /* longer than any row's */
        if (e->id[0] == '\0')
            memcpy(e->id, id, sizeof id);
        OM_TRY(look_up(e, id, err));
    }
    return e->has_row ? OM_OK : refuse(e, "unknown", err, "no client has a name of it");
}

static om_rc find_by_raw_key(struct examination *e, const void *spki, size_t n, struct om_error *err)
{
    for (int hash = 0; hash < PKI_KEY_HASHES; hash++) {
        char id[sizeof RAW_KEY + PKI_KEY_IDENTIFIER_SIZE] = RAW_KEY;
        OM_TRY(pki_key_identifier(spki, n, (enum pki_key_hash)hash, id + sizeof RAW_KEY - 1, err));
        if (e->id[0] == '\0')
            OM_TRY(om_copy_text(e->id, sizeof e->id, id, err));
        OM_TRY(look_up(e, id, err));
    }
    return e->has_row ? OM_OK : refuse(e, "unknown", err, "no client has this raw public key");
}

static om_rc check_row(struct examination *e, const void *spki, size_t n, struct om_error *err)
{
    if (e->row.state != STORE_CREDENTIAL_ACTIVE)
        return refuse(e, "client-revoked", err, "the client was revoked");
    if (maf_expired(e->row.expires, e->maf->now()))
        return refuse(e, "client-expired", err, "the client has expired");
    if (e->row.key[0] != '\0' && !pki_key_identifier_is(e->row.key, spki, n))
        return refuse(e, "fingerprint", err, "its key is not the one that the client must have");
    return OM_OK;
}

/* --- the peer --- */

void maf_certificate_free(struct maf_certificate *c)
{
    if (c == NULL)
        return;
    X509_free(c->leaf);
    sk_X509_pop_free(c->sent, X509_free);
    free(c);
}

static om_rc keep_certificate(struct examination *e, struct maf_certificate *c, struct om_error *err)
{
    memcpy(c->id, e->row.id, sizeof c->id);
    c->row_created = e->row.created;
    c->checked = e->maf->now();
    c->crls = e->maf->certificates->crls_generation;
    if (e->presented->leaf == NULL)
        return OM_OK;
    if (X509_up_ref(e->presented->leaf) != 1)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    c->leaf = e->presented->leaf;
    c->sent = e->presented->chain != NULL ? X509_chain_up_ref(e->presented->chain) : sk_X509_new_null();
    return c->sent != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for certificates");
}

/* MAF-GEN-2, MAF-KT-8: what the row says that the client may be, else its Credential-ID. A CSE-ID certificate
 * has a DNS name in it; its Credential-ID has the CSE-ID that the row maps it to. */
static om_rc describe_peer(const struct examination *e, struct maf_peer *p, struct om_error *err)
{
    const struct m2m_list *identities = &e->row.identities;
    p->kind = MAF_CREDENTIAL_CERTIFICATE;
    if (strncmp(e->row.id, "32-", 3) == 0 && identities->n > 0)
        OM_TRY(m2m_credential_id(p->credential_id, 32, identities->items[0], err));
    else
        OM_TRY(om_copy_text(p->credential_id, sizeof p->credential_id, e->row.id, err));
    return identities->n > 0 ? m2m_list_copy(&p->identities, identities, err)
                             : m2m_list_add(&p->identities, p->credential_id, err);
}

static om_rc make_peer(struct examination *e, struct maf_peer **out, struct om_error *err)
{
    struct maf_peer *p = calloc(1, sizeof *p);
    if (p == NULL || (p->certificate = calloc(1, sizeof *p->certificate)) == NULL) {
        free(p);
        return om_fail(err, OM_ENOMEM, "no memory for a peer");
    }
    om_rc rc = describe_peer(e, p, err);
    if (rc == OM_OK)
        rc = keep_certificate(e, p->certificate, err);
    if (rc != OM_OK) {
        maf_peer_free(p);
        return rc;
    }
    *out = p;
    return OM_OK;
}

/* --- the examination --- */

/* *fault, which the call that made rc has set, is the reason. */
static om_rc note_fault(struct examination *e, om_rc rc, const enum pki_fault *fault)
{
    if (rc == OM_EDENIED)
        e->reason = pki_fault_text(*fault);
    return rc;
}

static om_rc ask_role(struct examination *e, const struct maf_certificate *c, struct om_error *err)
{
    const struct maf_role *role = e->maf->role;
    om_rc rc = role->certificate != NULL ? role->certificate(e->maf, c, err) : OM_OK;
    if (rc == OM_EDENIED)
        e->reason = "not-the-latest";
    if (rc != OM_EINTEGRITY)
        return rc;
    e->reason = "row-refused";
    return om_context(err, OM_EDENIED, "a record of the certificate");
}

static om_rc examine_certificate(struct examination *e, const void *spki, size_t n, struct om_error *err)
{
    X509 *leaf = e->presented->leaf;
    enum pki_fault fault = PKI_GOOD;
    /* For the audit trail, whatever fails first. */
    if (pki_leaf_names(leaf, &e->names, &fault, NULL) != OM_OK ||
        maf_certificate_id(&e->names.each[0], e->id, NULL) != OM_OK)
        e->id[0] = '\0';
    OM_TRY(note_fault(e, pki_leaf_check(leaf, &fault, err), &fault));
    OM_TRY(note_fault(e, pki_leaf_names(leaf, &e->names, &fault, err), &fault));
    OM_TRY(find_by_name(e, err));
    OM_TRY(check_row(e, spki, n, err));
    struct maf_certificate c = {.leaf = leaf, .sent = e->presented->chain};
    memcpy(c.id, e->row.id, sizeof c.id);
    om_rc rc = maf_certificate_path(e->maf, &c, &e->row, &fault, err);
    if (rc == OM_EINTEGRITY || rc == OM_ENOTFOUND) {
        e->reason = "row-refused";
        return om_context(err, OM_EDENIED, "a trust anchor of the client");
    }
    OM_TRY(note_fault(e, rc, &fault));
    return ask_role(e, &c, err);
}

static om_rc examine(struct examination *e, struct maf_peer **out, struct om_error *err)
{
    unsigned char *spki = NULL;
    int n = e->presented->leaf != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(e->presented->leaf), &spki)
                                       : i2d_PUBKEY(e->presented->raw_key, &spki);
    if (n <= 0)
        return refuse(e, pki_fault_text(PKI_FAULT_KEY), err, "its public key cannot be read");
    om_rc rc = OM_OK;
    if (e->presented->leaf != NULL) {
        rc = examine_certificate(e, spki, (size_t)n, err);
    } else {
        rc = find_by_raw_key(e, spki, (size_t)n, err);
        if (rc == OM_OK)
            rc = check_row(e, spki, (size_t)n, err);
    }
    OPENSSL_free(spki);
    return rc == OM_OK ? make_peer(e, out, err) : rc;
}

/* Which certificate it was, for whoever wants to find it: SHA-256 over its DER form. */
static void fingerprint(const struct examination *e, char out[2 * SHA256_DIGEST_LENGTH + 1])
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    unsigned n = 0;
    (void)stpcpy(out, "-");
    if (e->presented->leaf != NULL && X509_digest(e->presented->leaf, EVP_sha256(), hash, &n) == 1)
        om_hex_lower(out, hash, sizeof hash);
}

static void record(struct examination *e, om_rc rc, const struct om_error *err)
{
    char shown[M2M_ID_SIZE], hash[2 * SHA256_DIGEST_LENGTH + 1];
    if (rc == OM_OK)
        e->maf->stats.certificates_found++;
    if (rc != OM_EDENIED)
        return;
    e->maf->stats.certificates_refused++;
    fingerprint(e, hash);
    maf_audit_refusal(e->maf, "handshake-refused",
                      "reason=certificate-%s name=\"%s\" certificate=%s why=\"%s\"", e->reason,
                      maf_shown(shown, sizeof shown, e->id), hash, om_error_text(err, rc));
}

om_rc maf_find_certificate(void *arg, const struct omtls_hello *hello,
                           const struct omtls_client_certificate *presented, void **peer,
                           struct om_error *err)
{
    struct om_error local = {.rc = OM_OK};
    struct maf_retry retry = {0};
    struct maf_peer *p = NULL;
    om_rc rc = OM_ETRANSIENT;
    (void)hello;
    *peer = NULL;
    while (rc == OM_ETRANSIENT && maf_again(&retry)) {
        struct examination e = {.maf = arg, .presented = presented, .reason = "form"};
        rc = examine(&e, &p, &local);
        record(&e, rc, &local);
        if (e.has_row)
            store_certificate_free(&e.row);
    }
    ERR_clear_error();
    *peer = p;
    return rc == OM_OK ? OM_OK : om_fail(err, rc, "client certificate: %s", om_error_text(&local, rc));
}
