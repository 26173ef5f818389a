/* PIN sources: see pin.h. */
#include "se/pin.h"
#include "util/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FILE_PREFIX       "file:"
#define CREDENTIAL_PREFIX "credential:"

/* What follows the prefix, or NULL when text does not begin with it. */
static const char *after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

om_rc se_pin_check(const char *pin_source, struct om_error *err)
{
    const char *path = after(pin_source, FILE_PREFIX);
    if (path != NULL)
        return path[0] != '\0' ? OM_OK : om_fail(err, OM_ECONFIG, "PIN source file: names no file");
    const char *name = after(pin_source, CREDENTIAL_PREFIX);
    if (name == NULL) /* not printed: somebody may have put the PIN itself here */
        return om_fail(err, OM_ECONFIG, "PIN source is neither file:PATH nor credential:NAME");
    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return om_fail(err, OM_ECONFIG, "PIN source credential: needs a plain file name");
    return OM_OK;
}

/* The service manager guards the directory. Its files may be 0440: an ACL for the service's user shows up in
 * the group bits, so the check for private files would refuse what is private. */
static om_rc read_credential(const char *name, struct om_secret *pin, struct om_error *err)
{
    const char *dir = secure_getenv("CREDENTIALS_DIRECTORY");
    if (dir == NULL || dir[0] != '/')
        return om_fail(err, OM_ECONFIG, "no CREDENTIALS_DIRECTORY; does the service LoadCredential=%s?",
                       name);
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, dir, name, err));
    return om_file_read(path, SE_PIN_MAX + 1, pin, err);
}

static om_rc check_pin(struct om_secret *pin, struct om_error *err)
{
    if (pin->len > 0 && pin->octets[pin->len - 1] == '\n')
        pin->len--; /* the octet that stays behind is a newline: nothing to wipe */
    if (pin->len < SE_PIN_MIN || pin->len > SE_PIN_MAX)
        return om_fail(err, OM_ECONFIG, "a PIN has %d to %d octets", SE_PIN_MIN, SE_PIN_MAX);
    for (size_t i = 0; i < pin->len; i++)
        if (pin->octets[i] < 0x20 || pin->octets[i] == 0x7f)
            return om_fail(err, OM_ECONFIG, "the PIN holds a control character (a second line?)");
    return OM_OK;
}

om_rc se_pin_read(const char *pin_source, struct om_secret *pin, struct om_error *err)
{
    OM_TRY(se_pin_check(pin_source, err));
    const char *path = after(pin_source, FILE_PREFIX);
    om_rc rc = path != NULL ? om_file_read_private(path, SE_PIN_MAX + 1, pin, err)
                            : read_credential(after(pin_source, CREDENTIAL_PREFIX), pin, err);
    if (rc == OM_OK)
        rc = check_pin(pin, err);
    if (rc == OM_OK)
        return OM_OK;
    om_secret_free(pin);
    if (rc == OM_ENOTFOUND || rc == OM_EINPUT) { /* to us, a wrong file is a wrong configuration */
        rc = OM_ECONFIG;
        if (err != NULL)
            err->rc = rc;
    }
    return om_context(err, rc, "PIN source %s", pin_source);
}
