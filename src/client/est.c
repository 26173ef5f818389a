/* Getting a certificate from the MEF by EST: see est.h. Where it is asked for, whether, and how. */
#include "client/est.h"
#include "client/credential.h"
#include "client/est_answer.h"
#include "client/est_call.h"
#include "client/server.h"
#include "pki/csr_attributes.h"
#include "pki/request.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEAR 3 /* a certificate of which less than one part in so many is left is renewed */

struct work {
    struct openmaf *maf;
    struct pki_name name;
    char id[M2M_ID_SIZE];
    EVP_PKEY *key;
    struct certificate pending; /* the record of key */
    uint16_t port;
    struct est_session session;
};

/* --- where --- */

/* https://<MEF-FQDN>[:port][/path]; without a path it is that of RFC 7030 section 3.2.2. */
static om_rc read_uri(struct work *w, const char *uri, struct om_error *err)
{
    const struct home_server *mef = &w->maf->home.mef;
    size_t n = strlen(mef->fqdn);
    uint64_t port = 0;
    if (strncasecmp(uri, "https://", 8) != 0 || strncasecmp(uri + 8, mef->fqdn, n) != 0 ||
        strchr(":/", uri[8 + n]) == NULL) /* the NUL is one of them */
        return om_fail(err, OM_EINPUT, "'%.200s' is not an https: URI of the MEF, %s", uri, mef->fqdn);
    const char *rest = uri + 8 + n;
    if (*rest == ':') {
        char digits[6] = "";
        size_t m = strspn(++rest, "0123456789");
        if (m < sizeof digits)
            memcpy(digits, rest, m);
        if (om_parse_uint(digits, UINT16_MAX, &port, NULL) != OM_OK || port == 0)
            return om_fail(err, OM_EINPUT, "'%.200s' has a malformed port", uri);
        w->port = (uint16_t)port;
        rest += m;
    }
    size_t length = strlen(rest);
    while (length > 0 && rest[length - 1] == '/')
        length--;
    if (length == 0)
        return OM_OK;
    size_t fixed = sizeof EST_PATH - 1;
    if (length < fixed || strncmp(rest, EST_PATH, fixed) != 0 || (length > fixed && rest[fixed] != '/') ||
        length >= sizeof w->session.path ||
        strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/") < length)
        return om_fail(err, OM_EINPUT, "'%.200s' has a path that is not EST's, " EST_PATH, uri);
    memcpy(w->session.path, rest, length);
    w->session.path[length] = '\0';
    return OM_OK;
}

/* EST is HTTP: of a home that talks to its MEF by CoAP only the host counts. */
static om_rc find_mef(struct work *w, const char *uri, struct om_error *err)
{
    const struct home_server *mef = &w->maf->home.mef;
    bool is_http = mef->transport == &transport_https || mef->transport == &transport_wss;
    if (mef->fqdn[0] == '\0')
        return om_fail(err, OM_ENOTFOUND, "this home has no MEF: section [mef] of maf.conf names it");
    w->port = is_http ? mef->port : transport_https.default_port;
    (void)stpcpy(w->session.path, EST_PATH);
    return uri != NULL ? read_uri(w, uri, err) : OM_OK;
}

/* --- whether --- */

/* The certificate of this name that this MEF gave last. */
static om_rc look_back(struct work *w, const struct est_wish *wish, struct est_outcome *out,
                       struct om_error *err)
{
    struct certificate c;
    int64_t now = client_now();
    om_rc rc = certificate_newest_of(w->maf, w->maf->home.mef.fqdn, w->id, &c, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    w->session.again = c.until > now;
    out->unchanged = w->session.again && !wish->renew && c.until - now > (c.until - c.from) / NEAR;
    out->expires = c.until;
    certificate_free(&c);
    return OM_OK;
}

/* --- the request --- */

/* The name that the MEF would put into the certificate is the one that is wanted. */
static om_rc check_attributes(const struct work *w, const char *text, struct om_error *err)
{
    uint8_t der[PKI_CSR_ATTRIBUTES_MAX];
    char packed[OM_BASE64_SIZE(PKI_CSR_ATTRIBUTES_MAX)];
    struct pki_csr_attributes a;
    size_t length = 0, n = 0;
    for (; *text != '\0' && length < sizeof packed; text++)
        if (strchr(" \t\r\n", *text) == NULL)
            packed[length++] = *text;
    if (length == 0)
        return OM_OK;
    om_rc rc = om_base64_decode(packed, length, der, sizeof der, &n, err);
    if (rc == OM_OK)
        rc = pki_csr_attributes_decode(der, n, &a, err);
    if (rc != OM_OK)
        return om_context(err, OM_EINTEGRITY, "the MEF's CSR attributes");
    rc = a.san != NULL ? pki_name_check_san(&w->name, a.san, err) : OM_OK;
    pki_csr_attributes_free(&a);
    return rc == OM_OK ? OM_OK
                       : om_context(err, OM_EDENIED, "the MEF would give a certificate of another name");
}

/* What stands between the lines of PEM is the base64 that EST sends. */
static om_rc strip_pem(const char *pem, char **out, struct om_error *err)
{
    const char *begin = strchr(pem, '\n');
    const char *end = begin != NULL ? strstr(begin, "-----END") : NULL;
    *out = end != NULL ? strndup(begin + 1, (size_t)(end - begin - 1)) : NULL;
    return *out != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a request");
}

/* TS-0003 10.1.4; the challengePassword, whether it was asked for or not, ties the request to this session
 * (RFC 7030 section 3.5). */
static om_rc make_request(void *arg, const char *attributes, const char unique[OMTLS_UNIQUE_SIZE],
                          char **body, struct om_error *err)
{
    const struct work *w = arg;
    char *pem = NULL;
    OM_TRY(check_attributes(w, attributes, err));
    OM_TRY(pki_request_make(w->maf->libctx, w->key, &w->name, unique, &pem, err));
    om_rc rc = strip_pem(pem, body, err);
    OPENSSL_free(pem);
    return rc;
}

static om_rc run_session(struct work *w, struct om_error *err)
{
    struct credential_key key;
    const struct home_server *mef = &w->maf->home.mef;
    om_rc rc = credential_load(w->maf, mef, NULL, &key, err);
    const struct transport_peer peer = {.home =
                                            &w->maf->home, /* no forms for TLS 1.3, which has no tls-unique */
                                        .server = mef,
                                        .port = w->port,
                                        .libctx = w->maf->libctx,
                                        .certificate = key.is_certificate ? &key.certificate : NULL,
                                        .kmid = key.kmid,
                                        .km = key.km};
    w->session.make = make_request;
    w->session.arg = w;
    if (rc == OM_OK)
        rc = est_session_run(&peer, &w->session, err);
    credential_unload(&key);
    return rc;
}

/* --- all of it --- */

static om_rc enrol(struct work *w, struct est_outcome *out, struct om_error *err)
{
    OM_TRY(certificate_request_key(w->maf, &w->name, &w->pending, &w->key, err));
    OM_TRY(run_session(w, err));
    const struct est_expected expected = {
        .id = w->id, .key = w->key, .cacerts = w->session.cacerts, .certificate = w->session.certificate};
    OM_TRY(est_answer_take(w->maf, &expected, &out->expires, err));
    out->unchanged = false;
    return certificate_remove_expired(w->maf, w->id, err);
}

om_rc est_provision(struct openmaf *maf, const struct est_wish *wish, struct est_outcome *out,
                    struct om_error *err)
{
    struct work w = {.maf = maf};
    *out = (struct est_outcome){.expires = 0};
    OM_TRY(find_mef(&w, wish->uri, err));
    OM_TRY(certificate_name_of(maf, wish->flavour, wish->name, &w.name, err));
    OM_TRY(pki_name_credential_id(&w.name, w.id, err));
    OM_TRY(om_copy_text(out->id, sizeof out->id, w.id, err));
    OM_TRY(look_back(&w, wish, out, err));
    om_rc rc = out->unchanged ? OM_OK : enrol(&w, out, err);
    EVP_PKEY_free(w.key);
    certificate_free(&w.pending);
    est_session_free(&w.session);
    return rc;
}

static om_rc provision(struct openmaf *maf, const struct openmaf_certificate_wish *wish,
                       struct est_outcome *out, struct om_error *err)
{
    enum pki_flavour flavour = PKI_AE;
    if (wish == NULL)
        return om_fail(err, OM_EINPUT, "nothing is wished for");
    OM_TRY(client_check_size(wish->size, sizeof *wish, "openmaf_certificate_wish", err));
    OM_TRY(pki_flavour_parse(wish->flavour != NULL ? wish->flavour : "", &flavour, err));
    const struct est_wish w = {
        .flavour = flavour, .name = wish->name, .uri = wish->uri, .renew = wish->renew != 0};
    return est_provision(maf, &w, out, err);
}

int openmaf_certificate_enrol(struct openmaf *maf, const struct openmaf_certificate_wish *wish,
                              int64_t *expires, int *unchanged, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct est_outcome outcome = {.expires = 0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = provision(maf, wish, &outcome, &err);
    if (rc == OM_OK && expires != NULL)
        *expires = outcome.expires;
    if (rc == OM_OK && unchanged != NULL)
        *unchanged = outcome.unchanged;
    return client_end(maf, rc, &err, error);
}
