/* Whole small files: read bounded, written so that a crash leaves either the old or the new one. */
#ifndef OPENMAF_UTIL_FILE_H
#define OPENMAF_UTIL_FILE_H

#include "util/secret.h"

/* Reads a regular file of at most max octets; out is replaced. OM_ENOTFOUND, OM_EINPUT (too long, not a
 * file). */
OM_MUST_USE om_rc om_file_read(const char *path, size_t max, struct om_secret *out, struct om_error *err);

/* As om_file_read, and refuses a file that group or others can read or write (OM_ECONFIG). For PINs and keys.
 */
OM_MUST_USE om_rc om_file_read_private(const char *path, size_t max, struct om_secret *out,
                                       struct om_error *err);

/* Opens a regular file for reading under the same conditions, for what is too long to be read whole; *fd is
 * the caller's to close. */
OM_MUST_USE om_rc om_file_open_private(const char *path, int *fd, struct om_error *err);

/* As om_file_read, for a file that says which code to load: refuses one that anybody but its owner can write
 * or replace, and one whose owner is neither this user nor root (OM_ECONFIG). */
OM_MUST_USE om_rc om_file_read_trusted(const char *path, size_t max, struct om_secret *out,
                                       struct om_error *err);

/* Writes path.tmp (mode, e.g. 0600), fsyncs, renames over path and fsyncs the directory. OM_ETRANSIENT. */
OM_MUST_USE om_rc om_file_write(const char *path, const void *p, size_t n, unsigned mode,
                                struct om_error *err);

/* Writes a file that must not exist yet (OM_ECONFLICT), fsynced. */
OM_MUST_USE om_rc om_file_create(const char *path, const void *p, size_t n, unsigned mode,
                                 struct om_error *err);

/* Makes a directory with mode 0700 if there is none. */
OM_MUST_USE om_rc om_dir_make(const char *path, struct om_error *err);

/* dir + "/" + name into out of cap octets. OM_EINPUT when it does not fit. */
OM_MUST_USE om_rc om_path_join(char *out, size_t cap, const char *dir, const char *name,
                               struct om_error *err);

#endif
