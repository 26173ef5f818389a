/* EST: set-up, and which path is which operation. See est.h. */
#include "est/est_internal.h"

#include "pki/csr_attributes.h"
#include "util/log.h"
#include "util/text.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- refusals --- */

om_rc est_refuse(struct est_call *c, int status, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    om_printable(text);
    well_known_text(c->out, status, "%s", text);
    maf_audit_refusal(c->est->maf, "certificate-refused", "client=%s status=%d why=\"%s\"",
                      maf_peer_name(c->session->peer), status, text);
    return OM_EDENIED;
}

void est_fault(struct est_call *c, om_rc rc)
{
    om_log(OM_LOG_ERROR, "est: %s", om_error_text(&c->err, rc));
    well_known_text(c->out, rc == OM_ETRANSIENT ? 503 : 500,
                    rc == OM_ETRANSIENT ? "not now; ask again" : "the MEF cannot answer; its log says why");
    if (rc == OM_ETRANSIENT)
        c->out->retry_after = EST_RETRY_AFTER;
}

/* --- what is read --- */

static om_rc add_once(STACK_OF(X509) * all, X509 *cert, struct om_error *err)
{
    for (int i = 0; i < sk_X509_num(all); i++)
        if (sk_X509_value(all, i) == cert)
            return OM_OK;
    return sk_X509_push(all, cert) > 0 ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for certificates");
}

/* RFC 7030 section 4.1: the authority by which the client knows the MEF, and those that issue what it may
 * have. A client that may have nothing gets the first alone. */
static om_rc cacerts(struct est_call *c)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    om_rc rc = all != NULL ? add_once(all, c->est->certificates[0], &c->err)
                           : om_fail(&c->err, OM_ENOMEM, "no memory for certificates");
    for (size_t i = 0; rc == OM_OK && i < c->n_names; i++)
        for (size_t j = 0; rc == OM_OK && j < CA_AUTHORITIES; j++)
            if (strcmp(ca_authority_of(c->names[i].name.flavour), ca_authority_names[j]) == 0)
                rc = add_once(all, c->est->certificates[j], &c->err);
    if (rc == OM_OK)
        rc = est_send_certificates(c, "application/pkcs7-mime", all);
    sk_X509_free(all);
    return rc;
}

static om_rc get_cacerts(struct est_call *c)
{
    OM_TRY(est_load_names(c));
    return cacerts(c);
}

/* RFC 7030 section 4.5: with the name itself when only one can be meant (RFC 9908). */
static om_rc get_csrattrs(struct est_call *c)
{
    GENERAL_NAMES *san = NULL;
    unsigned char *der = NULL;
    size_t n = 0;
    OM_TRY(est_need_names(c));
    if (c->n_names == 1)
        OM_TRY(pki_name_to_san(&c->names[0].name, &san, &c->err));
    struct pki_csr_attributes what = {.challenge = c->est->require_challenge, .names = true, .san = san};
    om_rc rc = pki_csr_attributes_encode(&what, &der, &n, &c->err);
    char *text = rc == OM_OK ? malloc(OM_BASE64_SIZE(n)) : NULL;
    if (text != NULL) {
        om_base64_encode(text, der, n);
        rc = est_body_send(c, "application/csrattrs", text);
    } else if (rc == OM_OK) {
        rc = om_fail(&c->err, OM_ENOMEM, "no memory for CSR attributes");
    }
    free(text);
    OPENSSL_free(der);
    GENERAL_NAMES_free(san);
    return rc;
}

static om_rc post_simpleenroll(struct est_call *c)
{
    return est_enrol(c, false);
}

static om_rc post_simplereenroll(struct est_call *c)
{
    return est_enrol(c, true);
}

/* --- which is which --- */

static const struct operation {
    const char *name, *method;
    om_rc (*run)(struct est_call *c);
} operations[] = {
    {"cacerts", "GET", get_cacerts},
    {"csrattrs", "GET", get_csrattrs},
    {"simpleenroll", "POST", post_simpleenroll},
    {"simplereenroll", "POST", post_simplereenroll},
};

/* The label in front of the operation, if there is one. False: it is none of ours. */
static bool read_label(struct est_call *c, const char **rest)
{
    const char *slash = strchr(c->rq->path, '/');
    char label[16];
    *rest = c->rq->path;
    if (slash == NULL)
        return true;
    size_t n = (size_t)(slash - c->rq->path);
    if (n >= sizeof label)
        return false;
    memcpy(label, c->rq->path, n);
    label[n] = '\0';
    *rest = slash + 1;
    return pki_flavour_parse(label, &c->flavour, NULL) == OM_OK && c->flavour != PKI_FQDN;
}

