/* Keys of the authorities in the token: see ca.h. */
#include "provisioning/ca.h"
#include "se/signer.h"

#include <stdio.h>
#include <string.h>

/* One that an interrupted ca_init left is used: nothing was signed with it yet. */
static om_rc find_or_make(struct se *se, const char *name, bool make, struct se_signer **out,
                          struct om_error *err)
{
    om_rc rc = se_signer_find(se, name, out, err);
    return rc == OM_ENOTFOUND && make ? se_signer_make(se, name, out, err) : rc;
}

om_rc ca_key(const struct ca *ca, const char *authority, bool make, EVP_PKEY **out, struct om_error *err)
{
    char name[SE_NAME_MAX + 1];
    struct se_signer *signer = NULL;
    *out = NULL;
    for (size_t i = 0; ca->keys != NULL && i < CA_AUTHORITIES; i++) {
        if (ca->keys[i] != NULL && strcmp(authority, ca_authority_names[i]) == 0 &&
            EVP_PKEY_up_ref(ca->keys[i]) == 1) {
            *out = ca->keys[i];
            return OM_OK;
        }
    }
    (void)snprintf(name, sizeof name, "openmaf-ca-%s", authority);
    om_rc rc = find_or_make(ca->se, name, make, &signer, err);
    if (rc != OM_OK)
        return om_context(err, rc, "key of certification authority '%s'", authority);
    rc = omtls_signing_key(ca->libctx, signer, out, err);
    se_signer_unref(signer);
    return rc;
}
