/* xs:duration: see types.h. Years and months are left out, since how long they are depends on when. */
#include "onem2m/types.h"

#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DURATION_MAX INT64_C(1000000000)
#define DIGITS_MAX   10

/* One "<digits><unit>" at *s, when the unit is there. False: malformed or too long. */
static bool take(const char **s, char unit, int64_t seconds, int64_t *sum, unsigned *parts)
{
    char digits[DIGITS_MAX + 1];
    uint64_t v;
    size_t n = strspn(*s, "0123456789");
    if (n == 0 || (*s)[n] != unit)
        return true;
    if (n > DIGITS_MAX)
        return false;
    memcpy(digits, *s, n);
    digits[n] = '\0';
    if (om_parse_uint(digits, (uint64_t)DURATION_MAX, &v, NULL) != OM_OK)
        return false;
    *s += n + 1;
    *sum += (int64_t)v * seconds;
    (*parts)++;
    return true;
}

static bool parse(const char *s, int64_t *sum)
{
    unsigned parts = 0;
    if (*s++ != 'P' || !take(&s, 'D', 86400, sum, &parts))
        return false;
    if (*s == 'T') {
        unsigned before = parts;
        s++;
        if (!take(&s, 'H', 3600, sum, &parts) || !take(&s, 'M', 60, sum, &parts) ||
            !take(&s, 'S', 1, sum, &parts) || parts == before)
            return false;
    }
    return *s == '\0' && parts > 0 && *sum >= 1 && *sum <= DURATION_MAX;
}

om_rc m2m_duration_parse(const char *s, int64_t *seconds, struct om_error *err)
{
    *seconds = 0;
    if (parse(s, seconds))
        return OM_OK;
    *seconds = 0;
    return om_fail(err, OM_EINPUT, "not a duration in days, hours, minutes and seconds, such as PT1H");
}

void m2m_duration_format(char out[M2M_DURATION_SIZE], int64_t seconds)
{
    (void)snprintf(out, M2M_DURATION_SIZE, "PT%" PRId64 "S", seconds % (DURATION_MAX + 1));
}
