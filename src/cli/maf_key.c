/* maf: keys (TS-0003 8.8.2.7 to 8.8.2.10). */
#include "cli/maf.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 64 /* octets of a Key Value */

static const char *role_name(enum openmaf_role role)
{
    return role == OPENMAF_SOURCE ? "source" : "target";
}

static json_t *key_json(const struct openmaf_key *k)
{
    if (k->problem != NULL)
        return json_pack("{s:s, s:s}", "keyIdentifier", k->key_id, "problem", k->problem);
    json_t *tree = json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:o, s:s}", "keyIdentifier", k->key_id, "role",
                             role_name(k->role), "suid", (int)k->suid, "expires", maf_time_json(k->expires),
                             "source", k->source, "adminFQDN", k->stakeholder, "labels",
                             maf_texts_json(k->labels, k->n_labels), "check", k->check);
    if (k->role == OPENMAF_SOURCE) {
        (void)json_object_set_new(tree, "targetIDs", maf_texts_json(k->targets, k->n_targets));
        (void)json_object_set_new(tree, "generated", json_boolean(k->generated));
    }
    return tree;
}

static void print_key(const struct openmaf_key *k)
{
    char expires[16];
    openmaf_time_format(k->expires, expires);
    (void)printf("%s  %s  SUID %u  check %s  expires %s  from %s under %s  labels", k->key_id,
                 role_name(k->role), k->suid, k->check, expires, k->source, k->stakeholder);
    maf_print_texts(k->labels, k->n_labels);
    if (k->role == OPENMAF_SOURCE) {
        (void)printf("  for");
        maf_print_texts(k->targets, k->n_targets);
    }
    (void)printf("\n");
}

/* Frees k and value; value may be NULL. */
static int show(struct openmaf_key *k, struct openmaf_secret *value, const struct maf_args *args,
                struct openmaf_error *error)
{
    char hex[2 * VALUE_MAX + 1] = "";
    for (size_t i = 0; value != NULL && i < value->len && i < VALUE_MAX; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", value->octets[i]);
    int code = OPENMAF_OK;
    if (args->json) {
        json_t *tree = key_json(k);
        if (k->role == OPENMAF_SOURCE)
            (void)json_object_set_new(tree, "targetIDsChanged", json_boolean(k->targets_changed));
        if (value != NULL)
            (void)json_object_set_new(tree, "value", json_string(hex));
        code = maf_print_json(tree, error);
    } else {
        print_key(k);
        if (value != NULL)
            (void)printf("value %s\n", hex);
    }
    if (k->targets_changed)
        (void)fprintf(stderr, "maf: the MAF stored other targets than those asked for\n");
    explicit_bzero(hex, sizeof hex);
    openmaf_secret_free(value);
    openmaf_key_free(k);
    return code;
}

static int make_request(const struct maf_args *args, struct openmaf_key_request *rq,
                        struct openmaf_error *error)
{
    unsigned long suid = 0;
    *rq = (struct openmaf_key_request){
        .size = sizeof *rq,
        .stakeholder = args->stakeholder,
        .key_id = args->operand,
        .labels = args->labels.items,
        .n_labels = args->labels.n,
        .remove_labels = args->no_labels,
        .targets = args->targets.items,
        .n_targets = args->targets.n,
        .generate = args->generate,
        .strict = args->strict,
    };
    if (args->no_labels && args->labels.n > 0)
        return maf_fail(error, OPENMAF_EINPUT, "--label and --no-labels exclude each other");
    int code = maf_number("suid", args->suid, 99, &suid, error);
    rq->suid = (unsigned)suid;
    rq->server = suid / 10 == 2 ? OPENMAF_MEF : OPENMAF_MAF; /* who keeps keys of that use */
    return code == OPENMAF_OK ? maf_expires(args->expires, &rq->expires, error) : code;
}

int maf_key_register(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_key_request rq;
    struct openmaf_key *k = NULL;
    int code = make_request(args, &rq, error);
    if (code == OPENMAF_OK)
        code = openmaf_key_register(maf, &rq, &k, error);
    return code == OPENMAF_OK ? show(k, NULL, args, error) : code;
}

int maf_key_update(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_key_request rq;
    struct openmaf_key *k = NULL;
    int code = make_request(args, &rq, error);
    if (code == OPENMAF_OK)
        code = openmaf_key_update(maf, &rq, &k, error);
    return code == OPENMAF_OK ? show(k, NULL, args, error) : code;
}

int maf_key_retrieve(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_key *k = NULL;
    struct openmaf_secret *value = NULL;
    int code = openmaf_key_retrieve(maf, args->operand, &k, args->show_value ? &value : NULL, error);
    return code == OPENMAF_OK ? show(k, value, args, error) : code;
}

int maf_key_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_key **list = NULL;
    size_t n = 0;
    size_t refused = 0;
    int code = openmaf_key_list(maf, &list, &n, error);
    json_t *array = json_array();
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        if (list[i]->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", list[i]->problem);
            refused++;
        } else if (!args->json) {
            print_key(list[i]);
        }
        (void)json_array_append_new(array, key_json(list[i]));
    }
    openmaf_key_list_free(list, n);
    if (code == OPENMAF_OK && args->json)
        code = maf_print_json(json_incref(array), error);
    json_decref(array);
    return maf_refused(code, refused, error);
}

/* What is left to say of a key that is gone. */
static int gone(const struct maf_args *args, const char *how, struct openmaf_error *error)
{
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:b}", "keyIdentifier", args->operand, how, 1), error);
    (void)printf("%s is %s\n", args->operand, how);
    return OPENMAF_OK;
}

int maf_key_deregister(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    int code = openmaf_key_deregister(maf, args->operand, error);
    return code == OPENMAF_OK ? gone(args, "deregistered", error) : code;
}

int maf_key_forget(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    int code = openmaf_key_forget(maf, args->operand, error);
    return code == OPENMAF_OK ? gone(args, "forgotten", error) : code;
}
