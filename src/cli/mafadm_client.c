/* mafadm client: credentials (KmID, identity, wrapped Km) and the configuration left for a client. */
#include "cli/mafadm.h"
#include "util/file.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KM_MAX 64

/* Hex digits with at most one newline at the end, in a file that nobody else can read. */
om_rc adm_read_km(const char *path, struct om_secret *km, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    OM_TRY(om_file_read_private(path, 2 * KM_MAX + 2, &text, err));
    size_t n = text.len;
    while (n > 0 && (text.octets[n - 1] == '\n' || text.octets[n - 1] == '\r'))
        n--;
    om_rc rc = om_secret_alloc(km, KM_MAX, err);
    size_t octets = 0;
    if (rc == OM_OK)
        rc = om_hex_decode((const char *)text.octets, n, km->octets, km->len, &octets, err);
    om_secret_free(&text);
    if (rc != OM_OK) {
        om_secret_free(km);
        return om_context(err, rc, "%s must hold the Km as hexadecimal digits", path);
    }
    km->len = octets;
    return OM_OK;
}

/* The file is there before the KmID is: a Km that cannot be written would leave a KmID, which is never given
 * twice, whose Km nobody knows. */
static om_rc reserve_km_file(const char *path, struct om_error *err)
{
    return path != NULL ? om_file_create(path, "", 0, 0600, err) : OM_OK;
}

static om_rc write_km(const char *path, const char *hex, struct om_error *err)
{
    char line[2 * KM_MAX + 2];
    int n = snprintf(line, sizeof line, "%s\n", hex);
    om_rc rc = om_file_write(path, line, (size_t)n, 0600, err);
    om_wipe(line, sizeof line);
    return rc;
}

static om_rc check_add_args(const struct adm_args *args, struct om_error *err)
{
    if (args->name != NULL || args->cert_anchors.n > 0 || args->cert_fingerprint != NULL)
        return om_fail(err, OM_EINPUT, "--name, --cert-anchor and --cert-fingerprint go with --flavour");
    if (args->ids.n != 1)
        return om_fail(err, OM_EINPUT, "a client with a Km has one --id");
    if (args->generate == (args->km_file != NULL))
        return om_fail(err, OM_EINPUT, "give either --generate or --km-file FILE");
    if (!args->generate && (args->show_km || args->km_out != NULL))
        return om_fail(err, OM_EINPUT, "--show-km and --km-out go with --generate");
    if (args->generate && !args->show_km && args->km_out == NULL)
        return om_fail(err, OM_EINPUT,
                       "a generated Km that nobody sees is of no use: add --km-out FILE (or --show-km)");
    if (!adm_program.role->is_client_id(args->id))
        return om_fail(err, OM_EINPUT,
                       "'%.80s' is not an Absolute AE-ID or CSE-ID, such as //sp.example.com/cse1/Cae7",
                       args->id);
    return OM_OK;
}

static om_rc print_added(const struct adm_args *args, const char *kmid, const char *hex, struct om_error *err)
{
    if (args->km_out != NULL)
        OM_TRY(write_km(args->km_out, hex, err));
    /* JSON in every case: it is what scripts and people alike want to keep of a new client. */
    json_t *out = json_pack("{s:s,s:s}", "kmid", kmid, "id", args->id);
    if (out != NULL && args->show_km)
        (void)json_object_set_new(out, "km", json_string(hex));
    return adm_print_json(out, err);
}

om_rc adm_client_add(const struct adm_args *args, struct om_error *err)
{
    if (args->flavour != NULL)
        return adm_client_certificate_add(args, err);
    OM_TRY(check_add_args(args, err));
    struct maf_admin_client client = {
        .role = adm_program.role, .id = args->id, .admin_fqdn = args->stakeholder, .kmid = args->kmid};
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &client.expires, err));
    struct om_secret km = OM_SECRET_INIT;
    struct om_secret generated = OM_SECRET_INIT;
    OM_TRY(reserve_km_file(args->km_out, err));
    char kmid[M2M_KEY_ID_SIZE];
    struct adm adm;
    om_rc rc = args->km_file != NULL ? adm_read_km(args->km_file, &km, err) : OM_OK;
    if (rc == OM_OK)
        rc = adm_open(args->dir, &adm, err);
    if (rc == OM_OK) {
        rc = maf_admin_client_add(adm.store, adm.se, adm.cfg.fqdn, &client,
                                  args->km_file != NULL ? &km : NULL, &generated, kmid, err);
        adm_close(&adm);
    }
    if (rc != OM_OK && args->km_out != NULL)
        (void)unlink(args->km_out);
    om_secret_free(&km);
    char hex[2 * KM_MAX + 1] = "";
    if (rc == OM_OK && generated.len <= KM_MAX) {
        om_hex_lower(hex, generated.octets, generated.len);
        rc = print_added(args, kmid, hex, err);
    }
    om_wipe(hex, sizeof hex);
    om_secret_free(&generated);
    return rc;
}

