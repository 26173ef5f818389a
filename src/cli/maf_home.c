/* maf: the home, its token and its credentials. */
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
    };
    int code = openmaf_home_init(args->home, &home, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(
            json_pack("{s:s,s:s,s:s, s:s, s:s}", "home", args->home, "id", args->id, "maf", args->maf),
            error);
    (void)printf("%s is the home of %s at %s\n", args->home, args->id, args->maf);
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

int maf_credential_import(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    enum openmaf_file_format format = args->raw ? OPENMAF_FILE_RAW : OPENMAF_FILE_HEX;
    int code = openmaf_credential_import_file(maf, args->kmid, args->km_file, format, error);
    if (code != OPENMAF_OK)
        return code;
    (void)fprintf(stderr, "maf: %s still holds Km in the clear; remove it\n", args->km_file);
    if (args->json)
        return maf_print_json(json_pack("{s:s}", "kmid", args->kmid), error);
    (void)printf("%s is in the token's care\n", args->kmid);
    return OPENMAF_OK;
}

static json_t *credential_json(const struct openmaf_credential *c)
{
    if (c->problem != NULL)
        return json_pack("{s:s, s:s}", "kmid", c->kmid, "problem", c->problem);
    return json_pack("{s:s, s:o, s:b}", "kmid", c->kmid, "imported", maf_time_json(c->imported), "current",
                     c->current);
}

int maf_credential_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_credential **list = NULL;
    size_t n = 0;
    size_t refused = 0;
    int code = openmaf_credential_list(maf, &list, &n, error);
    json_t *array = json_array();
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        const struct openmaf_credential *c = list[i];
        char imported[16];
        openmaf_time_format(c->imported, imported);
        if (c->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", c->problem);
            refused++;
        } else if (!args->json) {
            (void)printf("%s  imported %s%s\n", c->kmid, imported, c->current ? "  current" : "");
        }
        (void)json_array_append_new(array, credential_json(c));
    }
    openmaf_credential_list_free(list, n);
    if (code == OPENMAF_OK && args->json)
        code = maf_print_json(json_incref(array), error);
    json_decref(array);
    return maf_refused(code, refused, error);
}

int maf_credential_forget(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    int code = openmaf_credential_forget(maf, args->operand, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:b}", "kmid", args->operand, "forgotten", 1), error);
    (void)printf("%s is forgotten\n", args->operand);
    return OPENMAF_OK;
}
