/* mafadm init, token status: the MAF directory as a whole. */
#include "cli/mafadm.h"
#include "provisioning/maf_init.h"

#include <stdio.h>

om_rc adm_init(const struct adm_args *args, struct om_error *err)
{
    struct config_init init = {.kind = adm_program.kind,
                               .dir = args->dir,
                               .fqdn = args->fqdn,
                               .token_uri = args->token,
                               .pin_source = args->pin_source,
                               .https_listen = args->https};
    OM_TRY(maf_init_directory(&init, err));
    if (args->json)
        return adm_print_json(json_pack("{s:s,s:s}", "dir", args->dir, "fqdn", args->fqdn), err);
    (void)printf("%s is ready: edit %s if needed, add a stakeholder and clients, start `%s --dir %s`\n",
                 args->dir, adm_program.kind->file, adm_program.kind->program, args->dir);
    return OM_OK;
}

static const char *grade_name(enum se_grade grade)
{
    return grade == SE_GRADE_DERIVE ? "derive" : "hmac";
}

static const char *grade_text(enum se_grade grade)
{
    return grade == SE_GRADE_DERIVE ? "derive: TLS master secrets and exported keys are made inside the token"
                                    : "hmac: long-term keys never leave the token; a session's master secret "
                                      "and an exported key cross "
                                      "the memory of the daemon once, when they are made";
}

om_rc adm_token_status(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct se_description d = {0};
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = se_describe(adm.se, &d, err);
    if (rc == OM_OK)
        rc = se_health(adm.se, err);
    const char *custody = adm.cfg.custody == OMTLS_CUSTODY_PSK ? "psk" : "session";
    adm_close(&adm);
    OM_TRY(rc);
    if (args->json)
        return adm_print_json(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b}", "plugin",
                                        d.plugin, "manufacturer", d.manufacturer, "model", d.model, "serial",
                                        d.serial, "label", d.label, "firmware", d.firmware, "module",
                                        d.module, "algorithms", d.algorithms, "state", d.state, "quirks",
                                        d.quirks, "grade", grade_name(d.grade), "custody", custody,
                                        "testOnly", d.test_only, "provisioned", d.provisioned),
                              err);
    (void)printf(
        "plug-in:       %s\nmodule:        %s\ntoken:         %s\nmanufacturer:  %s\nmodel:         %s\n"
        "serial:        %s\nfirmware:      %s\nalgorithms:    %s\nstate:         %s\nquirks:        %s\n"
        "root keys:     %s\ncustody:       %s\ngrade:         %s\n",
        d.plugin, d.module, d.label, d.manufacturer, d.model, d.serial, d.firmware, d.algorithms,
        d.state[0] ? d.state : "good", d.quirks[0] ? d.quirks : "none", d.provisioned ? "present" : "missing",
        custody, grade_text(d.grade));
    if (d.test_only)
        (void)printf(
            "WARNING:       this token does not enforce what protects keys; use it for tests only\n");
    return OM_OK;
}
