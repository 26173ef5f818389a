/* The resources of Mmaf and Mmef and their codec. One table (resource.c) lists every attribute once: its
 * name, type, member and who may send it. JSON and CBOR share it: content is a jansson tree; CBOR is
 * converted to and from such a tree. */
#ifndef OPENMAF_ONEM2M_RESOURCE_H
#define OPENMAF_ONEM2M_RESOURCE_H

#include "onem2m/types.h"
#include "util/secret.h"

#include <jansson.h>

/* Bits that name the attributes of struct m2m_resource. */
enum m2m_attr {
    M2M_A_TY = 1 << 0,
    M2M_A_RI = 1 << 1,
    M2M_A_RN = 1 << 2,
    M2M_A_PI = 1 << 3,
    M2M_A_CT = 1 << 4,
    M2M_A_LT = 1 << 5,
    M2M_A_ET = 1 << 6,
    M2M_A_LBL = 1 << 7,
    M2M_A_CR = 1 << 8,
    M2M_A_ADFQ = 1 << 9,
    M2M_A_ASKI = 1 << 10,
    M2M_A_MCCF = 1 << 11,
    M2M_A_SUID = 1 << 12,
    M2M_A_TGIS = 1 << 13,
    M2M_A_KYV = 1 << 14,
    M2M_A_FQDN = 1 << 15,
    M2M_A_SRV = 1 << 16,
    M2M_A_CH = 1 << 17,
    M2M_A_DCFU = 1 << 18,
    M2M_A_CMID = 1 << 19,
    M2M_A_CMDS = 1 << 20,
    M2M_A_CMSC = 1 << 21,
};

#define M2M_URI_SIZE 256 /* of any URI or path that we accept, with the NUL */

/* Any resource of Mmaf or Mmef in decoded form. `present` tells which members count; `nulls` which attributes
 * were given as null (they are not in `present`). Zero-initialise; free with m2m_resource_free. */
struct m2m_resource {
    int type; /* WIRE_TY_... */
    unsigned present;
    unsigned nulls;
    char ri[M2M_RELATIVE_SIZE];
    char rn[M2M_RELATIVE_SIZE];
    char pi[M2M_RELATIVE_SIZE];
    int64_t ct, lt, et;
    struct m2m_list lbl;
    char cr[M2M_ID_SIZE];
    char adfq[M2M_FQDN_SIZE];
    char aski[M2M_KEY_ID_SIZE];
    json_t *mccf; /* owned; checked by m2m_client_cfg_check */
    unsigned suid;
    struct m2m_list tgis; /* syntax of each ID is checked here, count rules by the procedures */
    struct om_secret kyv;
    char fqdn[M2M_FQDN_SIZE];
    struct m2m_list srv;
    char ch[M2M_URI_SIZE]; /* address of the one child that a mefClientReg can have, its mefClientCmd */
    char dcfu[M2M_URI_SIZE];
    int64_t cmid;
    json_t *cmds; /* owned; an object: see command.h */
    int cmsc;
};

void m2m_resource_free(struct m2m_resource *r); /* wipes kyv; leaves it zeroed */

enum m2m_direction {
    M2M_CREATE_REQUEST,
    M2M_UPDATE_REQUEST,
    M2M_RESPONSE, /* as a client reads it: any known attribute of the type, unknown ones ignored */
};

/* Decodes content {"sec:xxx": {...}} that must hold a resource of `type`. In requests: exactly one member,
 * unknown attribute, NP attribute, wrong JSON type, bad syntax or missing mandatory one (CREATE) -> OM_EINPUT
 * with one line that names the attribute. null is recorded in `nulls` for optional attributes in UPDATE,
 * refused elsewhere. Whether a timestamp is past, target counts and so on are the procedures' business. */
OM_MUST_USE om_rc m2m_resource_decode(const json_t *content, int type, enum m2m_direction direction,
                                      struct m2m_resource *out, struct om_error *err);

/* The attributes of r that are in both r->present and mask, as {"sec:xxx": {...}}. *out is a new reference.
 */
OM_MUST_USE om_rc m2m_resource_encode(const struct m2m_resource *r, unsigned mask, json_t **out,
                                      struct om_error *err);

/* Attribute bit for a short name valid in `type`, or 0. */
unsigned m2m_attr_by_name(int type, const char *short_name);

/* Member name ("sec:mafcr") of a type, or NULL. */
const char *m2m_type_member(int type);

/* Checks a mafClientCfg object: clientRegCfg 0..1 and keyRegCfg 0..n, each attribute known and well formed.
 */
OM_MUST_USE om_rc m2m_client_cfg_check(const json_t *cfg, struct om_error *err);

#endif
