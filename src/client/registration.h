/* The home's record of a client registration at one of its servers. */
#ifndef OPENMAF_CLIENT_REGISTRATION_H
#define OPENMAF_CLIENT_REGISTRATION_H

#include "client/client.h"
#include "onem2m/resource.h"

struct registration {
    struct openmaf_registration pub; /* first; points into this structure */
    char stakeholder[M2M_FQDN_SIZE];
    char id[M2M_RELATIVE_SIZE]; /* mafClientRegID */
    char client_id[M2M_ID_SIZE];
    char problem[sizeof((struct om_error *)0)->text];
    struct m2m_list labels;
    json_t *configuration;    /* mafClientCfg, owned, or NULL */
    char *configuration_text; /* the same for pub */
};

/* Zeroed; NULL: no memory. Freed with openmaf_registration_free(&r->pub), which allows NULL. */
struct registration *registration_new(void);

/* OM_ENOTFOUND when the home remembers none for the stakeholder; otherwise as record_read. */
OM_MUST_USE om_rc registration_read(struct openmaf *maf, const struct home_server *server,
                                    const char *stakeholder, struct registration *r, struct om_error *err);
OM_MUST_USE om_rc registration_write(struct openmaf *maf, const struct home_server *server,
                                     const struct registration *r, struct om_error *err);
OM_MUST_USE om_rc registration_remove(struct openmaf *maf, const struct home_server *server,
                                      const char *stakeholder, struct om_error *err);

/* Fills pub from the rest. */
OM_MUST_USE om_rc registration_publish(struct registration *r, struct om_error *err);

/* The keyRegCfg that its mafClientCfg has for a SUID, or NULL (MAF-CC-6). */
const json_t *registration_key_cfg(const struct registration *r, unsigned suid);

#endif
