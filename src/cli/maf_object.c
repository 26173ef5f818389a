/* maf: management objects of the home (TS-0003 8.3.8). */
#include "cli/maf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OBJECT_MAX 16384 /* octets of a file */

static int read_file(const char *path, char out[OBJECT_MAX + 1], struct openmaf_error *error)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (f == NULL)
        return maf_fail(error, OPENMAF_EINPUT, "cannot open %s: %s", path, strerror(errno));
    size_t n = fread(out, 1, OBJECT_MAX + 1, f);
    bool bad = ferror(f) != 0;
    if (f != stdin)
        (void)fclose(f);
    if (bad)
        return maf_fail(error, OPENMAF_ETEMPORARY, "cannot read %s", path);
    if (n > OBJECT_MAX || memchr(out, '\0', n) != NULL)
        return maf_fail(error, OPENMAF_EINPUT, "%s has more than %d octets, or a NUL", path, OBJECT_MAX);
    out[n] = '\0';
    return OPENMAF_OK;
}

int maf_object_set(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    char text[OBJECT_MAX + 1];
    int code = read_file(args->operand2, text, error);
    if (code == OPENMAF_OK)
        code = openmaf_object_set(maf, args->operand, text, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s}", "path", args->operand), error);
    (void)printf("%s is set\n", args->operand);
    return OPENMAF_OK;
}

static json_t *object_json(const struct openmaf_object *o)
{
    if (o->problem != NULL)
        return json_pack("{s:s, s:s}", "path", o->path, "problem", o->problem);
    return json_pack("{s:s, s:o, s:s*}", "path", o->path, "object",
                     json_loads(o->json, JSON_REJECT_DUPLICATES, NULL), "keyIdentifier", o->key_id);
}

int maf_object_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_object **list = NULL;
    size_t n = 0;
    size_t refused = 0;
    int code = openmaf_object_list(maf, &list, &n, error);
    json_t *array = json_array();
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        const struct openmaf_object *o = list[i];
        if (o->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", o->problem);
            refused++;
        } else if (!args->json) {
            (void)printf("%s  %s%s%s\n", o->path, o->type, o->key_id != NULL ? "  key " : "",
                         o->key_id != NULL ? o->key_id : "");
        }
        (void)json_array_append_new(array, object_json(o));
    }
    openmaf_object_list_free(list, n);
    if (code == OPENMAF_OK && args->json)
        code = maf_print_json(json_incref(array), error);
    json_decref(array);
    return maf_refused(code, refused, error);
}

int maf_object_show(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    struct openmaf_object **list = NULL;
    size_t n = 0;
    size_t i = 0;
    int code = openmaf_object_list(maf, &list, &n, error);
    while (code == OPENMAF_OK && i < n && strcmp(list[i]->path, args->operand) != 0)
        i++;
    if (code == OPENMAF_OK && i == n)
        code = maf_fail(error, OPENMAF_ENOTFOUND, "there is no object %.200s", args->operand);
    else if (code == OPENMAF_OK && list[i]->problem != NULL)
        code = maf_fail(error, OPENMAF_EINTEGRITY, "%s", list[i]->problem);
    else if (code == OPENMAF_OK)
        code = maf_print_json(args->json ? object_json(list[i])
                                         : json_loads(list[i]->json, JSON_REJECT_DUPLICATES, NULL),
                              error);
    openmaf_object_list_free(list, n);
    return code;
}

int maf_object_remove(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    int code = openmaf_object_remove(maf, args->operand, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:b}", "path", args->operand, "removed", 1), error);
    (void)printf("%s is removed\n", args->operand);
    return OPENMAF_OK;
}
