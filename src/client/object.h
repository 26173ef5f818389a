/* The management objects of a home (onem2m/object.h): put there by whoever manages the device, executed when
 * a MEF Client Command names them. One record each. */
#ifndef OPENMAF_CLIENT_OBJECT_H
#define OPENMAF_CLIENT_OBJECT_H

#include "client/client.h"
#include "client/record.h"
#include "onem2m/object.h"

struct object {
    char path[M2M_URI_SIZE];
    struct m2m_object mo;
    json_t *json;                 /* as it was put; owned */
    char key_id[M2M_KEY_ID_SIZE]; /* authenticationProfile: the key that a command registered by it, or "" */
};
void object_free(struct object *o); /* what it holds; and zeroes it */

/* The record of a path. OM_EINPUT: it is none. */
OM_MUST_USE om_rc object_record_name(const char *path, char name[RECORD_NAME_SIZE], struct om_error *err);
OM_MUST_USE om_rc object_read_named(struct openmaf *maf, const char *name, struct object *o,
                                    struct om_error *err);

/* That of a path. OM_ENOTFOUND; o is zeroed when it fails. */
OM_MUST_USE om_rc object_read(struct openmaf *maf, const char *path, struct object *o, struct om_error *err);
OM_MUST_USE om_rc object_write(struct openmaf *maf, const struct object *o, struct om_error *err);

/* The object above it. OM_ENOTFOUND: there is none. */
OM_MUST_USE om_rc object_parent(struct openmaf *maf, const char *path, struct object *o,
                                struct om_error *err);

/* Calls fn for each object directly below `parent`, or for each at all (NULL), in no certain order, until it
 * fails; o is freed after each call. Any object that is refused ends it: it may have been one of them. */
typedef om_rc object_fn(void *arg, struct object *o, struct om_error *err);
OM_MUST_USE om_rc object_each(struct openmaf *maf, const char *parent, object_fn *fn, void *arg,
                              struct om_error *err);

/* The only object of that type directly below. OM_ENOTFOUND: none; OM_ECONFLICT: several. */
OM_MUST_USE om_rc object_child(struct openmaf *maf, const char *parent, int type, struct object *o,
                               struct om_error *err);

#endif
