/* See id_pattern.h. */
#include "maf/id_pattern.h"

#include <string.h>

#define BELOW "/..."

static size_t below_suffix(const char *pattern) /* octets before "/...", or 0 when it does not end so */
{
    size_t n = strlen(pattern);
    size_t suffix = strlen(BELOW);
    return n > suffix && strcmp(pattern + n - suffix, BELOW) == 0 ? n - suffix : 0;
}

bool maf_is_id_pattern(const char *pattern)
{
    char prefix[M2M_ID_SIZE];
    size_t n = below_suffix(pattern);
    if (n == 0)
        return m2m_is_absolute_id(pattern);
    if (n >= sizeof prefix)
        return false;
    memcpy(prefix, pattern, n);
    prefix[n] = '\0';
    return m2m_is_absolute_id(prefix) || (strncmp(prefix, "//", 2) == 0 && m2m_is_fqdn(prefix + 2));
}

bool maf_id_matches(const char *pattern, const char *id)
{
    size_t n = below_suffix(pattern);
    return n == 0 ? strcmp(pattern, id) == 0 : strncmp(pattern, id, n + 1) == 0 && id[n + 1] != '\0';
}

bool maf_id_matches_any(const struct m2m_list *patterns, const char *id)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (maf_id_matches(patterns->items[i], id))
            return true;
    return false;
}
