/* The enrolment at the MEF (TS-0003 8.3.2.1, 8.3.2.2), client side: see enrol.h. */
#include "client/enrol.h"
#include "client/exchange.h"
#include "derive/derive.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

#define SUID_KM 21 /* MEF-RP-1 */

struct work {
    struct openmaf *maf;
    struct enrolment *e;
};

/* Step 4. Km is in host memory once, here, as one that is imported (docs/custody.md). */
static om_rc derive_km(struct openmaf *maf, struct enrolment *e, struct om_error *err)
{
    uint8_t km[SE_MAC_SIZE];
    struct se_key *ke = NULL;
    struct se_forms forms;
    OM_TRY(se_load(maf->se, &e->ke, SE_USE_HMAC, &ke, err));
    om_rc rc = om_derive_usage_key(ke, SUID_KM, maf->home.maf.fqdn, km, err);
    se_key_unref(ke);
    if (rc == OM_OK)
        rc = se_import_forms(maf->se, km, sizeof km, SE_FORM_PSK | SE_FORM_PSK13, &forms, err);
    om_wipe(km, sizeof km);
    if (rc != OM_OK)
        return rc;
    e->km.psk = forms.psk;
    e->km.forms = forms.psk13;
    e->km.tls13 = true;
    return OM_OK;
}

/* MEF-EK-1: octets 0..15 name the key, octets 16..47 stay in the token. */
static om_rc take_ke(void *arg, SSL *ssl, struct om_error *err)
{
    const struct work *w = arg;
    const struct home_server *mef = &w->maf->home.mef;
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    char relative[33];
    struct se_forms forms;
    OM_TRY(omtls_export_forms(ssl, mef->role->label, id, SE_FORM_KEY, &forms, err));
    m2m_relative_key_id(relative, id);
    OM_TRY(m2m_key_id_join(w->e->km.kmid, relative, mef->fqdn, err));
    w->e->ke = forms.key;
    return OM_OK;
}

/* Nothing has to be asked for: the MEF has stored Ke when its handshake ends. What is asked is harmless, and
 * its answer tells that the session is good at the other end too. */
static om_rc hold_session(struct openmaf *maf, struct work *w, struct om_error *err)
{
    struct exchange x;
    om_rc rc = exchange_init(&x, maf, &maf->home.mef, M2M_OP_RETRIEVE, NULL, err);
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_OK, take_ke, w, err);
    exchange_free(&x);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "enrolment at the MEF");
}

om_rc enrol_at_mef(struct openmaf *maf, struct enrolment *e, struct om_error *err)
{
    struct enrolment next = {.phase = ENROLMENT_ENROLLED};
    struct work w = {.maf = maf, .e = &next};
    if (maf->home.mef.fqdn[0] == '\0')
        return om_fail(err, OM_ECONFIG, "%s names no MEF: section [mef] of %s says which one provisions keys",
                       maf->home.dir, HOME_CONFIG_FILE);
    memcpy(next.stakeholder, e->stakeholder, sizeof next.stakeholder);
    memcpy(next.kmid, e->kmid, sizeof next.kmid);
    OM_TRY(hold_session(maf, &w, err));
    OM_TRY(enrolment_check_new(maf, next.km.kmid, err)); /* MEF-EK-4 */
    OM_TRY(derive_km(maf, &next, err));
    next.made = client_now();
    next.expires = next.made + maf->home.enrolment_expiry; /* MEF-EK-2 */
    *e = next;
    return enrolment_write(maf, e, err);
}
