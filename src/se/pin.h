/* Where a PIN comes from: a file or the service manager's credentials directory, never the environment or
 * the command line. Linked into every plug-in (static library se_plugin_support), so that all read it alike.
 */
#ifndef OPENMAF_SE_PIN_H
#define OPENMAF_SE_PIN_H

#include "util/secret.h"

#define SE_PIN_MIN 4
#define SE_PIN_MAX 128

/* OM_OK when pin_source is "file:PATH" or "credential:NAME"; nothing is read. OM_ECONFIG. */
OM_MUST_USE om_rc se_pin_check(const char *pin_source, struct om_error *err);

/* Reads the PIN, 4..128 octets without control characters; one newline at the end is dropped. *pin is
 * replaced; it has no NUL at the end.
 *   file:PATH        a regular file that neither group nor others can reach
 *   credential:NAME  $CREDENTIALS_DIRECTORY/NAME, NAME without '/' (systemd LoadCredential=)
 * OM_ECONFIG: malformed, missing, readable by others, or not a PIN. OM_ETRANSIENT: the file does not read. */
OM_MUST_USE om_rc se_pin_read(const char *pin_source, struct om_secret *pin, struct om_error *err);

#endif