static const char *state_name(const struct store_credential *r)
{
    return r->state == STORE_CREDENTIAL_REVOKED ? "revoked" : "active";
}

static json_t *credential_json(const struct store_credential *r)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:b,s:o,s:o}", "kmid", r->kmid, "id", r->identity, "adminFQDN",
                     r->admin_fqdn, "state", state_name(r), "assigned", r->assigned, "created",
                     adm_time_json(r->created), "expires", adm_time_json(r->expires));
}

static void print_credential(const struct store_credential *r)
{
    char expires[M2M_TIMESTAMP_SIZE];
    (void)printf("%s  %s  %s  %s  expires %s\n", r->kmid, r->identity, r->admin_fqdn, state_name(r),
                 adm_time_text(r->expires, expires));
}

struct lister {
    json_t *array;
    bool json;
    size_t bad;
};

static bool list_one(void *arg, const struct store_credential *r, const struct om_error *bad)
{
    struct lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "%s: credential %s: %s\n", adm_program.kind->admin, r->kmid, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, credential_json(r));
    } else {
        print_credential(r);
    }
    return true;
}

om_rc adm_client_list(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    struct lister l = {.array = json_array(), .json = args->json};
    om_rc rc = store_credential_list(adm.store, list_one, &l, err);
    if (rc == OM_OK)
        rc = adm_client_certificate_list(adm.store, args->json ? l.array : NULL, &l.bad, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(json_incref(l.array), err);
    json_decref(l.array);
    OM_TRY(rc);
    return adm_bad_rows(l.bad, "credentials", err);
}

om_rc adm_kmid(const struct adm *adm, const char *text, char out[M2M_KEY_ID_SIZE], struct om_error *err)
{
    if (strchr(text, '@') != NULL)
        return om_copy_text(out, M2M_KEY_ID_SIZE, text, err);
    return m2m_key_id_join(out, text, adm->cfg.fqdn, err);
}

om_rc adm_client_show(const struct adm_args *args, struct om_error *err)
{
    if (adm_is_certificate(args->operand))
        return adm_client_certificate_show(args, err);
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    char kmid[M2M_KEY_ID_SIZE];
    struct store_credential r = {0};
    om_rc rc = adm_kmid(&adm, args->operand, kmid, err);
    if (rc == OM_OK)
        rc = store_credential_get(adm.store, kmid, &r, err);
    adm_close(&adm);
    OM_TRY(rc);
    if (args->json)
        return adm_print_json(credential_json(&r), err);
    print_credential(&r);
    return OM_OK;
}

om_rc adm_client_revoke(const struct adm_args *args, struct om_error *err)
{
    if (adm_is_certificate(args->operand))
        return adm_client_certificate_revoke(args, err);
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    char kmid[M2M_KEY_ID_SIZE];
    om_rc rc = adm_kmid(&adm, args->operand, kmid, err);
    if (rc == OM_OK)
        rc = maf_admin_client_revoke(adm.store, kmid, err);
    adm_close(&adm);
    return rc;
}

static om_rc show_config(struct store *store, const char *id, const char *admin, struct om_error *err)
{
    char *text = NULL;
    OM_TRY(store_client_cfg_get(store, id, admin, &text, err));
    json_t *tree = json_loads(text, 0, NULL);
    free(text);
    if (tree == NULL)
        return om_fail(err, OM_EINTERNAL, "the configuration left for %s is not JSON", id);
    return adm_print_json(tree, err);
}

om_rc adm_client_config(const struct adm_args *args, struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    char *json = NULL;
    struct adm adm;
    if (args->ids.n != 1)
        return om_fail(err, OM_EINPUT, "a configuration is for one --id");
    if (args->remove && args->file != NULL)
        return om_fail(err, OM_EINPUT, "give --file or --remove, not both");
    OM_TRY(adm_fqdn(args->stakeholder, admin, err));
    if (args->file != NULL)
        OM_TRY(adm_read_text(args->file, STORE_POLICY_MAX - 1, &json, err));
    om_rc rc = adm_open(args->dir, &adm, err);
    if (rc == OM_OK) {
        rc = json != NULL || args->remove
                 ? maf_admin_client_cfg(adm.store, adm_program.role, args->id, admin, json, err)
                 : show_config(adm.store, args->id, admin, err);
        adm_close(&adm);
    }
    free(json);
    return rc;
}
