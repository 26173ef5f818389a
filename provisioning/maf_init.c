/* Making a MAF directory: see maf_init.h. */
#include "provisioning/maf_init.h"
#include "se/se.h"
#include "store/store.h"
#include "util/file.h"

#include <string.h>
#include <unistd.h>

static om_rc make_database(const struct config_init *init, struct se *se, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, init->dir, init->kind->database, err));
    struct store_auth auth;
    OM_TRY(store_auth_token(se, &auth, err));
    if (access(path, F_OK) != 0)
        return store_create(path, &auth, err);
    /* Left by an init that was interrupted: good only if it opens with this token. */
    struct store *store = NULL;
    OM_TRY(store_open(path, &auth, &store, err));
    store_close(store);
    return OM_OK;
}

om_rc maf_init_directory(const struct config_init *init, struct om_error *err)
{
    if (!m2m_is_fqdn(init->fqdn))
        return om_fail(err, OM_EINPUT,
                       "'%.80s' is not a %s-FQDN: lower-case labels of letters, digits and '-', such as "
                       "%s.example.com",
                       init->fqdn, init->kind->what, init->kind->section);
    char conf[PATH_MAX];
    OM_TRY(om_path_join(conf, sizeof conf, init->dir, init->kind->file, err));
    if (access(conf, F_OK) == 0)
        return om_fail(err, OM_ECONFLICT, "%s exists already: this directory is a %s", conf,
                       init->kind->what);
    OM_TRY(om_dir_make(init->dir, err));
    struct se *se = NULL;
    OM_TRY(se_open(init->token_uri, init->pin_source, NULL, &se, err));
    om_rc rc = se_provision(se, err);
    if (rc == OM_OK)
        rc = make_database(init, se, err);
    se_close(se);
    OM_TRY(rc);
    return config_create(init, err);
}
