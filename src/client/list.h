/* All records of a kind as an array for the caller. */
#ifndef OPENMAF_CLIENT_LIST_H
#define OPENMAF_CLIENT_LIST_H

#include "client/client.h"
#include "client/record.h"

/* Makes the public object for one record; a record that is refused becomes an object with its problem in it.
 * NULL: no memory. */
typedef void *list_make(struct openmaf *maf, const char *name);

/* *items is an array of *n such objects, NULL when there are none. */
OM_MUST_USE om_rc list_records(struct openmaf *maf, enum record_kind kind, list_make *make,
                               void (*discard)(void *), void ***items, size_t *n, struct om_error *err);

/* Frees each and the array. */
void list_free(void **items, size_t n, void (*discard)(void *));

#endif
