/* mafadm client import: a fleet's credentials from one file, a line each. */
#include "cli/mafadm.h"
#include "util/file.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_OCTETS 1024
#define KM_MAX          64

struct import {
    struct adm adm;
    const struct adm_args *args;
    int64_t expires;
    size_t added, present;
};

/* Cuts the next blank-separated word off *line; NULL when there is none. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " \t");
    size_t n = strcspn(word, " \t\r\n");
    if (n == 0)
        return NULL;
    *line = word + n;
    if (**line != '\0')
        *(*line)++ = '\0';
    return word;
}

/* OM_ECONFLICT is no error when the KmID stands for this identity already: an earlier run added it. */
static om_rc add_or_find(struct import *im, const struct maf_admin_client *client, const struct om_secret *km,
                         struct om_error *err)
{
    char kmid[M2M_KEY_ID_SIZE];
    struct om_secret none = OM_SECRET_INIT;
    om_rc rc =
        maf_admin_client_add(im->adm.store, im->adm.se, im->adm.cfg.fqdn, client, km, &none, kmid, err);
    if (rc == OM_OK) {
        im->added++;
        return OM_OK;
    }
    if (rc != OM_ECONFLICT)
        return rc;
    struct store_credential r = {0};
    char full[M2M_KEY_ID_SIZE];
    om_rc found = strchr(client->kmid, '@') != NULL
                      ? om_copy_text(full, sizeof full, client->kmid, NULL)
                      : m2m_key_id_join(full, client->kmid, im->adm.cfg.fqdn, NULL);
    if (found == OM_OK)
        found = store_credential_get(im->adm.store, full, &r, NULL);
    if (found != OM_OK || strcmp(r.identity, client->id) != 0 || r.state != STORE_CREDENTIAL_ACTIVE)
        return rc;
    im->present++;
    return OM_OK;
}

static om_rc import_line(struct import *im, char *line, struct om_error *err)
{
    char *id = next_word(&line);
    if (id == NULL || id[0] == '#')
        return OM_OK;
    char *kmid = next_word(&line);
    char *hex = next_word(&line);
    if (kmid == NULL || hex == NULL || next_word(&line) != NULL)
        return om_fail(err, OM_EINPUT, "three words are expected: identity, KmID, hexadecimal Km");
    if (!adm_program.role->is_client_id(id))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an Absolute AE-ID or CSE-ID", id);
    struct om_secret km = OM_SECRET_INIT;
    OM_TRY(om_secret_alloc(&km, KM_MAX, err));
    size_t n = 0;
    om_rc rc = om_hex_decode(hex, strlen(hex), km.octets, km.len, &n, err);
    if (rc == OM_OK) {
        struct maf_admin_client client = {.role = adm_program.role,
                                          .id = id,
                                          .admin_fqdn = im->args->stakeholder,
                                          .kmid = kmid,
                                          .expires = im->expires};
        km.len = n;
        rc = add_or_find(im, &client, &km, err);
        km.len = KM_MAX;
    }
    om_secret_free(&km);
    return rc;
}

static om_rc import_lines(struct import *im, FILE *in, struct om_error *err)
{
    char line[LINE_MAX_OCTETS];
    om_rc rc = OM_OK;
    for (size_t number = 1; rc == OM_OK && fgets(line, sizeof line, in) != NULL; number++) {
        size_t n = strlen(line);
        if (n == sizeof line - 1 && line[n - 1] != '\n')
            rc = om_fail(err, OM_EINPUT, "the line is longer than %zu octets", sizeof line - 2);
        else
            rc = import_line(im, line, err);
        if (rc != OM_OK)
            rc = om_context(err, rc, "%s line %zu", im->args->operand, number);
    }
    om_wipe(line, sizeof line);
    if (rc == OM_OK && ferror(in))
        rc = om_fail(err, OM_ETRANSIENT, "cannot read %s", im->args->operand);
    return rc;
}

om_rc adm_client_import(const struct adm_args *args, struct om_error *err)
{
    struct import im = {.args = args};
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &im.expires, err));
    int fd = -1;
    OM_TRY(om_file_open_private(args->operand, &fd, err));
    FILE *in = fdopen(fd, "r");
    if (in == NULL)
        return om_fail(err, OM_ENOMEM, "no memory to read %s", args->operand);
    static char buffer[16384]; /* ours, so that it can be wiped */
    (void)setvbuf(in, buffer, _IOFBF, sizeof buffer);
    om_rc rc = adm_open(args->dir, &im.adm, err);
    if (rc == OM_OK) {
        rc = import_lines(&im, in, err);
        adm_close(&im.adm);
    }
    (void)fclose(in);
    om_wipe(buffer, sizeof buffer);
    if (args->json) {
        om_rc shown = adm_print_json(
            json_pack("{s:I,s:I}", "added", (json_int_t)im.added, "present", (json_int_t)im.present),
            rc == OM_OK ? err : NULL);
        return rc == OM_OK ? shown : rc;
    }
    (void)printf("%zu added, %zu there already\n", im.added, im.present);
    return rc;
}
