/* All records of a kind: see list.h. */
#include "client/list.h"
#include "onem2m/types.h"

#include <stdlib.h>

om_rc list_records(struct openmaf *maf, enum record_kind kind, list_make *make, void (*discard)(void *),
                   void ***items, size_t *n, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    OM_TRY(record_names(&maf->home, kind, &names, err));
    void **made = NULL;
    size_t done = 0;
    if (names.n > 0)
        made = calloc(names.n, sizeof *made);
    bool failed = names.n > 0 && made == NULL;
    while (!failed && done < names.n) {
        made[done] = make(maf, names.items[done]);
        failed = made[done] == NULL;
        if (!failed)
            done++;
    }
    m2m_list_free(&names);
    if (failed) {
        list_free(made, done, discard);
        return om_fail(err, OM_ENOMEM, "no memory for a list");
    }
    *items = made;
    *n = done;
    return OM_OK;
}

void list_free(void **items, size_t n, void (*discard)(void *))
{
    for (size_t i = 0; i < n; i++)
        discard(items[i]);
    free(items);
}
