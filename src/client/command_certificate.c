/* CERT_PROV (TS-0003 8.3.9.5): a certificate from the MEF that gave the command, by EST. */
#include "client/command.h"
#include "client/est.h"

#include <string.h>

static int unacceptable(struct om_error *why, const char *what)
{
    (void)om_fail(why, OM_EINPUT, "%s", what);
    return M2M_CMD_UNACCEPTABLE_ARGUMENTS;
}

/* The identity is this client's; of a CSE-ID the certificate has the domain name that follows from it. */
static int fill(const struct openmaf *maf, const struct m2m_command *c, struct est_wish *wish,
                struct om_error *why)
{
    if (c->protocol != M2M_CERT_PROV_EST)
        return unacceptable(why, "certProvProtocolID is not EST (docs/adr/0096)");
    *wish = (struct est_wish){.uri = c->uri};
    switch (c->subject_type) {
    case M2M_CERT_NODE_ID:
        wish->flavour = PKI_NODE;
        wish->name = c->subject;
        return M2M_CMD_OK;
    case M2M_CERT_CSE_ID:
        wish->flavour = PKI_CSE;
        break;
    default:
        wish->flavour = PKI_AE;
        break;
    }
    return strcmp(c->subject, maf->home.id) == 0
               ? M2M_CMD_OK
               : unacceptable(why, "certSubjectID is another entity than this client");
}

static int status_of(om_rc rc)
{
    switch (rc) {
    case OM_OK:
        return M2M_CMD_OK;
    case OM_EINPUT: /* the URI, or a name that certSubjectType does not have */
        return M2M_CMD_UNACCEPTABLE_ARGUMENTS;
    case OM_EDENIED:
    case OM_EUNSUPPORTED:
    case OM_EINTEGRITY:
    case OM_ETRANSIENT:
        return M2M_CMD_CERT_PROV_SERVER_ERROR;
    default:
        return M2M_CMD_CERT_PROV_CLIENT_ERROR;
    }
}

/* A certificate that is there and not near its end is what the command wants: after an interruption it may be
 * executed again. */
int command_certificate(struct openmaf *maf, const struct m2m_command *c, struct om_error *why)
{
    struct est_wish wish;
    struct est_outcome outcome;
    int status = fill(maf, c, &wish, why);
    if (status != M2M_CMD_OK)
        return status;
    om_rc rc = home_lock(&maf->home, maf->home.timeout, &maf->lock, why);
    if (rc != OM_OK)
        return M2M_CMD_CERT_PROV_CLIENT_ERROR;
    rc = est_provision(maf, &wish, &outcome, why);
    home_unlock(maf->lock);
    maf->lock = -1;
    return status_of(rc);
}
