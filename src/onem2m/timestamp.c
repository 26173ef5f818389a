/* m2m:timestamp and absolute or relative deadlines: see types.h. */
#include "onem2m/types.h"

#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define TIMESTAMP_LEN 15             /* YYYYMMDDThhmmss */
#define LAST_SECOND   253402300799LL /* 9999-12-31 23:59:59 */

/* n decimal digits at s as a number, or -1. */
static int digits(const char *s, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        v = v * 10 + (s[i] - '0');
    }
    return v;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* The end of s, after the seconds: nothing, or a comma and 1 to 6 digits. */
static bool is_fraction(const char *s)
{
    if (s[0] == '\0')
        return true;
    size_t n = strnlen(s, 8);
    return s[0] == ',' && n >= 2 && n <= 7 && digits(s + 1, n - 1) >= 0;
}

/* Fills tm when s is a moment that exists: no 30 February, no second 60. */
static bool read_fields(const char *s, struct tm *tm)
{
    if (strnlen(s, TIMESTAMP_LEN) < TIMESTAMP_LEN || s[8] != 'T' || !is_fraction(s + TIMESTAMP_LEN))
        return false;
    int year = digits(s, 4);
    int month = digits(s + 4, 2);
    int day = digits(s + 6, 2);
    int hour = digits(s + 9, 2);
    int minute = digits(s + 11, 2);
    int second = digits(s + 13, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    *tm = (struct tm){.tm_year = year - 1900,
                      .tm_mon = month - 1,
                      .tm_mday = day,
                      .tm_hour = hour,
                      .tm_min = minute,
                      .tm_sec = second};
    return true;
}

om_rc m2m_timestamp_parse(const char *s, int64_t *t, struct om_error *err)
{
    struct tm tm;
    *t = 0;
    if (!read_fields(s, &tm))
        return om_fail(err, OM_EINPUT, "'%.40s' is not a timestamp (YYYYMMDDThhmmss)", s);
    *t = (int64_t)timegm(&tm);
    return OM_OK;
}

void m2m_timestamp_format(char out[M2M_TIMESTAMP_SIZE], int64_t t)
{
    /* A lifetime added to a time may pass the last year that the format can say. */
    time_t clamped = (time_t)(t < 0 ? 0 : t > LAST_SECOND ? LAST_SECOND : t);
    struct tm tm;
    gmtime_r(&clamped, &tm);
    (void)strftime(out, M2M_TIMESTAMP_SIZE, "%Y%m%dT%H%M%S", &tm);
}

om_rc m2m_deadline_parse(const char *s, int64_t now, int64_t *t, struct om_error *err)
{
    if (s[0] == '\0' || s[strspn(s, "0123456789")] != '\0')
        return m2m_timestamp_parse(s, t, err);
    uint64_t ms;
    *t = 0;
    if (om_parse_uint(s, (uint64_t)LAST_SECOND * 1000, &ms, err) != OM_OK)
        return om_context(err, OM_EINPUT, "milliseconds");
    /* Part of a second counts as a whole one: a deadline of 200 ms must not have passed at once. */
    int64_t seconds = (int64_t)((ms + 999) / 1000);
    *t = now > LAST_SECOND - seconds ? LAST_SECOND : now + seconds;
    return OM_OK;
}
