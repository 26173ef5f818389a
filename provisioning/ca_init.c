/* Making the certification authorities: see ca.h. */
#include "provisioning/ca.h"
#include "provisioning/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const ca_authority_names[CA_AUTHORITIES] = {"maf", "entity", "node"};

const char *ca_authority_of(enum pki_flavour flavour)
{
    return flavour == PKI_FQDN ? "maf" : flavour == PKI_AE || flavour == PKI_CSE ? "entity" : "node";
}

om_rc ca_certificate(const struct ca *ca, const char *authority, X509 **out, struct om_error *err)
{
    struct store_authority row = {.cert = NULL};
    *out = NULL;
    om_rc rc = store_authority_get(ca->store, authority, &row, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, OM_ENOTFOUND,
                       "there is no certification authority '%s' here; the command 'ca init' makes it",
                       authority);
    if (rc != OM_OK)
        return rc;
    const unsigned char *at = row.cert;
    *out = d2i_X509(NULL, &at, (long)row.cert_len);
    store_authority_free(&row);
    return *out != NULL ? OM_OK : pki_fail(err, "cannot read an authority's certificate");
}

/* "maf.example.com entity CA"; a name too long for a CN loses its end. */
static void common_name(const struct ca *ca, const char *authority, char out[65])
{
    (void)snprintf(out, 65, "%.50s %s CA", ca->maf_names[0], authority);
}

static om_rc copy_der(X509 *cert, struct store_authority *row, struct om_error *err)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    if (n <= 0 || der == NULL)
        return pki_fail(err, "cannot encode a certificate");
    row->cert = malloc((size_t)n);
    if (row->cert != NULL)
        memcpy(row->cert, der, (size_t)n);
    OPENSSL_free(der);
    row->cert_len = (size_t)n;
    return row->cert != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a certificate");
}

static om_rc to_row(X509 *cert, const struct ca_init *what, const char *authority,
                    struct store_authority *row, struct om_error *err)
{
    (void)snprintf(row->name, sizeof row->name, "%s", authority);
    row->created = (int64_t)time(NULL);
    if (what->crl_uri != NULL) {
        int n = snprintf(row->crl_uri, sizeof row->crl_uri, "%s/%s.crl", what->crl_uri, authority);
        if (n < 0 || (size_t)n >= sizeof row->crl_uri)
            return om_fail(err, OM_EINPUT, "the CRL's URI is longer than %d octets", STORE_URI_SIZE - 16);
    }
    return copy_der(cert, row, err);
}

static om_rc make_certificate(const struct ca *ca, const struct ca_init *what, const char *authority,
                              const struct m2m_list *maf_names, X509 **out, struct om_error *err)
{
    char cn[65];
    common_name(ca, authority, cn);
    struct certificate_ca of = {.common_name = cn};
    if (strcmp(authority, "maf") == 0) {
        of.dns = of.uri = maf_names;
    } else if (strcmp(authority, "entity") == 0) {
        of.dns = of.uri = what->domains;
    } else { /* a Node-ID is a URI without a host, which URI constraints would refuse (RFC 5280, 4.2.1.10) */
        of.no_dns = true;
    }
    of.frame.libctx = ca->libctx;
    of.frame.from = (int64_t)time(NULL) - CERTIFICATE_BACKDATE;
    of.frame.until = what->until;
    OM_TRY(se_random(ca->se, of.frame.serial, sizeof of.frame.serial, err));
    OM_TRY(ca_key(ca, authority, true, &of.frame.signer, err));
    om_rc rc = certificate_make_ca(&of, out, err);
    EVP_PKEY_free(of.frame.signer);
    return rc;
}

static om_rc make(const struct ca *ca, const struct ca_init *what, const char *authority,
                  const struct m2m_list *maf_names, struct om_error *err)
{
    X509 *cert = NULL;
    struct store_authority row = {.cert = NULL};
    om_rc rc = make_certificate(ca, what, authority, maf_names, &cert, err);
    if (rc == OM_OK)
        rc = to_row(cert, what, authority, &row, err);
    if (rc == OM_OK)
        rc = store_authority_create(ca->store, &row, err);
    store_authority_free(&row);
    X509_free(cert);
    return rc;
}

static om_rc check(const struct ca_init *what, struct om_error *err)
{
    if (what->domains->n == 0)
        return om_fail(err, OM_EINPUT, "no domain given: names of AEs and CSEs would not be limited");
    for (size_t i = 0; i < what->domains->n; i++)
        if (!m2m_is_fqdn(what->domains->items[i]))
            return om_fail(err, OM_EINPUT, "'%.80s' is not an FQDN in lower case", what->domains->items[i]);
    if (what->until <= (int64_t)time(NULL))
        return om_fail(err, OM_EINPUT, "an authority that has expired already is of no use");
    if (what->crl_uri != NULL &&
        (strncmp(what->crl_uri, "http://", 7) != 0 || strpbrk(what->crl_uri, " \t\r\n") != NULL))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an http: URI, by which CRLs are fetched",
                       what->crl_uri);
    return OM_OK;
}

om_rc ca_init(const struct ca *ca, const struct ca_init *what, struct om_error *err)
{
    struct m2m_list maf_names = M2M_LIST_INIT;
    size_t made = 0;
    OM_TRY(check(what, err));
    om_rc rc = OM_OK;
    for (const char *const *name = ca->maf_names; rc == OM_OK && *name != NULL; name++)
        rc = m2m_list_add(&maf_names, *name, err);
    for (size_t i = 0; rc == OM_OK && i < CA_AUTHORITIES; i++) {
        struct store_authority row = {.cert = NULL};
        rc = store_authority_get(ca->store, ca_authority_names[i], &row, err);
        store_authority_free(&row);
        if (rc == OM_ENOTFOUND) {
            rc = make(ca, what, ca_authority_names[i], &maf_names, err);
            made++;
        }
    }
    m2m_list_free(&maf_names);
    if (rc == OM_OK && made == 0)
        return om_fail(err, OM_ECONFLICT, "this MAF has its certification authorities already");
    return rc;
}
