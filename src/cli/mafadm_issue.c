/* mafadm cert issue: for a signing request, or for a key of the MAF in the token. */
#include "cli/mafadm.h"
#include "se/signer.h"
#include "util/file.h"
#include "util/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

om_rc adm_cse_name(const char *id, char out[M2M_ID_SIZE], struct om_error *err)
{
    const char *slash = strchr(id + 2, '/');
    if (!m2m_is_absolute_id(id) || strchr(slash + 1, '/') != NULL)
        return om_fail(err, OM_EINPUT, "'%.80s' is not an Absolute CSE-ID such as //sp.example/cse1", id);
    (void)snprintf(out, M2M_ID_SIZE, "%s.%.*s", slash + 1, (int)(slash - id - 2), id + 2);
    return OM_OK;
}

static om_rc name_of(const struct adm_args *args, const struct adm *adm, struct pki_name *out,
                     struct om_error *err)
{
    enum pki_flavour flavour = PKI_FQDN;
    char dns[M2M_ID_SIZE];
    const char *text = args->name;
    OM_TRY(pki_flavour_parse(args->flavour, &flavour, err));
    if (text == NULL && flavour == PKI_FQDN)
        text = adm->cfg.fqdn;
    if (text == NULL)
        return om_fail(err, OM_EINPUT, "--name is needed: whose certificate it is to be");
    if (flavour == PKI_CSE && strncmp(text, "//", 2) == 0) {
        OM_TRY(adm_cse_name(text, dns, err));
        text = dns;
    }
    return pki_name_set(out, flavour, text, err);
}

static om_rc issue(const struct adm_args *args, const struct ca *ca, struct ca_issue *what,
                   struct store_issued *made, struct om_error *err)
{
    OM_TRY(ca_issue(ca, what, made, err));
    om_audit("certificate-issued", "serial=%s flavour=%s name=%s", made->serial, args->flavour, made->name);
    om_rc rc = adm_hand_out(args, made, err);
    if (rc == OM_OK)
        (void)fprintf(stderr, "%s: certificate %s for %s\n", adm_program.kind->admin, made->serial,
                      made->name);
    else
        (void)om_context(err, rc, "certificate %s is issued; 'cert show' gives it", made->serial);
    if (rc != OM_OK)
        store_issued_free(made);
    return rc;
}

/* For the key of a signing request. */
static om_rc issue_request(const struct adm_args *args, const struct ca *ca, const struct ca_issue *what,
                           struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    struct pki_request request;
    struct store_issued made;
    OM_TRY(om_file_read(args->csr, PKI_REQUEST_MAX, &text, err));
    om_rc rc = pki_request_read(text.octets, text.len, &request, err);
    om_secret_free(&text);
    if (rc != OM_OK)
        return om_context(err, rc, "%s", args->csr);
    struct ca_issue with = *what;
    with.request = &request;
    rc = issue(args, ca, &with, &made, err);
    if (rc == OM_OK)
        store_issued_free(&made);
    pki_request_free(&request);
    return rc;
}

/* For a key in the token, made if it is not there; the certificate is put beside it, where mafd finds both.
 */
static om_rc issue_token_key(const struct adm_args *args, const struct ca *ca, struct ca_issue *what,
                             struct om_error *err)
{
    struct se_signer *signer = NULL;
    struct store_issued made;
    om_rc rc = se_signer_find(ca->se, args->key, &signer, err);
    if (rc == OM_ENOTFOUND)
        rc = se_signer_make(ca->se, args->key, &signer, err);
    if (rc == OM_OK)
        rc = omtls_signing_key(ca->libctx, signer, &what->key, err);
    se_signer_unref(signer);
    if (rc == OM_OK)
        rc = issue(args, ca, what, &made, err);
    EVP_PKEY_free(what->key);
    if (rc != OM_OK)
        return rc;
    rc = se_certificate_write(ca->se, args->key, made.cert, made.cert_len, err);
    if (rc != OM_OK)
        rc = om_context(err, rc, "certificate %s is issued, but not in the token", made.serial);
    store_issued_free(&made);
    return rc;
}

static om_rc issue_for(const struct adm_args *args, const struct adm *adm, struct om_error *err)
{
    struct adm_ca ca;
    struct pki_name name = {.text = ""};
    struct ca_issue what = {.name = &name, .until = (int64_t)time(NULL) + CA_CERT_LIFETIME};
    OM_TRY(name_of(args, adm, &name, err));
    if (args->key != NULL && name.flavour != PKI_FQDN)
        return om_fail(err, OM_EINPUT,
                       "--key is for the MAF's own certificate; a client makes its key itself");
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &what.until, err));
    OM_TRY(adm_ca_open(adm, &ca, err));
    om_rc rc = args->csr != NULL ? issue_request(args, &ca.ca, &what, err)
                                 : issue_token_key(args, &ca.ca, &what, err);
    adm_ca_close(&ca);
    return rc;
}

om_rc adm_cert_issue(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    if ((args->csr != NULL) == (args->key != NULL))
        return om_fail(err, OM_EINPUT, "give either --csr FILE or, for the MAF's own key, --key NAME");
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = issue_for(args, &adm, err);
    adm_close(&adm);
    return rc;
}
