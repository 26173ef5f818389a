/* maf: output that several commands share. */
#include "cli/maf.h"

#include <stdio.h>

int maf_print_json(json_t *tree, struct openmaf_error *error)
{
    if (tree == NULL)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory for the output");
    int bad = json_dumpf(tree, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(tree);
    if (bad != 0 || fputc('\n', stdout) == EOF)
        return maf_fail(error, OPENMAF_ETEMPORARY, "cannot write to standard output");
    return OPENMAF_OK;
}

json_t *maf_texts_json(const char *const *texts, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(array,
                                    json_string(texts[i])); /* NULL-safe; a lost array fails json_pack */
    return array;
}

json_t *maf_time_json(int64_t t)
{
    char text[16];
    if (t == 0)
        return json_null();
    openmaf_time_format(t, text);
    return json_string(text);
}

enum openmaf_server maf_server(const struct maf_args *args)
{
    return args->at_mef ? OPENMAF_MEF : OPENMAF_MAF;
}

void maf_print_texts(const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)printf(" %s", texts[i]);
    if (n == 0)
        (void)printf(" -");
}

int maf_refused(int code, size_t refused, struct openmaf_error *error)
{
    if (code != OPENMAF_OK || refused == 0)
        return code;
    return maf_fail(error, OPENMAF_EINTEGRITY, "%zu record%s of this home cannot be trusted", refused,
                    refused == 1 ? "" : "s");
}
