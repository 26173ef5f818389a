/* Derivations from Ke: see derive.h. */
#include "derive/derive.h"
#include "onem2m/ids.h"

#include <stdio.h>
#include <string.h>

static const char usage_label[] = "oneM2M Enrolment Key to Usage-Constrained Symmetric Key derivation";
static const char km_label[] = "oneM2M Enrolment Key to Master Credential derivation";
static const char kpsa_label[] = "oneM2M Enrolment Key to Provisioned Secure Connection Key derivation";

/* label || middle || text, the last in normal form; no separators, no NULs. */
static om_rc derive(struct se_key *ke, const char *label, const char *middle, const char *text,
                    uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    char normal[2 * M2M_ID_SIZE];
    OM_TRY(m2m_nfkc(normal, sizeof normal, text, err));
    const struct se_part parts[] = {
        {label, strlen(label)}, {middle, strlen(middle)}, {normal, strlen(normal)}};
    return se_hmac(ke, parts, sizeof parts / sizeof parts[0], out, err);
}

om_rc om_derive_usage_key(struct se_key *ke, unsigned suid, const char *target_fqdn, uint8_t out[SE_MAC_SIZE],
                          struct om_error *err)
{
    char text[12]; /* decimal digits without padding */
    (void)snprintf(text, sizeof text, "%u", suid);
    return derive(ke, usage_label, text, target_fqdn, out, err);
}

om_rc om_derive_km_10_3_2(struct se_key *ke, const char *maf_id, uint8_t out[SE_MAC_SIZE],
                          struct om_error *err)
{
    return derive(ke, km_label, "", maf_id, out, err);
}

om_rc om_derive_kpsa(struct se_key *ke, const char *enrolee_b, uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    return derive(ke, kpsa_label, "", enrolee_b, out, err);
}
