/* The roles of servers: see server.h. */
#include "client/server.h"
#include "onem2m/types.h"
#include "onem2m/wire_names.h"
#include "tls/tls.h"

const struct server_role server_role_maf = {.what = "MAF",
                                            .section = "maf",
                                            .ty_client_reg = WIRE_TY_MAF_CLIENT_REG,
                                            .credential_type = 11,
                                            .key = "Km",
                                            .key_id = "KmID",
                                            .label = OMTLS_LABEL_CONNECTION,
                                            .takes_suid = m2m_suid_for_maf_key};

const struct server_role server_role_mef = {.what = "MEF",
                                            .section = "mef",
                                            .ty_client_reg = WIRE_TY_MEF_CLIENT_REG,
                                            .credential_type = 10,
                                            .key = "Kpm",
                                            .key_id = "KpmID",
                                            .label = OMTLS_LABEL_BOOTSTRAP,
                                            .takes_suid = m2m_suid_for_mef_key};
