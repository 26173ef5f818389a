/* Row authentication by a token. */
#include "store/store.h"

static om_rc row_mac(void *arg, const struct se_part *parts, size_t n, uint8_t out[SE_MAC_SIZE],
                     struct om_error *err)
{
    return se_row_mac(arg, parts, n, out, err);
}

om_rc store_auth_token(struct se *se, struct store_auth *out, struct om_error *err)
{
    *out = (struct store_auth){.mac = row_mac, .arg = se};
    return se_root_id(se, out->root_id, err);
}
