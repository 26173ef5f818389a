/* maf: credentials of both kinds, and requests for certificates. */
#include "cli/maf.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int import_bundle(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    if (args->kmid != NULL || args->km_file != NULL || args->raw)
        return maf_fail(error, OPENMAF_EINPUT, "--bundle excludes --kmid, --km-file and --raw");
    int code = openmaf_bundle_import(maf, args->bundle, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s}", "bundle", args->bundle), error);
    (void)printf("%s is taken in\n", args->bundle);
    return OPENMAF_OK;
}

int maf_credential_import(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    enum openmaf_file_format format = args->raw ? OPENMAF_FILE_RAW : OPENMAF_FILE_HEX;
    if (args->bundle != NULL)
        return import_bundle(maf, args, error);
    if (args->kmid == NULL || args->km_file == NULL)
        return maf_fail(error, OPENMAF_EINPUT, "either --kmid and --km-file, or --bundle is needed");
    int code = openmaf_credential_import_file(maf, args->kmid, args->km_file, format, error);
    if (code != OPENMAF_OK)
        return code;
    (void)fprintf(stderr, "maf: %s still holds the key in the clear; remove it\n", args->km_file);
    if (args->json)
        return maf_print_json(json_pack("{s:s}", "kmid", args->kmid), error);
    (void)printf("%s is in the token's care\n", args->kmid);
    return OPENMAF_OK;
}

int maf_credential_enrol(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    const struct openmaf_certificate_wish wish = {.size = sizeof wish,
                                                  .flavour = args->flavour,
                                                  .name = args->name,
                                                  .uri = args->uri,
                                                  .renew = args->renew};
    int64_t expires = 0;
    int unchanged = 0;
    char text[16];
    int code = openmaf_certificate_enrol(maf, &wish, &expires, &unchanged, error);
    if (code != OPENMAF_OK)
        return code;
    if (args->json)
        return maf_print_json(json_pack("{s:s, s:o, s:b}", "flavour", args->flavour, "expires",
                                        maf_time_json(expires), "unchanged", unchanged),
                              error);
    openmaf_time_format(expires, text);
    (void)printf(unchanged ? "the certificate that is here is good until %s\n"
                           : "a certificate until %s is here\n",
                 text);
    return OPENMAF_OK;
}

static const char *kind_name(enum openmaf_credential_kind kind)
{
    return kind == OPENMAF_CERTIFICATE ? "certificate" : "psk";
}

/* Those of a MEF are short-lived, and the one before stays until it has expired. */
static const char *warning_of_mef(const struct openmaf_credential *c, int64_t now)
{
    if (c->expires <= now)
        return "expired; 'maf credential enrol' gets a new one";
    return c->current && c->expires - now < MAF_WARN_SECONDS / 3
               ? "expires soon; 'maf credential enrol' renews it"
               : NULL;
}

/* What somebody has to do about it, or NULL. */
static const char *warning(const struct openmaf_credential *c)
{
    int64_t now = (int64_t)time(NULL);
    if (c->kind != OPENMAF_CERTIFICATE || c->problem != NULL)
        return NULL;
    if (c->imported == 0)
        return "asked for; it is not here yet";
    if (c->mef != NULL)
        return warning_of_mef(c, now);
    if (c->expires <= now)
        return "expired; 'maf csr' asks for a new one";
    return c->expires - now < MAF_WARN_SECONDS ? "expires soon; 'maf csr' asks for a new one" : NULL;
}

static json_t *credential_json(const struct openmaf_credential *c)
{
    json_t *tree = json_pack("{s:s, s:s}", "kind", kind_name(c->kind), "credentialID", c->id);
    if (c->problem != NULL) {
        (void)json_object_set_new(tree, "problem", json_string(c->problem));
        return tree;
    }
    if (c->kmid != NULL)
        (void)json_object_set_new(tree, "kmid", json_string(c->kmid));
    (void)json_object_set_new(tree, "imported", maf_time_json(c->imported));
    if (c->kind == OPENMAF_CERTIFICATE || c->expires != 0)
        (void)json_object_set_new(tree, "expires", maf_time_json(c->expires));
    (void)json_object_set_new(tree, "current", json_boolean(c->current));
    if (warning(c) != NULL)
        (void)json_object_set_new(tree, "warning", json_string(warning(c)));
    return tree;
}

static void print_credential(const struct openmaf_credential *c)
{
    char imported[16];
    char expires[16];
    openmaf_time_format(c->imported, imported);
    openmaf_time_format(c->expires, expires);
    (void)printf("%s  %s", c->kmid != NULL ? c->kmid : c->id, kind_name(c->kind));
    if (c->imported != 0)
        (void)printf("  imported %s", imported);
    if (c->expires != 0)
        (void)printf("  expires %s", expires);
    if (c->current)
        (void)printf("  current");
    if (warning(c) != NULL)
        (void)printf("  (%s)", warning(c));
    (void)printf("\n");
}

int maf_credentials(struct openmaf *maf, bool print, json_t *array, size_t *refused,
                    struct openmaf_error *error)
{
    struct openmaf_credential **list = NULL;
    size_t n = 0;
    int code = openmaf_credential_list(maf, &list, &n, error);
    for (size_t i = 0; code == OPENMAF_OK && i < n; i++) {
        if (list[i]->problem != NULL) {
            (void)fprintf(stderr, "maf: %s\n", list[i]->problem);
            (*refused)++;
        } else if (print) {
            print_credential(list[i]);
        }
        (void)json_array_append_new(array, credential_json(list[i]));
    }
    openmaf_credential_list_free(list, n);
    return code;
}

int maf_credential_list(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    size_t refused = 0;
    json_t *array = json_array();
    int code = maf_credentials(maf, !args->json, array, &refused, error);
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
        return maf_print_json(json_pack("{s:s, s:b}", "credential", args->operand, "forgotten", 1), error);
    (void)printf("%s is forgotten\n", args->operand);
    return OPENMAF_OK;
}

static int write_request(const char *path, const char *pem, struct openmaf_error *error)
{
    FILE *f = fopen(path, "we");
    bool good = f != NULL && fputs(pem, f) >= 0;
    if (f != NULL)
        good = fclose(f) == 0 && good;
    return good ? OPENMAF_OK : maf_fail(error, OPENMAF_ETEMPORARY, "cannot write %.300s", path);
}

int maf_csr(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    const struct openmaf_csr request = {.size = sizeof request, .flavour = args->flavour, .name = args->name};
    char *pem = NULL;
    int code = openmaf_csr_make(maf, &request, &pem, error);
    if (code == OPENMAF_OK && args->out != NULL)
        code = write_request(args->out, pem, error);
    if (code == OPENMAF_OK && args->json)
        code = maf_print_json(json_pack("{s:s}", "csr", pem), error);
    else if (code == OPENMAF_OK && args->out == NULL)
        (void)fputs(pem, stdout);
    openmaf_text_free(pem);
    return code;
}
