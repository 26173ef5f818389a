/* The operator's side of MEF Client Commands: see admin.h. */
#include "mef/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mef/mef_internal.h"
#include "onem2m/command.h"
#include "util/log.h"
#include "util/text.h"

/* What the MEF must not ask of a client (spec/mef §7). */
static om_rc check_meaning(const struct m2m_command *c, const char *mef_fqdn, struct om_error *err)
{
    char host[M2M_FQDN_SIZE];
    if (c->command_class == M2M_CMD_NO_MORE_COMMANDS)
        return om_fail(err, OM_EINPUT, "NO_MORE_COMMANDS is sent when the queue is empty; it is not queued");
    if (c->command_class != M2M_CMD_CERT_PROV)
        return OM_OK;
    OM_TRY(m2m_uri_host(c->uri, host, err));
    return strcmp(host, mef_fqdn) == 0
               ? OM_OK
               : om_fail(err, OM_EINPUT, "certificates are provisioned by this MEF: the URI must name %s",
                         mef_fqdn);
}

static om_rc check(const char *json, const char *mef_fqdn, struct om_error *err)
{
    json_t *tree = NULL;
    struct m2m_command command;
    int status;
    OM_TRY(m2m_json_parse(json, strlen(json), &tree, err));
    om_rc rc = m2m_command_parse(tree, &command, &status, err);
    json_decref(tree);
    if (rc == OM_OK)
        rc = check_meaning(&command, mef_fqdn, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "cmdDescription");
}

/* cmdIDs of queued commands are even (client_command.c), and not to be guessed from one another. */
static om_rc create(struct store *store, struct se *se, struct store_command *r, struct om_error *err)
{
    om_rc rc = OM_ECONFLICT;
    for (unsigned i = 0; i < MAF_ID_ATTEMPTS && rc == OM_ECONFLICT; i++) {
        uint32_t id = 0;
        OM_TRY(se_random(se, &id, sizeof id, err));
        (void)snprintf(r->id, sizeof r->id, "%" PRIu32, (id & (uint32_t)INT32_MAX & ~1U) | 2U);
        rc = store_command_create(store, r, err);
    }
    return rc;
}

om_rc mef_admin_command_add(struct store *store, struct se *se, const char *mef_fqdn, const char *identity,
                            const char *admin_fqdn, const char *json, char id_out[M2M_RELATIVE_SIZE],
                            struct om_error *err)
{
    struct store_command r = {.state = STORE_COMMAND_WAITING, .created = (int64_t)time(NULL)};
    if (!maf_role_mef.is_client_id(identity) && !m2m_is_credential_id(identity))
        return om_fail(err, OM_EINPUT, "'%.80s' is neither an Absolute AE-ID or CSE-ID nor a Credential-ID",
                       identity);
    OM_TRY(check(json, mef_fqdn, err));
    OM_TRY(om_copy_text(r.identity, sizeof r.identity, identity, err));
    if (m2m_fold(r.admin_fqdn, sizeof r.admin_fqdn, admin_fqdn, NULL) != OM_OK || !m2m_is_fqdn(r.admin_fqdn))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an FQDN", admin_fqdn);
    r.description = strdup(json);
    if (r.description == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a command");
    om_rc rc = create(store, se, &r, err);
    if (rc == OM_OK) {
        memcpy(id_out, r.id, sizeof r.id);
        om_audit("command-queued", "id=%s client=%s admin=%s", r.id, r.identity, r.admin_fqdn);
    }
    store_command_free(&r);
    return rc;
}

om_rc mef_admin_command_remove(struct store *store, const char *id, struct om_error *err)
{
    om_rc rc = store_command_delete(store, id, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no command %.40s", id);
    if (rc == OM_OK)
        om_audit("command-removed", "id=%s", id);
    return rc;
}
