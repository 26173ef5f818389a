/* The MEF among the servers of src/maf: see maf/role.h. MEF-HS-1, MEF-HS-3 are the MAF's handshake with a
 * KpmID; MEF-CR, -CC, -CU, -CD, -KR, -KT, -KU and -KD its procedures, where the rule IDs stand. */
#include "mef/mef_internal.h"

/* A MAF is a client too, and goes by its FQDN. */
static bool is_client_id(const char *id)
{
    return m2m_is_absolute_id(id) || m2m_is_fqdn(id);
}

const struct maf_role maf_role_mef = {
    .what = "MEF",
    .base_name = WIRE_MEF_BASE_NAME,
    .ty_base = WIRE_TY_MEF_BASE,
    .ty_client_reg = WIRE_TY_MEF_CLIENT_REG,
    .credential_type = 10,
    .made_up = "kpm-",
    .label = OMTLS_LABEL_BOOTSTRAP, /* MEF-KR-3 */
    .suids = {21, 25},              /* MEF-KR-1 */
    .is_client_id = is_client_id,
    .child = WIRE_COMMAND_NAME,
    .of_child = mef_client_command,
    .outside = mef_outside,
    .registers_exported = mef_registers_exported,
    .finish = mef_finish,
    .certificate = mef_certificate,
    .authenticated = mef_authenticated,
};
