/* See mef_session.h. */
#include "daemon/mef_session.h"
#include "tls/client_certificate.h"
#include "util/log.h"

#include <string.h>

/* The MAF is known to a MEF by its FQDN alone, not by an alias. */
static const struct omtls_certificate *own_certificate(const struct service *service)
{
    for (size_t i = 0; i < service->certificates.n; i++)
        for (const char *const *name = service->certificates.each[i].names; *name != NULL; name++)
            if (strcmp(*name, service->names[0]) == 0)
                return &service->certificates.each[i];
    return NULL;
}

om_rc mef_sessions_open(const struct service *service, enum omtls_custody custody, struct mef_sessions *s,
                        struct om_error *err)
{
    const struct omtls_certificate *own = own_certificate(service);
    *s = (struct mef_sessions){.service = service, .custody = custody};
    om_rc rc = omtls_client_ctx(service->libctx, false, &s->psk, err);
    if (rc == OM_OK && own != NULL) {
        s->signer = own->signer;
        rc = omtls_client_certificate_ctx(service->libctx, false, false, own, &s->certificate, err);
    }
    if (rc != OM_OK)
        mef_sessions_close(s);
    return rc;
}

void mef_sessions_close(struct mef_sessions *s)
{
    SSL_CTX_free(s->psk);
    SSL_CTX_free(s->certificate);
    memset(s, 0, sizeof *s);
}

/* --- one session --- */

static om_rc on_chain(void *arg, X509 *leaf, const STACK_OF(X509) * sent)
{
    struct mef_session *s = arg;
    const struct service *service = s->all->service;
    om_rc rc = maf_remote_judge(service->maf, s->what, leaf, sent, service->mef_crls, &s->why);
    s->refused = rc != OM_OK;
    return rc;
}

static om_rc by_certificate(struct mef_session *s, SSL *ssl, struct om_error *err)
{
    const struct omtls_server_check check = {.check = on_chain, .arg = s};
    return omtls_client_certificate(ssl, s->what->mef.fqdn, s->all->signer, s->all->custody, &check, err);
}

static om_rc by_kpmid(const struct mef_session *s, SSL *ssl, struct om_error *err)
{
    const struct store_mef *mef = &s->what->mef;
    struct se_key *kpm = NULL;
    OM_TRY(se_load(s->all->service->se, &mef->kpm, SE_USE_TLS12_PSK, &kpm, err));
    om_rc rc = omtls_client_psk(ssl, mef->fqdn, mef->kpmid, kpm, s->all->custody, err);
    se_key_unref(kpm);
    return rc;
}

om_rc mef_session_new(struct mef_session *s, SSL **out, struct om_error *err)
{
    s->refused = false;
    bool certificate = s->what->mef.kpmid[0] == '\0';
    if (certificate && s->all->certificate == NULL)
        return om_fail(err, OM_ECONFIG, "this MAF has no certificate for %s to show to MEF %s",
                       s->all->service->names[0], s->what->mef.fqdn);
    SSL *ssl = SSL_new(certificate ? s->all->certificate : s->all->psk);
    if (ssl == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a TLS session");
    om_rc rc = certificate ? by_certificate(s, ssl, err) : by_kpmid(s, ssl, err);
    if (rc != OM_OK) {
        SSL_free(ssl);
        return rc;
    }
    *out = ssl;
    return OM_OK;
}
