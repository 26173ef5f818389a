/* What client certificates are held against: the trust anchors that each client's row names, and the CRLs. */
#include "maf/certificate.h"
#include "maf/maf_internal.h"
#include "pki/leaf.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static om_rc load_anchor(struct maf *maf, const char *id, X509 **out, struct om_error *err)
{
    struct maf_certificates *c = maf->certificates;
    struct store_anchor anchor;
    for (size_t i = 0; i < MAF_ANCHORS_KEPT; i++) {
        if (c->anchors[i].cert != NULL && strcmp(c->anchors[i].id, id) == 0) {
            *out = c->anchors[i].cert;
            return OM_OK;
        }
    }
    OM_TRY(store_anchor_get(maf->store, id, &anchor, err));
    const unsigned char *at = anchor.cert;
    X509 *cert = d2i_X509(NULL, &at, (long)anchor.len);
    if (cert == NULL)
        return om_fail(err, OM_EINTEGRITY, "trust anchor %s is no certificate", id);
    size_t i = c->next_anchor;
    c->next_anchor = (i + 1) % MAF_ANCHORS_KEPT;
    X509_free(c->anchors[i].cert);
    memcpy(c->anchors[i].id, anchor.id, sizeof anchor.id);
    c->anchors[i].cert = cert;
    *out = cert;
    return OM_OK;
}

om_rc maf_load_anchors(struct maf *maf, const struct m2m_list *ids, STACK_OF(X509) * out,
                       struct om_error *err)
{
    if (out == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    for (size_t i = 0; i < ids->n; i++) {
        X509 *anchor = NULL;
        OM_TRY(load_anchor(maf, ids->items[i], &anchor, err));
        if (X509_up_ref(anchor) != 1 || sk_X509_push(out, anchor) <= 0)
            return om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    }
    return OM_OK;
}

om_rc maf_certificate_id(const struct pki_name *name, char out[M2M_ID_SIZE], struct om_error *err)
{
    if (name->flavour != PKI_FQDN)
        return pki_name_credential_id(name, out, err);
    int n = snprintf(out, M2M_ID_SIZE, MAF_CERTIFICATE_FQDN "%s", name->text);
    return n > 0 && n < M2M_ID_SIZE ? OM_OK : om_fail(err, OM_EINPUT, "the name is too long");
}

/* TS-0003 8.1.2.2: names of which kind the CAs must limit, by the flavour that a row's name begins with. */
static int constrained(const struct maf_certificates *c, const char *id, X509 *leaf)
{
    const size_t fqdn = strlen(MAF_CERTIFICATE_FQDN);
    if (!c->name_constraints)
        return -1;
    if (strncmp(id, MAF_CERTIFICATE_FQDN, fqdn) == 0)
        return pki_leaf_fqdn_kind(leaf, id + fqdn);
    return strncmp(id, "32-", 3) == 0 ? GEN_DNS : strncmp(id, "33-", 3) == 0 ? GEN_URI : -1;
}

om_rc maf_certificate_path(struct maf *maf, const struct maf_certificate *c,
                           const struct store_certificate *row, enum pki_fault *fault, struct om_error *err)
{
    STACK_OF(X509) *anchors = sk_X509_new_null();
    struct pki_trust trust = {.anchors = anchors,
                              .crls = maf->certificates->crls,
                              .every_crl = maf->certificates->every_crl,
                              .constrained = constrained(maf->certificates, row->id, c->leaf),
                              .now = maf->now()};
    *fault = PKI_GOOD;
    om_rc rc = maf_load_anchors(maf, &row->anchors, anchors, err);
    if (rc == OM_OK)
        rc = pki_path_verify(c->leaf, c->sent, &trust, fault, err);
    sk_X509_pop_free(anchors, X509_free);
    return rc;
}

void maf_certificates_free(struct maf_certificates *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < MAF_ANCHORS_KEPT; i++)
        X509_free(c->anchors[i].cert);
    sk_X509_CRL_pop_free(c->crls, X509_CRL_free);
    free(c);
}

void maf_set_crls(struct maf *maf, STACK_OF(X509_CRL) * crls)
{
    sk_X509_CRL_pop_free(maf->certificates->crls, X509_CRL_free);
    maf->certificates->crls = crls;
    maf->certificates->crls_generation++;
}
