/* simpleenroll and simplereenroll (RFC 7030 section 4.2; TS-0003 8.3.6): from a signing request to a
 * certificate. The checks stand in the order of the request's parts: HTTP, form, possession, channel,
 * identity, what it replaces, how many. */
#include "est/est_internal.h"

#include "util/log.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

#define CERTS_ONLY "application/pkcs7-mime; smime-type=certs-only"

struct work {
    bool again; /* simplereenroll */
    struct pki_request request;
    char challenge[PKI_CHALLENGE_SIZE];
    const struct est_name *name;
    char key[2 * PKI_FINGERPRINT_SIZE + 1];
    int64_t now;
    /* What was issued to the name before. */
    int64_t latest;              /* creation of the newest that was used; 0: none */
    size_t of_today;             /* certificates of the last day */
    struct store_issued newest;  /* that is neither revoked nor expired; serial "": none */
    struct store_issued pending; /* the newest for this very key, of the last day, that was not used yet */
    struct store_issued made;
};

static void work_free(struct work *w)
{
    pki_request_free(&w->request);
    store_issued_free(&w->newest);
    store_issued_free(&w->pending);
    store_issued_free(&w->made);
}

static om_rc read_request(struct est_call *c, struct work *w)
{
    uint8_t der[PKI_REQUEST_MAX];
    size_t n = 0;
    if (strcmp(c->rq->content_type, "application/pkcs10") != 0)
        return est_refuse(c, 415, "Content-Type: application/pkcs10 is expected");
    OM_TRY(est_body_read(c, der, sizeof der, &n));
    if (der[0] != 0x30)
        return est_refuse(c, 400, "the body is not a request (PKCS#10 in DER and base64)");
    om_rc rc = pki_request_read_challenged(der, n, &w->request, w->challenge, &c->err);
    if (rc == OM_EINPUT || rc == OM_EDENIED)
        return est_refuse(c, 400, "%s", om_error_text(&c->err, rc));
    if (rc == OM_OK && w->request.san == NULL) /* TS-0003 10.1.4 */
        return est_refuse(c, 400, "the request has no subjectAltName with the identity that it is for");
    om_hex_lower(w->key, w->request.fingerprint, sizeof w->request.fingerprint);
    return rc;
}

/* The request was made for this session by whoever has the key: nobody can carry it from another session into
 * this one (RFC 7030 section 3.5). One that is there must be right, wanted or not. */
static om_rc check_channel(struct est_call *c, const struct work *w)
{
    char unique[OMTLS_UNIQUE_SIZE];
    if (w->challenge[0] == '\0')
        return c->est->require_challenge
                   ? est_refuse(c, 400, "the request has no challengePassword, base64 of tls-unique")
                   : OM_OK;
    om_rc rc = omtls_unique(c->session->ssl, unique, &c->err);
    if (rc == OM_EUNSUPPORTED || rc == OM_EDENIED)
        return est_refuse(c, 403, "%s", om_error_text(&c->err, rc));
    if (rc == OM_OK && strcmp(unique, w->challenge) != 0)
        return est_refuse(c, 403, "the challengePassword is not the tls-unique of this session");
    return rc;
}

static om_rc check_identity(struct est_call *c, struct work *w)
{
    OM_TRY(est_need_names(c));
    w->name = est_find_name(c, w->request.san);
    return w->name != NULL ? OM_OK
                           : est_refuse(c, 403, "the identity that is asked for is not one that %s may have",
                                        c->session->peer->credential_id);
}

/* --- what was issued before --- */

struct past {
    struct work *w;
    om_rc rc;
    struct om_error *err;
};

