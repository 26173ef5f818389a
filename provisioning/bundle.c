/* Client bundles: see bundle.h. */
#include "provisioning/bundle.h"
#include "onem2m/wire_names.h"
#include "pki/anchors.h"
#include "pki/leaf.h"
#include "pki/profile.h"
#include "util/text.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#define CERT_MAX 4096 /* octets of one certificate */

static om_rc no_memory(struct om_error *err)
{
    return om_fail(err, OM_ENOMEM, "no memory for a bundle");
}

/* Takes value over. */
static om_rc set(json_t *object, const char *member, json_t *value, struct om_error *err)
{
    return json_object_set_new(object, member, value) == 0 ? OM_OK : no_memory(err);
}

static om_rc set_port(json_t *cfg, const char *member, uint16_t port, struct om_error *err)
{
    return port != 0 ? set(cfg, member, json_integer(port), err) : OM_OK;
}

static om_rc set_labels(json_t *cfg, const struct m2m_list *labels, struct om_error *err)
{
    if (labels->n == 0)
        return OM_OK;
    json_t *array = json_array();
    OM_TRY(set(cfg, WIRE_LBL, array, err));
    for (size_t i = 0; i < labels->n; i++)
        if (json_array_append_new(array, json_string(labels->items[i])) != 0)
            return no_memory(err);
    return OM_OK;
}

static om_rc check_leaf(X509 *leaf, const struct pki_name *name, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    OM_TRY(pki_leaf_check(leaf, &fault, err));
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    om_rc rc = pki_name_check_san(name, san, err);
    GENERAL_NAMES_free(san);
    return rc;
}

static om_rc add_chain(json_t *bundle, const STACK_OF(X509) * chain, struct om_error *err)
{
    json_t *array = json_array();
    OM_TRY(set(bundle, "certificates", array, err));
    for (int i = 0; i < sk_X509_num(chain); i++) {
        char text[OM_BASE64_SIZE(CERT_MAX)];
        unsigned char *der = NULL;
        int n = i2d_X509(sk_X509_value(chain, i), &der);
        bool fits = n > 0 && n <= CERT_MAX;
        if (fits)
            om_base64_encode(text, der, (size_t)n);
        OPENSSL_free(der);
        if (!fits)
            return om_fail(err, OM_EINPUT, "certificate %d has more than %d octets", i + 1, CERT_MAX);
        if (json_array_append_new(array, json_string(text)) != 0)
            return no_memory(err);
    }
    return OM_OK;
}

static om_rc add_certificate(json_t *bundle, json_t *cfg, const struct bundle *what, struct om_error *err)
{
    char id[M2M_ID_SIZE];
    char *anchors = NULL;
    om_rc rc = check_leaf(sk_X509_value(what->chain, 0), what->name, err);
    if (rc != OM_OK)
        return om_context(err, rc, "the certificate");
    OM_TRY(pki_name_credential_id(what->name, id, err));
    OM_TRY(pki_anchors_encode(what->anchors, &anchors, err));
    rc = set(cfg, "certAuth", json_pack("{s:s,s:s}", "credID", id, "caCerts", anchors), err);
    free(anchors);
    return rc == OM_OK ? add_chain(bundle, what->chain, err) : rc;
}

static om_rc fill(json_t *bundle, const struct bundle *what, struct om_error *err)
{
    char text[M2M_ID_SIZE];
    json_t *cfg = json_pack("{s:s,s:s}", WIRE_FQDN, what->fqdn, WIRE_ADFQ, what->admin_fqdn);
    OM_TRY(set(bundle, "openmaf-bundle", json_integer(1), err));
    OM_TRY(set(bundle, "clientRegCfg", cfg, err));
    if (what->expires != 0) {
        m2m_timestamp_format(text, what->expires);
        OM_TRY(set(cfg, WIRE_ET, json_string(text), err));
    }
    OM_TRY(set_labels(cfg, what->labels, err));
    OM_TRY(set_port(cfg, WIRE_HTPT, what->http_port, err));
    OM_TRY(set_port(cfg, WIRE_COPT, what->coap_port, err));
    OM_TRY(set_port(cfg, WIRE_WSPT, what->websocket_port, err));
    if (what->name != NULL)
        return add_certificate(bundle, cfg, what, err);
    if (what->mef != NULL) /* MEF-RP-1 */
        return set(cfg, "rpsk",
                   json_pack("{s:s, s:s, s:i, s:[s]}", WIRE_FQDN, what->mef, WIRE_ADFQ, what->admin_fqdn,
                             WIRE_SUID, 21, WIRE_TGIS, what->fqdn),
                   err);
    OM_TRY(m2m_credential_id(text, 11, what->kmid, err));
    return set(cfg, "ppsk", json_pack("{s:s}", "credID", text), err);
}

om_rc bundle_make(const struct bundle *what, json_t **out, struct om_error *err)
{
    json_t *bundle = json_object();
    *out = NULL;
    om_rc rc = bundle != NULL ? fill(bundle, what, err) : no_memory(err);
    if (rc == OM_OK)
        *out = bundle;
    else
        json_decref(bundle);
    return rc;
}
