/* Points in time as people and configurations write them (see openmaf_time_parse). */
#include "client/client.h"
#include "onem2m/types.h"

#include <ctype.h>
#include <string.h>

#define SECONDS_MAX INT64_C(315360000000) /* 10 000 years: longer durations are typing errors */

static bool digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)s[i]))
            return false;
    return true;
}

/* YYYY-MM-DD, then nothing or Thh:mm:ss with or without Z: as m2m:timestamp. */
static bool iso_date(const char *s, char stamp[M2M_TIMESTAMP_SIZE])
{
    size_t n = strlen(s);
    bool time = n == 19 || (n == 20 && s[19] == 'Z');
    if ((n != 10 && !time) || !digits(s, 4) || s[4] != '-' || !digits(s + 5, 2) || s[7] != '-' ||
        !digits(s + 8, 2))
        return false;
    memcpy(stamp, "yyyymmddT000000", M2M_TIMESTAMP_SIZE);
    memcpy(stamp, s, 4);
    memcpy(stamp + 4, s + 5, 2);
    memcpy(stamp + 6, s + 8, 2);
    if (!time)
        return true;
    if (s[10] != 'T' || !digits(s + 11, 2) || s[13] != ':' || !digits(s + 14, 2) || s[16] != ':' ||
        !digits(s + 17, 2))
        return false;
    memcpy(stamp + 9, s + 11, 2);
    memcpy(stamp + 11, s + 14, 2);
    memcpy(stamp + 13, s + 17, 2);
    return true;
}

static int64_t unit_seconds(char unit)
{
    switch (unit) {
    case 'w':
        return 604800;
    case 'd':
        return 86400;
    case 'h':
        return 3600;
    case 'm':
        return 60;
    case 's':
        return 1;
    default:
        return 0;
    }
}

/* One number and its unit at *s; adds to *sum and steps over both. */
static bool add_part(const char **s, int64_t *sum)
{
    int64_t v = 0;
    if (!isdigit((unsigned char)**s))
        return false;
    for (; isdigit((unsigned char)**s); (*s)++) {
        v = v * 10 + (**s - '0');
        if (v > SECONDS_MAX)
            return false;
    }
    int64_t unit = unit_seconds((char)tolower((unsigned char)**s));
    if (unit == 0 || v > SECONDS_MAX / unit)
        return false;
    (*s)++;
    *sum += v * unit;
    return *sum <= SECONDS_MAX;
}

/* "90d" */
static bool short_duration(const char *s, int64_t *seconds)
{
    return add_part(&s, seconds) && *s == '\0';
}

/* xs:duration without years and months, whose length is not fixed: PnDTnHnMnS, units in this order. */
static bool iso_duration(const char *s, int64_t *seconds)
{
    static const char order[] = "DHMS";
    size_t at = 0;
    bool time = false;
    if (*s++ != 'P' || *s == '\0')
        return false;
    while (*s != '\0') {
        if (*s == 'T') {
            if (time || s[1] == '\0')
                return false;
            time = true;
            at = 1; /* past D */
            s++;
        }
        const char *unit = s + strspn(s, "0123456789");
        const char *found = *unit != '\0' ? strchr(order + at, *unit) : NULL;
        if (found == NULL || (*found != 'D' && !time) || !add_part(&s, seconds))
            return false;
        at = (size_t)(found - order) + 1;
    }
    return true;
}

om_rc client_duration(const char *text, int64_t *seconds, struct om_error *err)
{
    *seconds = 0;
    bool good = short_duration(text, seconds);
    if (!good) {
        *seconds = 0;
        good = iso_duration(text, seconds);
    }
    return good && *seconds > 0
               ? OM_OK
               : om_fail(err, OM_EINPUT, "'%.40s' is no duration: 90d, 12h and PT1H are", text);
}

static om_rc parse(const char *text, int64_t now, int64_t *t, struct om_error *err)
{
    char stamp[M2M_TIMESTAMP_SIZE];
    char last[M2M_TIMESTAMP_SIZE];
    int64_t seconds = 0;
    if (text == NULL || text[0] == '\0')
        return om_fail(err, OM_EINPUT, "no time given");
    if (iso_date(text, stamp))
        return m2m_timestamp_parse(stamp, t, err);
    if (!short_duration(text, &seconds)) {
        seconds = 0;
        if (!iso_duration(text, &seconds)) {
            om_rc rc = m2m_timestamp_parse(text, t, NULL);
            return rc == OM_OK
                       ? OM_OK
                       : om_fail(err, OM_EINPUT,
                                 "'%.40s' is no time: 20300101T000000, 2030-01-01, 90d, 12h and PT1H are",
                                 text);
        }
    }
    *t = now + seconds;
    m2m_timestamp_format(last, *t);
    int64_t back = 0;
    if (m2m_timestamp_parse(last, &back, NULL) != OM_OK || back != *t)
        return om_fail(err, OM_EINPUT, "'%.40s' from now is beyond the year 9999", text);
    return OM_OK;
}

int openmaf_time_parse(const char *text, int64_t now, int64_t *t, struct openmaf_error *error)
{
    struct om_error err = {0};
    int64_t v = 0;
    om_rc rc = parse(text, now, &v, &err);
    if (rc == OM_OK)
        *t = v;
    return client_result(rc, 0, &err, error);
}

void openmaf_time_format(int64_t t, char out[16])
{
    m2m_timestamp_format(out, t);
}
