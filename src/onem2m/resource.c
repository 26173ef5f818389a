/* The attributes of the resources of Mmaf: one line each (spec/wire §2). */
#include "onem2m/attribute.h"

#include "onem2m/wire_names.h"

#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define MEMBER(m) offsetof(struct m2m_resource, m), sizeof(((struct m2m_resource *)0)->m)
#define ROW(NAME, kind, member, base, reg, key)                                                              \
    {                                                                                                        \
        WIRE_##NAME, M2M_A_##NAME, &m2m_kind_##kind, MEMBER(member),                                         \
        {                                                                                                    \
            base, reg, key                                                                                   \
        }                                                                                                    \
    }

/* clang-format off */
static const struct m2m_attribute attributes[] = {
    /*  name  kind       member  MAFBase mafClientReg symmKeyReg: CREATE and UPDATE, see enum m2m_presence */
    ROW(RN,   relative,  rn,     "--",   "--",        "--"),
    ROW(RI,   relative,  ri,     "--",   "--",        "--"),
    ROW(TY,   number,    type,   "--",   "--",        "--"),
    ROW(PI,   relative,  pi,     NULL,   "--",        "--"),
    ROW(CT,   timestamp, ct,     "--",   "--",        "--"),
    ROW(LT,   timestamp, lt,     "--",   "--",        "--"),
    ROW(ET,   timestamp, et,     NULL,   "MO",        "MO"),
    ROW(LBL,  labels,    lbl,    NULL,   "ON",        "ON"),
    ROW(CR,   creator,   cr,     NULL,   "--",        "--"),
    ROW(ADFQ, fqdn,      adfq,   NULL,   "M-",        "M-"),
    ROW(ASKI, key_id,    aski,   NULL,   "--",        NULL),
    ROW(MCCF, config,    mccf,   NULL,   "--",        NULL), /* NOLINT(bugprone-sizeof-expression): a pointer */
    ROW(SUID, suid,      suid,   NULL,   NULL,        "M-"),
    ROW(TGIS, targets,   tgis,   NULL,   NULL,        "OO"),
    ROW(KYV,  key_value, kyv,    NULL,   NULL,        "O-"),
    ROW(FQDN, fqdn,      fqdn,   "--",   NULL,        NULL),
    ROW(SRV,  versions,  srv,    "--",   NULL,        NULL),
};
/* clang-format on */

static const struct {
    int type;
    const char *member;
} types[M2M_TYPES] = {
    {WIRE_TY_MAF_BASE, WIRE_MAF_BASE},
    {WIRE_TY_MAF_CLIENT_REG, WIRE_MAF_CLIENT_REG},
    {WIRE_TY_SYMM_KEY_REG, WIRE_SYMM_KEY_REG},
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
    memset(r, 0, sizeof *r);
}
