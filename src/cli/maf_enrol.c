/* maf: remote provisioning. */
#include "cli/maf.h"

#include <stdio.h>
#include <time.h>

/* What somebody has to do about it, or NULL. */
static const char *warning(const struct openmaf_enrolment *e)
{
    int64_t now = (int64_t)time(NULL);
    if (e->pending)
        return "interrupted; 'maf enrol' goes on";
    if (now >= e->expires)
        return "expired; 'maf enrol' renews it";
    return now >= e->renew ? "expires soon; 'maf enrol' renews it" : NULL;
}

static json_t *enrolment_json(const struct openmaf_enrolment *e)
{
    json_t *tree =
        json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:b}", "adminFQDN", e->stakeholder, "keid", e->keid,
                  "kmid", e->kmid, "made", maf_time_json(e->made), "expires", maf_time_json(e->expires),
                  "renew", maf_time_json(e->renew), "pending", e->pending);
    if (warning(e) != NULL)
        (void)json_object_set_new(tree, "warning", json_string(warning(e)));
    return tree;
}

int maf_enrol(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_enrol_request request = {.size = sizeof request,
                                            .stakeholder = args->stakeholder,
                                            .renew = args->renew,
                                            .labels = args->labels.items,
                                            .n_labels = args->labels.n};
    struct openmaf_enrolment *e = NULL;
    char expires[16];
    int code = maf_expires(args->expires, &request.expires, error);
    if (code == OPENMAF_OK)
        code = openmaf_enrol(maf, &request, &e, error);
    if (code != OPENMAF_OK)
        return code;
    openmaf_time_format(e->expires, expires);
    if (args->json) {
        json_t *tree = enrolment_json(e);
        (void)json_object_set_new(tree, "changed", json_boolean(e->changed));
        code = maf_print_json(tree, error);
    } else if (e->changed) {
        (void)printf("enrolled under %s: KmID %s until %s\n", e->stakeholder, e->kmid, expires);
    } else {
        (void)printf("all is well under %s: the MAF knows KmID %s, until %s\n", e->stakeholder, e->kmid,
                     expires);
    }
    openmaf_enrolment_free(e);
    return code;
}

int maf_enrolments(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                   struct openmaf_error *error)
{
    struct openmaf_enrolment **list = NULL;
    size_t n = 0;
    int code = openmaf_enrolment_list(maf, &list, &n, error);
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        const struct openmaf_enrolment *e = list[i];
        char expires[16];
        openmaf_time_format(e->expires, expires);
        if (e->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", e->problem);
            (*refused)++;
            continue;
        }
        if (print)
            (void)printf("enrolled under %s: KmID %s until %s%s%s%s\n", e->stakeholder,
                         e->kmid != NULL ? e->kmid : "none yet", expires, warning(e) != NULL ? "  (" : "",
                         warning(e) != NULL ? warning(e) : "", warning(e) != NULL ? ")" : "");
        (void)json_array_append_new(array, enrolment_json(e));
    }
    openmaf_enrolment_list_free(list, n);
    return code;
}
