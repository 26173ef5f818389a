/* Making a MAF directory: see maf_init.h. */
#include "provisioning/maf_init.h"
#include "se/se.h"
#include "store/store.h"
#include "util/file.h"

#include <string.h>
#include <unistd.h>

static om_rc make_database(const char *dir, struct se *se, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, dir, "maf.db", err));
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
                       "'%.80s' is not a MAF-FQDN: lower-case labels of letters, digits and '-', such as "
                       "maf.example.com",
                       init->fqdn);
    char conf[PATH_MAX];
    OM_TRY(om_path_join(conf, sizeof conf, init->dir, CONFIG_FILE_NAME, err));
    if (access(conf, F_OK) == 0)
        return om_fail(err, OM_ECONFLICT, "%s exists already: this directory is a MAF", conf);
    OM_TRY(om_dir_make(init->dir, err));
    struct se *se = NULL;
    OM_TRY(se_open(init->token_uri, init->pin_source, NULL, &se, err));
    om_rc rc = se_provision(se, err);
    if (rc == OM_OK)
        rc = make_database(init->dir, se, err);
    se_close(se);
    OM_TRY(rc);
    return config_create(init, err);
}
