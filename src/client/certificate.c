/* Records of certificates: see certificate.h. */
#include "client/certificate.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERT_MAX 4096 /* octets of one certificate */

void certificate_free(struct certificate *c)
{
    sk_X509_pop_free(c->chain, X509_free);
    free(c->anchors);
    memset(c, 0, sizeof *c);
}

/* --- reading --- */

static om_rc malformed(const char *member, struct om_error *err)
{
    return om_fail(err, OM_EINTEGRITY, "member '%s' is missing or malformed", member);
}

static om_rc read_chain(const json_t *array, STACK_OF(X509) * *out, struct om_error *err)
{
    size_t n = json_array_size(array);
    *out = sk_X509_new_null();
    if (*out == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for certificates");
    for (size_t i = 0; i < n && n <= CERTIFICATE_CHAIN_MAX; i++) {
        uint8_t der[CERT_MAX];
        size_t len = 0;
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL || om_base64_decode(text, strlen(text), der, sizeof der, &len, NULL) != OM_OK)
            return malformed("chain", err);
        const unsigned char *at = der;
        X509 *cert = d2i_X509(NULL, &at, (long)len);
        ERR_clear_error();
        if (cert == NULL || at != der + len || sk_X509_push(*out, cert) <= 0) {
            X509_free(cert);
            return malformed("chain", err);
        }
    }
    return n >= 1 && n <= CERTIFICATE_CHAIN_MAX ? OM_OK : malformed("chain", err);
}

static om_rc read_imported(const json_t *object, struct certificate *c, struct om_error *err)
{
    OM_TRY(record_get_int(object, "imported", &c->imported, err));
    if (c->imported == 0)
        return OM_OK;
    OM_TRY(record_get_int(object, "order", &c->order, err));
    OM_TRY(record_get_int(object, "from", &c->from, err));
    OM_TRY(record_get_int(object, "until", &c->until, err));
    OM_TRY(read_chain(json_object_get(object, "chain"), &c->chain, err));
    if (json_object_get(object, "mef") != NULL)
        OM_TRY(record_get_text(object, "mef", c->mef, sizeof c->mef, err));
    const char *anchors = json_string_value(json_object_get(object, "caCerts"));
    if (anchors == NULL)
        return malformed("caCerts", err);
    c->anchors = strdup(anchors);
    return c->anchors != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for trust anchors");
}

static om_rc read_members(const json_t *object, struct certificate *c, struct om_error *err)
{
    OM_TRY(record_get_text(object, "key", c->key, sizeof c->key, err));
    OM_TRY(record_get_text(object, "credential", c->id, sizeof c->id, err));
    OM_TRY(record_get_int(object, "requested", &c->requested, err));
    if (pki_name_from_credential_id(&c->name, c->id, NULL) != OM_OK)
        return malformed("credential", err);
    return read_imported(object, c, err);
}

om_rc certificate_read(struct openmaf *maf, const char *name, struct certificate *c, struct om_error *err)
{
    json_t *object = NULL;
    memset(c, 0, sizeof *c);
    OM_TRY(record_read(&maf->home, maf->se, name, &object, err));
    om_rc rc = read_members(object, c, err);
    json_decref(object);
    if (rc != OM_OK)
        certificate_free(c);
    return rc;
}

/* --- writing --- */

static json_t *chain_json(const STACK_OF(X509) * chain)
{
    json_t *array = json_array();
    for (int i = 0; i < sk_X509_num(chain); i++) {
        char text[OM_BASE64_SIZE(CERT_MAX)];
        unsigned char *der = NULL;
        int n = i2d_X509(sk_X509_value(chain, i), &der);
        bool good = n > 0 && n <= CERT_MAX;
        if (good)
            om_base64_encode(text, der, (size_t)n);
        OPENSSL_free(der);
        if (!good || json_array_append_new(array, json_string(text)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

om_rc certificate_write(struct openmaf *maf, const struct certificate *c, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_CERTIFICATE, c->key, err));
    json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "key", c->key, "credential", c->id, "requested",
                               (json_int_t)c->requested, "imported", (json_int_t)c->imported);
    bool good = object != NULL;
    if (good && c->imported != 0)
        good = json_object_set_new(object, "order", json_integer((json_int_t)c->order)) == 0 &&
               json_object_set_new(object, "from", json_integer((json_int_t)c->from)) == 0 &&
               json_object_set_new(object, "until", json_integer((json_int_t)c->until)) == 0 &&
               json_object_set_new(object, "chain", chain_json(c->chain)) == 0 &&
               json_object_set_new(object, "caCerts", json_string(c->anchors)) == 0;
    if (good && c->mef[0] != '\0')
        good = json_object_set_new(object, "mef", json_string(c->mef)) == 0;
    om_rc rc = good ? record_write(&maf->home, maf->se, name, object, err)
                    : om_fail(err, OM_ENOMEM, "no memory for a record");
    json_decref(object);
    return rc;
}
