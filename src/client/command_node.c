/* MO_NODE (TS-0003 8.3.9.8): finds the object, checks that the command fits it, executes it. */
#include "client/command.h"

#include <stdio.h>

om_rc command_result(int code, const struct openmaf_error *error, struct om_error *err)
{
    return code == OPENMAF_OK ? OM_OK : om_fail(err, (om_rc)code, "%s", error->text);
}

static int refuse(int status, struct om_error *why, const char *text)
{
    (void)om_fail(why, OM_EINPUT, "%s", text);
    return status;
}

static int executed(om_rc rc)
{
    return rc == OM_OK ? M2M_CMD_OK : M2M_CMD_MO_NODE_EXECUTION_ERROR;
}

static int execute(struct openmaf *maf, const struct m2m_command *c, const struct object *o,
                   struct om_error *why)
{
    if (o->mo.type != c->object_type)
        return refuse(M2M_CMD_MO_NODE_TYPE_CONFLICT, why,
                      "the object is of another type than objectTypeID says");
    if ((c->object_type == M2M_MO_AUTHENTICATION_PROFILE) != (c->suid != 0))
        return refuse(M2M_CMD_MO_NODE_BAD_ARGS, why,
                      "a SUID belongs to an authenticationProfile, and to nothing else");
    switch (c->object_type) {
    case M2M_MO_AUTHENTICATION_PROFILE:
        return command_profile(maf, o, c->suid, why);
    case M2M_MO_TRUST_ANCHOR_CRED:
        return executed(command_anchor(maf, &o->mo, why));
    default:
        return executed(command_register(maf, o, why));
    }
}

int command_node(struct openmaf *maf, const struct m2m_command *c, struct om_error *why)
{
    struct object o;
    om_rc rc = object_read(maf, c->path, &o, why);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND || rc == OM_EINPUT ? M2M_CMD_MO_NODE_NOT_FOUND
                                                     : M2M_CMD_MO_NODE_EXECUTION_ERROR;
    int status = execute(maf, c, &o, why);
    object_free(&o);
    return status;
}
