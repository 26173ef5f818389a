/* maf: client registration at the MAF and at the MEF, its configuration, update and end (TS-0003 8.8.2.3 to
 * 8.8.2.6, 8.3.5.2.3 to 8.3.5.2.6), and discovery. */
#include "cli/maf.h"

#include <stdio.h>
#include <string.h>

static json_t *configuration_json(const struct openmaf_registration *r)
{
    return r->configuration != NULL ? json_loads(r->configuration, JSON_REJECT_DUPLICATES, NULL)
                                    : json_null();
}

static json_t *registration_json(const struct openmaf_registration *r)
{
    bool mef = r->server == OPENMAF_MEF;
    if (r->problem != NULL)
        return json_pack("{s:s, s:s}", "adminFQDN", r->stakeholder, "problem", r->problem);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", mef ? "mefClientRegID" : "mafClientRegID",
                     r->registration_id, "adminFQDN", r->stakeholder, "id", r->client_id, "expires",
                     maf_time_json(r->expires), "labels", maf_texts_json(r->labels, r->n_labels),
                     mef ? "mefClientCfg" : "mafClientCfg", configuration_json(r));
}

static void print_registration(const struct openmaf_registration *r)
{
    char expires[16] = "unknown";
    if (r->expires != 0)
        openmaf_time_format(r->expires, expires);
    (void)printf("%s  %s  %s  expires %s  labels", r->registration_id, r->client_id, r->stakeholder, expires);
    maf_print_texts(r->labels, r->n_labels);
    if (r->server == OPENMAF_MEF)
        (void)printf("  at the MEF");
    (void)printf("\n");
}

/* Frees r. */
static int show(struct openmaf_registration *r, const struct maf_args *args, struct openmaf_error *error)
{
    int code = OPENMAF_OK;
    if (args->json)
        code = maf_print_json(registration_json(r), error);
    else
        print_registration(r);
    openmaf_registration_free(r);
    return code;
}

static int make_request(const struct maf_args *args, struct openmaf_registration_request *rq,
                        struct openmaf_error *error)
{
    *rq = (struct openmaf_registration_request){
        .size = sizeof *rq,
        .stakeholder = args->stakeholder,
        .server = maf_server(args),
        .registration_id = args->registration,
        .labels = args->labels.items,
        .n_labels = args->labels.n,
        .remove_labels = args->no_labels,
    };
    if (args->no_labels && args->labels.n > 0)
        return maf_fail(error, OPENMAF_EINPUT, "--label and --no-labels exclude each other");
    return maf_expires(args->expires, &rq->expires, error);
}

typedef int procedure(struct openmaf *maf, const struct openmaf_registration_request *request,
                      struct openmaf_registration **out, struct openmaf_error *error);

static int run(procedure *proc, struct openmaf *maf, const struct maf_args *args,
               struct openmaf_registration **out, struct openmaf_error *error)
{
    struct openmaf_registration_request rq;
    int code = make_request(args, &rq, error);
    return code == OPENMAF_OK ? proc(maf, &rq, out, error) : code;
}

int maf_register(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_registration *r = NULL;
    int code = run(openmaf_register, maf, args, &r, error);
    return code == OPENMAF_OK ? show(r, args, error) : code;
}

int maf_update(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_registration *r = NULL;
    int code = run(openmaf_update, maf, args, &r, error);
    return code == OPENMAF_OK ? show(r, args, error) : code;
}

int maf_config(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_registration *r = NULL;
    int code = run(openmaf_config, maf, args, &r, error);
    if (code != OPENMAF_OK || args->json)
        return code == OPENMAF_OK ? show(r, args, error) : code;
    code = maf_print_json(configuration_json(r), error);
    openmaf_registration_free(r);
    return code;
}

int maf_deregister(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_registration_request rq;
    int code = make_request(args, &rq, error);
    if (code == OPENMAF_OK)
        code = openmaf_deregister(maf, &rq, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:b}", "adminFQDN", args->stakeholder, "deregistered", 1),
                              error);
    (void)printf("no longer registered under %s%s\n", args->stakeholder,
                 maf_server(args) == OPENMAF_MEF ? " at the MEF" : "");
    return OPENMAF_OK;
}

int maf_registration_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_registration **list = NULL;
    size_t n = 0;
    size_t refused = 0;
    int code = openmaf_registration_list(maf, &list, &n, error);
    json_t *array = json_array();
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        if (list[i]->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", list[i]->problem);
            refused++;
        } else if (!args->json) {
            print_registration(list[i]);
        }
        (void)json_array_append_new(array, registration_json(list[i]));
    }
    openmaf_registration_list_free(list, n);
    if (code == OPENMAF_OK && args->json)
        code = maf_print_json(json_incref(array), error);
    json_decref(array);
    return maf_refused(code, refused, error);
}

static int make_filter(const struct maf_args *args, struct openmaf_discovery *filter,
                       struct openmaf_error *error)
{
    unsigned long limit = 0;
    unsigned long offset = 0;
    *filter = (struct openmaf_discovery){.size = sizeof *filter,
                                         .labels = args->labels.items,
                                         .n_labels = args->labels.n,
                                         .server = maf_server(args)};
    if (args->type != NULL && strcmp(args->type, "keys") == 0)
        filter->type = OPENMAF_KEYS;
    else if (args->type != NULL && strcmp(args->type, "registrations") == 0)
        filter->type = OPENMAF_REGISTRATIONS;
    else if (args->type != NULL)
        return maf_fail(error, OPENMAF_EINPUT, "--type is registrations or keys, not %.40s", args->type);
    int code = maf_number("limit", args->limit, INT32_MAX, &limit, error);
    if (code == OPENMAF_OK)
        code = maf_number("offset", args->offset, INT32_MAX, &offset, error);
    filter->limit = (uint32_t)limit;
    filter->offset = (uint32_t)offset;
    return code;
}

int maf_discover(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_discovery filter;
    char **ids = NULL;
    size_t n = 0;
    int code = make_filter(args, &filter, error);
    if (code == OPENMAF_OK)
        code = openmaf_discover(maf, &filter, &ids, &n, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        code = maf_print_json(maf_texts_json((const char *const *)ids, n), error);
    for (size_t i = 0; !args->json && i < n; i++)
        (void)printf("%s\n", ids[i]);
    openmaf_ids_free(ids, n);
    return code;
}
