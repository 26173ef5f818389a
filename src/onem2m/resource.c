/* The attributes of the resources of Mmaf and Mmef: one line each (spec/wire §2). */
#include "onem2m/attribute.h"

#include "onem2m/wire_names.h"

#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define MEMBER(m) offsetof(struct m2m_resource, m), sizeof(((struct m2m_resource *)0)->m)
#define ROW(NAME, kind, member, maf, reg, key, mef, mefreg, cmd)                                             \
    {                                                                                                        \
        WIRE_##NAME, M2M_A_##NAME, &m2m_kind_##kind, MEMBER(member),                                         \
        {                                                                                                    \
            maf, reg, key, mef, mefreg, cmd                                                                  \
        }                                                                                                    \
    }
#define NONE NULL

/* clang-format off */
static const struct m2m_attribute attributes[] = {
    /* CREATE and UPDATE, see enum m2m_presence:
     *    name  kind       member MAFBase mafClientReg symmKeyReg MEFBase mefClientReg mefClientCmd */
    ROW(RN,   relative,  rn,    "--",   "--",        "--",      "--",   "--",        "--"),
    ROW(RI,   relative,  ri,    "--",   "--",        "--",      "--",   "--",        NONE),
    ROW(TY,   number,    type,  "--",   "--",        "--",      "--",   "--",        "--"),
    ROW(PI,   relative,  pi,    NONE,   "--",        "--",      NONE,   "--",        "--"),
    ROW(CT,   timestamp, ct,    "--",   "--",        "--",      "--",   "--",        NONE),
    ROW(LT,   timestamp, lt,    "--",   "--",        "--",      "--",   "--",        NONE),
    ROW(ET,   timestamp, et,    NONE,   "MO",        "MO",      NONE,   "MO",        NONE),
    ROW(LBL,  labels,    lbl,   NONE,   "ON",        "ON",      NONE,   "ON",        NONE),
    ROW(CR,   creator,   cr,    NONE,   "--",        "--",      NONE,   "--",        NONE),
    ROW(ADFQ, fqdn,      adfq,  NONE,   "M-",        "M-",      NONE,   "M-",        NONE),
    ROW(ASKI, key_id,    aski,  NONE,   "--",        NONE,      NONE,   NONE,        NONE),
    ROW(MCCF, config,    mccf,  NONE,   "--",        NONE,      NONE,   "--",        NONE), /* NOLINT(bugprone-sizeof-expression): a pointer */
    ROW(CH,   child,     ch,    NONE,   NONE,        NONE,      NONE,   "--",        NONE),
    ROW(SUID, suid,      suid,  NONE,   NONE,        "M-",      NONE,   NONE,        NONE),
    ROW(TGIS, targets,   tgis,  NONE,   NONE,        "OO",      NONE,   NONE,        NONE),
    ROW(KYV,  key_value, kyv,   NONE,   NONE,        "O-",      NONE,   NONE,        NONE),
    ROW(FQDN, fqdn,      fqdn,  "--",   NONE,        NONE,      "--",   NONE,        NONE),
    ROW(SRV,  versions,  srv,   "--",   NONE,        NONE,      "--",   NONE,        NONE),
    ROW(DCFU, uri,       dcfu,  NONE,   NONE,        NONE,      "--",   NONE,        NONE),
    ROW(CMID, command_id, cmid, NONE,   NONE,        NONE,      NONE,   NONE,        "-M"),
    ROW(CMDS, object,    cmds,  NONE,   NONE,        NONE,      NONE,   NONE,        "--"), /* NOLINT(bugprone-sizeof-expression): a pointer */
    ROW(CMSC, number,    cmsc,  NONE,   NONE,        NONE,      NONE,   NONE,        "-M"),
};
/* clang-format on */

static const struct {
    int type;
    const char *member;
} types[M2M_TYPES] = {
    {WIRE_TY_MAF_BASE, WIRE_MAF_BASE},
    {WIRE_TY_MAF_CLIENT_REG, WIRE_MAF_CLIENT_REG},
    {WIRE_TY_SYMM_KEY_REG, WIRE_SYMM_KEY_REG},
    {WIRE_TY_MEF_BASE, WIRE_MEF_BASE},
    {WIRE_TY_MEF_CLIENT_REG, WIRE_MEF_CLIENT_REG},
    {WIRE_TY_MEF_CLIENT_CMD, WIRE_MEF_CLIENT_CMD},
};

const struct m2m_attribute *m2m_attribute_at(size_t i)
{
    return i < LENGTH(attributes) ? &attributes[i] : NULL;
}

int m2m_type_column(int type)
{
    for (int i = 0; i < M2M_TYPES; i++)
        if (types[i].type == type)
            return i;
    return -1;
}

const char *m2m_type_member(int type)
{
    int column = m2m_type_column(type);
    return column < 0 ? NULL : types[column].member;
}

unsigned m2m_attr_by_name(int type, const char *short_name)
{
    int column = m2m_type_column(type);
    for (size_t i = 0; column >= 0 && i < LENGTH(attributes); i++)
        if (attributes[i].presence[column] != NULL && strcmp(attributes[i].name, short_name) == 0)
            return attributes[i].bit;
    return 0;
}

void m2m_resource_free(struct m2m_resource *r)
{
    m2m_list_free(&r->lbl);
    m2m_list_free(&r->tgis);
    m2m_list_free(&r->srv);
    om_secret_free(&r->kyv);
    json_decref(r->mccf);
    json_decref(r->cmds);
    memset(r, 0, sizeof *r);
}
