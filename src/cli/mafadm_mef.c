/* mafadm mef: the MEFs that this MAF asks for remotely provisioned keys. */
#include "cli/mafadm_mef.h"
#include "maf/admin_mef.h"

#include <stdio.h>

om_rc adm_mef_add(const struct adm_args *args, struct om_error *err)
{
    struct om_secret kpm = OM_SECRET_INIT;
    struct maf_admin_mef mef = {
        .fqdn = args->operand, .address = args->https, .kpmid = args->kmid, .vouches = &args->permit};
    struct adm adm;
    if (args->permit.n == 0)
        return om_fail(err, OM_EINPUT, "--permit is needed: which clients the MEF may vouch for");
    OM_TRY(adm_read_km(args->km_file, &kpm, err));
    om_rc rc = adm_open(args->dir, &adm, err);
    if (rc == OM_OK) {
        rc = maf_admin_mef_add(adm.store, adm.se, adm.cfg.fqdn, &mef, &kpm, err);
        adm_close(&adm);
    }
    om_secret_free(&kpm);
    return rc;
}

om_rc adm_mef_remove(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_mef_remove(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}

static bool mef_row(void *arg, const struct store_mef *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "mafadm: MEF %s: %s\n", r->fqdn, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, json_pack("{s:s,s:s,s:s,s:o,s:o}", "mefFQDN", r->fqdn,
                                                        "address", r->address, "kpmid", r->kpmid,
                                                        "vouchesFor", adm_list_json(&r->vouches), "created",
                                                        adm_time_json(r->created)));
    } else {
        (void)printf("%s  %s  %s\n", r->fqdn, r->address, r->kpmid);
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
