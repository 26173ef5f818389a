/* Paths of management objects, and the CSE that a resource's path names: see object.h. */
#include "onem2m/object.h"

#include "onem2m/types.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

bool m2m_is_object_path(const char *path)
{
    if (!m2m_is_plain_text(path, M2M_URI_SIZE - 1) || strchr(path, ' ') != NULL)
        return false;
    if (path[0] == '.')
        path++;
    for (; *path == '/'; path += strcspn(path, "/")) {
        path++;
        if (*path == '\0' || *path == '/' || strcmp(path, ".") == 0 || strcmp(path, "..") == 0 ||
            strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0)
            return false;
        if (path[strcspn(path, "/")] == '\0')
            return true;
    }
    return false;
}

bool m2m_object_parent(const char *path, char out[M2M_URI_SIZE])
{
    const char *last = strrchr(path, '/');
    size_t n = last != NULL ? (size_t)(last - path) : 0;
    if (n < 2 || n >= M2M_URI_SIZE) /* "/a", "./a" */
        return false;
    memcpy(out, path, n);
    out[n] = '\0';
    return true;
}

om_rc m2m_cse_of_path(const char *path, const char *own, char out[M2M_ID_SIZE], struct om_error *err)
{
    const char *provider = strncmp(path, "//", 2) == 0 ? path : own;
    size_t n = 2 + strcspn(provider + 2, "/");
    const char *cse = provider == path ? path + n : path;
    size_t n_cse = cse[0] == '/' ? 1 + strcspn(cse + 1, "/") : 0;
    int len = snprintf(out, M2M_ID_SIZE, "%.*s%.*s", (int)n, provider, (int)n_cse, cse);
    if (n_cse < 2 || len < 0 || len >= M2M_ID_SIZE || !m2m_is_absolute_id(out))
        return om_fail(err, OM_EINPUT, "'%.80s' names no CSE: //SP/CSE/... or /CSE/... is expected", path);
    return OM_OK;
}
