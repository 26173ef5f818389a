/* The attribute table of resource.c. Internal to this module. */
#ifndef OPENMAF_ONEM2M_ATTRIBUTE_H
#define OPENMAF_ONEM2M_ATTRIBUTE_H

#include "onem2m/value.h"

enum { M2M_TYPES = 6 }; /* MAFBase, mafClientReg, symmKeyReg, MEFBase, mefClientReg, mefClientCmd */

/* May a request of this kind carry the attribute? */
enum m2m_presence {
    M2M_NOT_PRESENT = '-',
    M2M_MANDATORY = 'M',
    M2M_OPTIONAL = 'O',
    M2M_NULLABLE = 'N', /* optional, and null deletes it */
};

struct m2m_attribute {
    const char *name; /* short name */
    unsigned bit;
    const struct m2m_kind *kind;
    size_t offset; /* of the member of struct m2m_resource */
    size_t size;
    /* Per resource type: enum m2m_presence in CREATE, then in UPDATE; NULL when the type has no such
     * attribute. */
    const char *presence[M2M_TYPES];
};

/* Row number `i`, NULL after the last. Rows come in the order in which content is written. */
const struct m2m_attribute *m2m_attribute_at(size_t i);

/* Column of a resource type, or -1 for a type that this table does not know. */
int m2m_type_column(int type);

#endif
