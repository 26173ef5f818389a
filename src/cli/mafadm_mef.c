/* mafadm mef: the MEFs that this MAF asks for remotely provisioned keys. */
#include "cli/mafadm_mef.h"
#include "maf/admin_mef.h"

#include <stdio.h>

static om_rc add(const struct adm_args *args, const struct maf_admin_mef *mef, const struct om_secret *kpm,
                 struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_mef_add(adm.store, adm.se, adm.cfg.fqdn, mef, kpm, err);
    if (rc == OM_OK && kpm == NULL && (adm.cfg.certificates[0].key[0] == '\0' || adm.cfg.mef_crls.n == 0))
        (void)fprintf(stderr, "mafadm: MEF %s is refused until %s has [certificate] and [maf] mef-crls\n",
                      mef->fqdn, adm.cfg.kind->file);
    adm_close(&adm);
    return rc;
}

static om_rc add_by_kpmid(const struct adm_args *args, struct maf_admin_mef *mef, struct om_error *err)
{
    struct om_secret kpm = OM_SECRET_INIT;
    mef->kpmid = args->kmid;
    OM_TRY(adm_read_km(args->km_file, &kpm, err));
    om_rc rc = add(args, mef, &kpm, err);
    om_secret_free(&kpm);
    return rc;
}

static om_rc add_by_certificate(const struct adm_args *args, struct maf_admin_mef *mef, struct om_error *err)
{
    STACK_OF(X509) *anchors = NULL;
    OM_TRY(adm_read_anchors(args, &anchors, err));
    mef->anchors = anchors;
    om_rc rc = add(args, mef, NULL, err);
    sk_X509_pop_free(anchors, X509_free);
    return rc;
}

om_rc adm_mef_add(const struct adm_args *args, struct om_error *err)
{
    struct maf_admin_mef mef = {.fqdn = args->operand, .address = args->https, .vouches = &args->permit};
    bool kpmid = args->kmid != NULL && args->km_file != NULL;
    bool certificate = args->cert_anchors.n > 0 && args->kmid == NULL && args->km_file == NULL;
    if (certificate)
        return add_by_certificate(args, &mef, err);
    if (kpmid && args->cert_anchors.n == 0)
        return add_by_kpmid(args, &mef, err);
    return om_fail(err, OM_EINPUT,
                   "give either --kmid and --km-file, or --cert-anchor for a MEF at which the MAF uses its "
                   "certificate");
}

om_rc adm_mef_remove(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_mef_remove(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}

static json_t *mef_json(const struct store_mef *r)
{
    json_t *kpmid = r->kpmid[0] != '\0' ? json_string(r->kpmid) : json_null();
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}", "mefFQDN", r->fqdn, "address", r->address, "kpmid", kpmid,
                     "anchors", adm_list_json(&r->anchors), "vouchesFor", adm_list_json(&r->vouches),
                     "created", adm_time_json(r->created));
}

static bool mef_row(void *arg, const struct store_mef *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "mafadm: MEF %s: %s\n", r->fqdn, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, mef_json(r));
    } else {
        (void)printf("%s  %s  %s\n", r->fqdn, r->address, r->kpmid[0] != '\0' ? r->kpmid : "by certificate");
    }
    return true;
}

static om_rc list_mefs(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_mef_list(store, mef_row, l, err);
}

om_rc adm_mef_list(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "MEFs", list_mefs, err);
}
