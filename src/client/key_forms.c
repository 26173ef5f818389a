/* How a Kc comes into the token, in which forms, and when it may be used: see key_record.h. */
#include "client/key_record.h"
#include "onem2m/types.h"
#include "util/text.h"

unsigned key_record_wanted(const struct openmaf *maf, unsigned suid)
{
    unsigned wanted = SE_FORM_KEY;
    if (m2m_suid_same_use(suid, M2M_SUID_SAEF))
        wanted |= SE_FORM_PSK | SE_FORM_PSK13 | (maf->home.saef_first_half ? SE_FORM_PSK_OF_HALF : 0U);
    else if (m2m_suid_same_use(suid, M2M_SUID_ESDATA) || m2m_suid_same_use(suid, M2M_SUID_ESDATA_SIGNATURE))
        wanted |= SE_FORM_HALVES;
    return wanted;
}

static om_rc check_value(struct openmaf *maf, struct key_record *k, struct om_error *err)
{
    static const char text[] = "openmaf key check value";
    const struct se_part part = {text, sizeof text - 1};
    uint8_t mac[SE_MAC_SIZE];
    struct se_key *key = NULL;
    OM_TRY(se_load(maf->se, &k->forms.key, SE_USE_HMAC, &key, err));
    om_rc rc = se_hmac(key, &part, 1, mac, err);
    se_key_unref(key);
    if (rc == OM_OK)
        om_hex_lower(k->check, mac, (KEY_CHECK_SIZE - 1) / 2);
    om_wipe(mac, sizeof mac);
    return rc;
}

om_rc key_record_import(struct openmaf *maf, struct key_record *k, const struct om_secret *kc,
                        struct om_error *err)
{
    k->made = key_record_wanted(maf, k->pub.suid);
    OM_TRY(se_import_forms(maf->se, kc->octets, kc->len, k->made, &k->forms, err));
    return check_value(maf, k, err);
}

om_rc key_record_export(struct openmaf *maf, struct key_record *k, SSL *ssl, const char *label,
                        uint8_t id[OMTLS_EXPORT_ID_SIZE], struct om_error *err)
{
    k->made = key_record_wanted(maf, k->pub.suid);
    OM_TRY(omtls_export_forms(ssl, label, id, k->made, &k->forms, err));
    return check_value(maf, k, err);
}

om_rc key_record_may(const struct key_record *k, unsigned suid, struct om_error *err)
{
    if (!m2m_suid_same_use(k->pub.suid, suid))
        return om_fail(err, OM_EDENIED, "%s is for SUID %u, not %u", k->key_id, k->pub.suid, suid);
    char text[M2M_TIMESTAMP_SIZE];
    m2m_timestamp_format(text, k->pub.expires);
    return client_now() < k->pub.expires ? OM_OK
                                         : om_fail(err, OM_EDENIED, "%s expired at %s", k->key_id, text);
}
