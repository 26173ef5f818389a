/* maf: the home and its token. */
#include "cli/maf.h"

#include <stdio.h>

int maf_init(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    (void)maf; /* there is none yet */
    const struct openmaf_home home = {
        .size = sizeof home,
        .id = args->id,
        .maf_fqdn = args->maf,
        .https = args->https,
        .wss = args->wss,
        .coaps = args->coaps,
        .coaps_tcp = args->coaps_tcp,
        .format = args->format,
        .token_uri = args->token,
        .pin_source = args->pin_source,
        .custody = args->custody,
        .plugin_dir = args->plugin_dir,
        .tls_max = args->tls_max,
        .mef_fqdn = args->mef,
        .mef_https = args->mef_https,
        .mef_wss = args->mef_wss,
        .mef_coaps = args->mef_coaps,
        .mef_coaps_tcp = args->mef_coaps_tcp,
        .enrolment_expiry = args->enrolment_expiry,
    };
    int code = openmaf_home_init(args->home, &home, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:s, s:s, s:s*}", "home", args->home, "id", args->id, "maf",
                                        args->maf, "mef", args->mef),
                              error);
    (void)printf("%s is the home of %s at %s%s%s\n", args->home, args->id, args->maf,
                 args->mef != NULL ? " and " : "", args->mef != NULL ? args->mef : "");
    return OPENMAF_OK;
}

int maf_token_status(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_token t;
    int code = openmaf_token_status(maf, &t, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}",
                                        "plugin", t.plugin, "manufacturer", t.manufacturer, "model", t.model,
                                        "serial", t.serial, "label", t.label, "firmware", t.firmware,
                                        "module", t.module, "algorithms", t.algorithms, "state", t.state,
                                        "quirks", t.quirks, "grade", t.derives_inside ? "derive" : "hmac",
                                        "testOnly", t.test_only, "rootID", t.root_id),
                              error);
    (void)printf(
        "plug-in:       %s\nmodule:        %s\ntoken:         %s\nmanufacturer:  %s\nmodel:         %s\n"
        "serial:        %s\nfirmware:      %s\nalgorithms:    %s\nstate:         %s\nquirks:        %s\n"
        "root keys:     %s\ngrade:         %s\n",
        t.plugin, t.module, t.label, t.manufacturer, t.model, t.serial, t.firmware, t.algorithms,
        t.state[0] != '\0' ? t.state : "good", t.quirks[0] != '\0' ? t.quirks : "none", t.root_id,
        t.derives_inside ? "derive: TLS keys are derived in the token"
                         : "hmac: the master secret and an exported Kc cross host memory once, when made");
    if (t.test_only)
        (void)fprintf(stderr, "maf: this token copies keys out or ignores templates: for tests only\n");
    return OPENMAF_OK;
}
