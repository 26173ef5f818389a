/* Security Usage Identifiers (TS-0004 m2m:suid, spec/wire §9). Tens tell how the credential came about, units
 * what it is for. */
#include "onem2m/types.h"

bool m2m_suid_defined(unsigned suid)
{
    return (suid >= 10 && suid <= 15) || (suid >= 21 && suid <= 25) || (suid >= 32 && suid <= 35) ||
           (suid >= 40 && suid <= 45);
}

bool m2m_suid_for_maf_key(unsigned suid)
{
    return suid >= 32 && suid <= 35; /* MAF-KR-5 */
}

bool m2m_suid_for_mef_key(unsigned suid)
{
    return suid >= 21 && suid <= 25; /* MEF-KR-1 */
}

bool m2m_suid_same_use(unsigned a, unsigned b)
{
    return a % 10 == b % 10 && (m2m_suid_for_maf_key(a) || m2m_suid_for_mef_key(a)) &&
           (m2m_suid_for_maf_key(b) || m2m_suid_for_mef_key(b));
}

bool m2m_suid_takes_target(unsigned suid, const char *id)
{
    return suid == M2M_SUID_REMOTE_MAF ? m2m_is_fqdn(id) : m2m_is_absolute_id(id);
}

bool m2m_suid_single_target(unsigned suid)
{
    return suid == 32 || suid == 33 || (suid >= 21 && suid <= 23); /* MAF-KR-6: all but ESData */
}