/* Takes a copy, in place of an older one. */
static om_rc keep_newer(struct store_issued *kept, const struct store_issued *r, struct om_error *err)
{
    if (kept->cert != NULL && kept->created >= r->created)
        return OM_OK;
    uint8_t *cert = malloc(r->cert_len);
    if (cert == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    memcpy(cert, r->cert, r->cert_len);
    store_issued_free(kept);
    *kept = *r;
    kept->cert = cert;
    return OM_OK;
}

static bool look_at(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    struct past *p = arg;
    struct work *w = p->w;
    bool today = r->created > w->now - EST_A_DAY;
    if (bad != NULL) {
        p->rc = om_fail(p->err, OM_EINTEGRITY, "%s", bad->text);
    } else if (r->flavour == (int)w->name->name.flavour) {
        bool good = r->revoked == 0 && r->expires > w->now;
        w->of_today += today;
        if (good)
            p->rc = keep_newer(&w->newest, r, p->err);
        if (p->rc == OM_OK && good && today && r->created > w->latest && strcmp(r->key, w->key) == 0)
            p->rc = keep_newer(&w->pending, r, p->err);
    }
    return p->rc == OM_OK;
}

/* Those of today are counted; of the others the newest counts. */
static bool may_count(void *arg, const struct store_issued_glance *g)
{
    const struct work *w = ((const struct past *)arg)->w;
    bool newer = w->newest.cert == NULL || g->created > w->newest.created;
    return g->flavour == (int64_t)w->name->name.flavour &&
           (g->created > w->now - EST_A_DAY || (g->revoked == 0 && g->expires > w->now && newer));
}

static om_rc look_back(struct est_call *c, struct work *w)
{
    struct store_latest latest;
    struct past p = {.w = w, .rc = OM_OK, .err = &c->err};
    om_rc rc = store_latest_get(c->est->maf->store, w->name->id, &latest, &c->err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    w->latest = rc == OM_OK ? latest.created : 0;
    OM_TRY(store_issued_find(c->est->maf->store, STORE_ISSUED_BY_NAME, w->name->name.text, may_count, look_at,
                             &p, &c->err));
    return p.rc;
}

/* RFC 7030 section 4.2.2: subject and subjectAltName are those of the certificate that is renewed: the
 * client's own in this session, else the newest that it got. */
static om_rc check_renewal(struct est_call *c, const struct work *w)
{
    const struct maf_certificate *own = c->session->peer->certificate;
    X509 *old = NULL;
    if (own != NULL && own->leaf != NULL && strcmp(own->id, w->name->id) == 0) {
        old = X509_up_ref(own->leaf) == 1 ? own->leaf : NULL;
    } else if (w->newest.cert != NULL) {
        const unsigned char *at = w->newest.cert;
        old = d2i_X509(NULL, &at, (long)w->newest.cert_len);
    }
    if (old == NULL)
        return est_refuse(c, 400,
                          "there is no certificate that this would renew; simpleenroll gives the first");
    bool same = X509_NAME_cmp(X509_REQ_get_subject_name(w->request.req), X509_get_subject_name(old)) == 0;
    X509_free(old);
    return same ? OM_OK : est_refuse(c, 400, "the subject is not that of the certificate that is renewed");
}

/* --- the certificate --- */

static om_rc issue(struct est_call *c, struct work *w)
{
    struct maf_retry retry = {0};
    om_rc rc = OM_ETRANSIENT;
    struct ca_issue what = {
        .name = &w->name->name, .request = &w->request, .until = w->now + w->name->lifetime};
    for (size_t i = 0; i < CA_AUTHORITIES; i++) /* none outlives its issuer */
        if (strcmp(ca_authority_of(what.name->flavour), ca_authority_names[i]) == 0 &&
            pki_not_after(c->est->certificates[i]) < what.until)
            what.until = pki_not_after(c->est->certificates[i]);
    while (rc == OM_ETRANSIENT && maf_again(&retry))
        rc = ca_issue(&c->est->ca, &what, &w->made, &c->err);
    if (rc == OM_EDENIED || rc == OM_ECONFLICT)
        return est_refuse(c, 403, "%s", om_error_text(&c->err, rc));
    return rc;
}

/* The answer goes out when the row is on disk. */
static om_rc hand_out(struct est_call *c, const struct store_issued *r)
{
    const unsigned char *at = r->cert;
    X509 *cert = d2i_X509(NULL, &at, (long)r->cert_len);
    STACK_OF(X509) *all = sk_X509_new_null();
    om_rc rc = cert != NULL && all != NULL && sk_X509_push(all, cert) > 0
                   ? est_send_certificates(c, CERTS_ONLY, all)
                   : om_fail(&c->err, OM_ENOMEM, "no memory for a certificate");
    sk_X509_free(all);
    X509_free(cert);
    return rc;
}

static void audit(const struct est_call *c, const struct work *w, const char *event,
                  const struct store_issued *r)
{
    om_audit(event, "serial=%s flavour=%s name=%s client=%s by=%s", r->serial,
             pki_flavour_text(w->name->name.flavour), r->name, maf_peer_name(c->session->peer),
             w->again ? "simplereenroll" : "simpleenroll");
}

static om_rc enrol(struct est_call *c, struct work *w)
{
    OM_TRY(read_request(c, w));
    OM_TRY(check_channel(c, w));
    OM_TRY(check_identity(c, w));
    OM_TRY(look_back(c, w));
    if (w->again)
        OM_TRY(check_renewal(c, w));
    if (w->pending.cert != NULL) { /* the answer to this request was lost */
        audit(c, w, "certificate-given-again", &w->pending);
        return hand_out(c, &w->pending);
    }
    if (w->of_today >= EST_PER_DAY) {
        c->out->retry_after = EST_A_DAY / EST_PER_DAY;
        return est_refuse(c, 429, "%d certificates a day are enough for one name", EST_PER_DAY);
    }
    OM_TRY(issue(c, w));
    audit(c, w, "certificate-issued", &w->made);
    return hand_out(c, &w->made);
}

om_rc est_enrol(struct est_call *c, bool again)
{
    struct work w = {.again = again, .now = c->est->maf->now()};
    om_rc rc = enrol(c, &w);
    work_free(&w);
    return rc;
}
