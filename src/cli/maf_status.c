/* maf status: the home at a glance. */
#include "cli/maf.h"

#include <stdio.h>

static int print_registrations(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                               struct openmaf_error *error)
{
    struct openmaf_registration **list = NULL;
    size_t n = 0;
    int code = openmaf_registration_list(maf, &list, &n, error);
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        char expires[16];
        openmaf_time_format(list[i]->expires, expires);
        if (list[i]->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", list[i]->problem);
            (*refused)++;
            continue;
        }
        if (print)
            (void)printf("registered under %s until %s%s\n", list[i]->stakeholder, expires,
                         list[i]->server == OPENMAF_MEF ? " at the MEF" : "");
        (void)json_array_append_new(array, json_pack("{s:s, s:s, s:o}", "adminFQDN", list[i]->stakeholder,
                                                     "server", list[i]->server == OPENMAF_MEF ? "mef" : "maf",
                                                     "expires", maf_time_json(list[i]->expires)));
    }
    openmaf_registration_list_free(list, n);
    return code;
}

static int print_configurations(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                                struct openmaf_error *error)
{
    struct openmaf_configuration **list = NULL;
    size_t n = 0;
    int code = openmaf_configuration_list(maf, &list, &n, error);
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        const struct openmaf_configuration *c = list[i];
        if (c->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", c->problem);
            (*refused)++;
            continue;
        }
        if (print)
            (void)printf("under %s: credential %s\n", c->stakeholder,
                         c->remote               ? "from the MEF"
                         : c->credential != NULL ? c->credential
                                                 : "as this home chooses");
        (void)json_array_append_new(array, json_pack("{s:s, s:s?, s:b, s:o}", "adminFQDN", c->stakeholder,
                                                     "credentialID", c->credential, "remote", c->remote,
                                                     "expires", maf_time_json(c->expires)));
    }
    openmaf_configuration_list_free(list, n);
    return code;
}

int maf_status(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    size_t refused = 0;
    bool print = !args->json;
    const char *mef = openmaf_mef_fqdn(maf);
    json_t *credentials = json_array();
    json_t *configurations = json_array();
    json_t *registrations = json_array();
    json_t *enrolments = json_array();
    json_t *commands = json_array();
    if (print)
        (void)printf("%s at %s%s%s\n", openmaf_id(maf), openmaf_fqdn(maf), mef != NULL ? " and " : "",
                     mef != NULL ? mef : "");
    int code = maf_credentials(maf, print, credentials, &refused, error);
    if (code == OPENMAF_OK)
        code = print_configurations(maf, print, configurations, &refused, error);
    if (code == OPENMAF_OK)
        code = maf_enrolments(maf, print, enrolments, &refused, error);
    if (code == OPENMAF_OK)
        code = print_registrations(maf, print, registrations, &refused, error);
    if (code == OPENMAF_OK)
        code = maf_command_states(maf, print, commands, &refused, error);
    if (code == OPENMAF_OK && args->json)
        code = maf_print_json(json_pack("{s:s, s:s, s:s*, s:O, s:O, s:O, s:O, s:O}", "id", openmaf_id(maf),
                                        "maf", openmaf_fqdn(maf), "mef", mef, "credentials", credentials,
                                        "configurations", configurations, "enrolments", enrolments,
                                        "registrations", registrations, "commands", commands),
                              error);
    json_decref(credentials);
    json_decref(configurations);
    json_decref(enrolments);
    json_decref(registrations);
    json_decref(commands);
    return maf_refused(code, refused, error);
}