static om_rc dispatch(struct est_call *c)
{
    const char *rest = NULL;
    const struct operation *o = NULL;
    bool known = read_label(c, &rest);
    for (size_t i = 0; known && i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(operations[i].name, rest) == 0)
            o = &operations[i];
    if (o == NULL)
        return est_refuse(c, 404, "no such operation of EST");
    if (strcmp(o->method, c->rq->method) != 0) {
        c->out->allow = o->method;
        return est_refuse(c, 405, "%s takes %s", o->name, o->method);
    }
    if (c->rq->authorization) /* TS-0003 8.3.6: HTTP's own authentication is not used */
        return est_refuse(c, 400, "Authorization: the TLS session says who the client is, and nothing else");
    return o->run(c);
}

static void answer(void *arg, struct maf_session *session, const struct well_known_request *rq,
                   struct well_known_answer *out)
{
    struct est_call c = {.est = arg, .session = session, .rq = rq, .out = out};
    om_rc rc = dispatch(&c);
    ERR_clear_error();
    if (rc != OM_OK && (rc != OM_EDENIED || out->status == 0))
        est_fault(&c, rc);
}

/* --- set-up --- */

static om_rc open_authority(struct est *est, size_t i, struct om_error *err)
{
    OM_TRY(ca_certificate(&est->ca, ca_authority_names[i], &est->certificates[i], err));
    return ca_key(&est->ca, ca_authority_names[i], false, &est->keys[i], err);
}

/* Whoever takes cacerts for its trust anchors must find the MEF again. That its certificate may have expired
 * is said elsewhere, and is no reason not to serve those with a Kpm. */
static om_rc check_own(const struct est *est, const struct est_options *opt, struct om_error *err)
{
    STACK_OF(X509) *anchors = sk_X509_new_null();
    struct pki_trust trust = {.anchors = anchors, .constrained = -1, .server = true};
    enum pki_fault fault = PKI_GOOD;
    om_rc rc = anchors != NULL && sk_X509_push(anchors, est->certificates[0]) > 0
                   ? OM_OK
                   : om_fail(err, OM_ENOMEM, "no memory for certificates");
    if (rc == OM_OK && opt->n_certificates == 0)
        rc = om_fail(err, OM_ECONFIG, "clients will use their certificates here: [certificate] is needed");
    for (size_t i = 0; rc == OM_OK && i < opt->n_certificates; i++) {
        const struct omtls_certificate *own = &opt->certificates[i];
        trust.now = pki_not_after(own->leaf) - 1;
        rc = pki_path_verify(own->leaf, own->chain, &trust, &fault, err);
        if (rc == OM_EDENIED)
            rc = om_context(err, OM_ECONFIG, "the MEF's own certificate is not of its authority 'maf'");
    }
    sk_X509_free(anchors);
    return rc;
}

om_rc est_new(const struct est_options *opt, struct est **out, struct om_error *err)
{
    struct est *est = calloc(1, sizeof *est);
    *out = NULL;
    if (est == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for EST");
    est->maf = opt->maf;
    est->require_challenge = opt->require_challenge;
    est->ca = (struct ca){.se = opt->maf->se,
                          .libctx = opt->libctx,
                          .store = opt->maf->store,
                          .maf_names = (const char *const *)opt->maf->names};
    est->well_known = (struct well_known){.name = "est", .answer = answer, .arg = est};
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < CA_AUTHORITIES; i++)
        rc = open_authority(est, i, err);
    if (rc == OM_OK)
        rc = check_own(est, opt, err);
    if (rc != OM_OK) {
        est_free(est);
        return rc == OM_ENOTFOUND
                   ? om_fail(err, OM_ECONFIG,
                             "there are no certification authorities; 'mefadm ca init' makes them")
                   : rc;
    }
    est->ca.keys = est->keys;
    *out = est;
    return OM_OK;
}

void est_free(struct est *est)
{
    if (est == NULL)
        return;
    for (size_t i = 0; i < CA_AUTHORITIES; i++) {
        EVP_PKEY_free(est->keys[i]);
        X509_free(est->certificates[i]);
    }
    free(est);
}

const struct well_known *est_well_known(const struct est *est)
{
    return &est->well_known;
}
