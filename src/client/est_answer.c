/* The MEF's answers to cacerts and to an enrolment: see est_answer.h. */
#include "client/est_answer.h"
#include "client/certificate.h"
#include "pki/path.h"

#include <openssl/err.h>
#include <stdlib.h>

/* Whether leaf leads to this CA alone. */
static om_rc leads_to(X509 *leaf, X509 *ca, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    STACK_OF(X509) *one = sk_X509_new_null();
    const struct pki_trust trust = {.anchors = one, .constrained = -1, .now = client_now()};
    om_rc rc = one != NULL && sk_X509_push(one, ca) > 0
                   ? pki_path_verify(leaf, NULL, &trust, &fault, err)
                   : om_fail(err, OM_ENOMEM, "no memory for certificates");
    sk_X509_free(one);
    return rc;
}

/* Of the CA certificates, one issued ours, and is good for clients only; the others are what the MEF is known
 * by. A MEF with a single CA has it for both. */
static om_rc sort_anchors(const STACK_OF(X509) * cas, X509 *leaf, STACK_OF(X509) * servers,
                          struct om_error *err)
{
    bool found = false;
    om_rc last = OM_EINTEGRITY;
    for (int i = 0; i < sk_X509_num(cas); i++) {
        X509 *ca = sk_X509_value(cas, i);
        last = leads_to(leaf, ca, err);
        found = found || last == OM_OK;
        if (last != OM_OK && last != OM_EDENIED)
            return last;
        if (last != OM_OK && sk_X509_push(servers, ca) <= 0)
            return om_fail(err, OM_ENOMEM, "no memory for certificates");
    }
    if (!found)
        return om_context(err, OM_EINTEGRITY, "none of the MEF's authorities issued the certificate");
    for (int i = 0; sk_X509_num(servers) == 0 && i < sk_X509_num(cas); i++)
        if (sk_X509_push(servers, sk_X509_value(cas, i)) <= 0)
            return om_fail(err, OM_ENOMEM, "no memory for certificates");
    return OM_OK;
}

static om_rc check_key(EVP_PKEY *key, const X509 *leaf, struct om_error *err)
{
    return EVP_PKEY_eq(X509_get0_pubkey(leaf), key) == 1
               ? OM_OK
               : om_fail(err, OM_EINTEGRITY, "the certificate is for another key than was sent");
}

static om_rc keep(struct openmaf *maf, const char *id, const STACK_OF(X509) * cas,
                  const STACK_OF(X509) * chain, struct om_error *err)
{
    char *anchors = NULL;
    STACK_OF(X509) *servers = sk_X509_new_null();
    om_rc rc = servers != NULL ? sort_anchors(cas, sk_X509_value(chain, 0), servers, err)
                               : om_fail(err, OM_ENOMEM, "no memory for certificates");
    if (rc == OM_OK)
        rc = pki_anchors_encode(servers, &anchors, err);
    const struct certificate_arrival arrival = {
        .id = id, .chain = chain, .anchors = anchors, .mef = maf->home.mef.fqdn};
    if (rc == OM_OK)
        rc = certificate_take(maf, &arrival, err);
    free(anchors);
    sk_X509_free(servers);
    return rc;
}

om_rc est_answer_take(struct openmaf *maf, const struct est_expected *expected, int64_t *expires,
                      struct om_error *err)
{
    STACK_OF(X509) *cas = NULL, *chain = NULL;
    om_rc rc = pki_anchors_decode(expected->cacerts, &cas, err);
    if (rc == OM_OK)
        rc = pki_certs_only_decode(expected->certificate, &chain, err);
    if (rc == OM_OK && sk_X509_num(chain) != 1) /* RFC 7030 section 4.2.3 */
        rc = om_fail(err, OM_EINTEGRITY, "%d certificates instead of the one that was issued",
                     sk_X509_num(chain));
    if (rc == OM_OK)
        rc = check_key(expected->key, sk_X509_value(chain, 0), err);
    if (rc == OM_OK)
        rc = keep(maf, expected->id, cas, chain, err);
    if (rc == OM_OK)
        *expires = pki_not_after(sk_X509_value(chain, 0));
    sk_X509_pop_free(cas, X509_free);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    bool theirs = rc == OM_EINPUT || rc == OM_EDENIED; /* what the MEF sent, not what we were told */
    return theirs ? om_context(err, OM_EINTEGRITY, "what the MEF answered") : rc;
}
