/* Client checks: see checks.h. */
#include "client/checks.h"
#include "onem2m/types.h"
#include "onem2m/wire_names.h"

#include <string.h>
#include <strings.h>

om_rc check_not_past(int64_t et, int64_t now, struct om_error *err)
{
    char text[M2M_TIMESTAMP_SIZE];
    m2m_timestamp_format(text, et);
    return et > now ? OM_OK
                    : om_fail(err, OM_EINTEGRITY, "the answer has expirationTime %s, which is past", text);
}

om_rc check_own_id(const char *answered, const char *own, struct om_error *err)
{
    return strcmp(answered, own) == 0
               ? OM_OK
               : om_fail(err, OM_EINTEGRITY, "the answer takes this client for %.120s; it is %.120s",
                         answered, own);
}

om_rc check_admin_fqdn(const char *answered, const char *sent, struct om_error *err)
{
    return strcmp(answered, sent) == 0
               ? OM_OK
               : om_fail(err, OM_EINTEGRITY, "the answer has adminFQDN %.120s instead of %.120s", answered,
                         sent);
}

om_rc check_suid(unsigned answered, unsigned sent, struct om_error *err)
{
    return answered == sent
               ? OM_OK
               : om_fail(err, OM_EINTEGRITY, "the answer has SUID %u instead of %u", answered, sent);
}

om_rc check_relative_key_id(const char *answered, const char *own, struct om_error *err)
{
    return strcasecmp(answered, own) == 0 ? OM_OK
                                          : om_fail(err, OM_EINTEGRITY,
                                                    "the answer has RelativeKeyID %s; this end "
                                                    "derived %s, so the two hold different keys",
                                                    answered, own);
}

static bool subset(const struct m2m_list *a, const struct m2m_list *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!m2m_list_has(b, a->items[i]))
            return false;
    return true;
}

bool check_same_members(const struct m2m_list *a, const struct m2m_list *b)
{
    return subset(a, b) && subset(b, a);
}

om_rc check_no_assigned_kmid(const struct m2m_resource *answer, struct om_error *err)
{
    if ((answer->present & M2M_A_ASKI) != 0)
        return om_fail(err, OM_EINTEGRITY, "the MAF assigned KmID %s in a session with a pre-provisioned key",
                       answer->aski);
    return OM_OK;
}

om_rc check_assigned_kmid(const struct m2m_resource *answer, const char *maf_fqdn, char kmid[M2M_KEY_ID_SIZE],
                          struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    if ((answer->present & M2M_A_ASKI) == 0)
        return om_fail(err, OM_EINTEGRITY, "the MAF assigned no KmID in a session with a provisioned key");
    if (m2m_key_id_split(answer->aski, relative, fqdn, NULL) != OM_OK || strcmp(fqdn, maf_fqdn) != 0)
        return om_fail(err, OM_EINTEGRITY, "the MAF assigned '%.120s', which is no KmID of %.120s",
                       answer->aski, maf_fqdn);
    return m2m_key_id_join(kmid, relative, fqdn, err);
}

om_rc check_registration(const struct m2m_resource *answer, const char *own_id, const char *admin_fqdn,
                         int64_t now, struct om_error *err)
{
    OM_TRY(check_not_past(answer->et, now, err)); /* MAF-CR-9, with the next two */
    OM_TRY(check_own_id(answer->cr, own_id, err));
    return check_admin_fqdn(answer->adfq, admin_fqdn, err);
}

om_rc check_key_registration(const struct m2m_resource *answer, const struct m2m_resource *sent,
                             const char *own_id, const char *own_relative, bool strict, int64_t now,
                             bool *changed, struct om_error *err)
{
    if (own_relative != NULL)
        OM_TRY(check_relative_key_id(answer->rn, own_relative, err)); /* MAF-KR-15 */
    OM_TRY(check_not_past(answer->et, now, err));                     /* MAF-KR-16 */
    OM_TRY(check_own_id(answer->cr, own_id, err));
    OM_TRY(check_admin_fqdn(answer->adfq, sent->adfq, err));
    OM_TRY(check_suid(answer->suid, sent->suid, err));
    if (answer->tgis.n == 0 || (m2m_suid_single_target(sent->suid) && answer->tgis.n != 1))
        return om_fail(err, OM_EINTEGRITY, "the answer has %zu targetIDs for SUID %u", answer->tgis.n,
                       sent->suid);
    *changed = (sent->present & M2M_A_TGIS) != 0 && !check_same_members(&answer->tgis, &sent->tgis);
    if (*changed && strict)
        return om_fail(err, OM_EINTEGRITY, "other targetIDs were stored than those sent (strict)");
    return OM_OK;
}

om_rc check_key_retrieval(const struct m2m_resource *answer, const struct server_role *role,
                          const char *relative, int64_t now, struct om_error *err)
{
    OM_TRY(check_relative_key_id(answer->rn, relative, err));
    OM_TRY(check_not_past(answer->et, now, err));
    if (!role->takes_suid(answer->suid))
        return om_fail(err, OM_EINTEGRITY,
                       "the answer has SUID %u, which is not that of a key that a %s keeps", answer->suid,
                       role->what);
    size_t n = answer->kyv.len;
    if (n < WIRE_KEY_VALUE_MIN || n > WIRE_KEY_VALUE_MAX || n % 2 != 0)
        return om_fail(err, OM_EINTEGRITY, "the answer has a Key Value of %zu octets", n);
    return OM_OK;
}
