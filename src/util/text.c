/* Text forms of octets: see text.h. */
#include "util/text.h"

#include <string.h>

om_rc om_copy_text(char *dst, size_t cap, const char *src, struct om_error *err)
{
    size_t n = strlen(src);
    if (n >= cap) {
        dst[0] = '\0';
        return om_fail(err, OM_EINPUT, "text of %zu octets is longer than the %zu allowed", n, cap - 1);
    }
    memcpy(dst, src, n + 1);
    return OM_OK;
}

static void hex(char *out, const uint8_t *p, size_t n, const char *digits)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

void om_hex_upper(char *out, const void *p, size_t n)
{
    hex(out, p, n, "0123456789ABCDEF");
}

void om_hex_lower(char *out, const void *p, size_t n)
{
    hex(out, p, n, "0123456789abcdef");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

om_rc om_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *n,
                    struct om_error *err)
{
    *n = 0;
    if (text_len % 2 != 0 || text_len / 2 > cap)
        return om_fail(err, OM_EINPUT, "%zu hex digits are not an even number up to %zu", text_len, 2 * cap);
    for (size_t i = 0; i < text_len / 2; i++) {
        int hi = hex_digit(text[2 * i]);
        int lo = hex_digit(text[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return om_fail(err, OM_EINPUT, "not a hex digit at position %zu", 2 * i + (hi < 0 ? 0 : 1));
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    *n = text_len / 2;
    return OM_OK;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void om_base64_encode(char *out, const void *p, size_t n)
{
    const uint8_t *in = p;
    size_t o = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16;
        if (i + 1 < n)
            v |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < n)
            v |= in[i + 2];
        out[o++] = base64_digits[v >> 18 & 63];
        out[o++] = base64_digits[v >> 12 & 63];
        out[o++] = i + 1 < n ? base64_digits[v >> 6 & 63] : '=';
        out[o++] = i + 2 < n ? base64_digits[v & 63] : '=';
    }
    out[o] = '\0';
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* One group of four digits; `used` counts its octets (1..3). */
static bool base64_group(const char *g, bool last, uint8_t octets[3], size_t *used)
{
    int d[4];
    size_t pad = 0;
    for (size_t i = 0; i < 4; i++) {
        d[i] = base64_digit(g[i]);
        if (d[i] < 0) {
            if (g[i] != '=' || !last || i < 2)
                return false;
            pad++;
            d[i] = 0;
        } else if (pad > 0) {
            return false;
        }
    }
    uint32_t v = (uint32_t)d[0] << 18 | (uint32_t)d[1] << 12 | (uint32_t)d[2] << 6 | (uint32_t)d[3];
    if ((pad == 1 && (v & 0xff) != 0) || (pad == 2 && (v & 0xffff) != 0))
        return false;
    octets[0] = (uint8_t)(v >> 16);
    octets[1] = (uint8_t)(v >> 8);
    octets[2] = (uint8_t)v;
    *used = 3 - pad;
    return true;
}

om_rc om_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *n,
                       struct om_error *err)
{
    *n = 0;
    if (text_len % 4 != 0)
        return om_fail(err, OM_EINPUT, "base64 of %zu characters lacks padding", text_len);
    size_t at = 0;
    for (size_t i = 0; i < text_len; i += 4) {
        uint8_t octets[3];
        size_t used;
        if (!base64_group(text + i, i + 4 == text_len, octets, &used))
            return om_fail(err, OM_EINPUT, "not base64 at position %zu", i);
        if (used > cap - at)
            return om_fail(err, OM_EINPUT, "base64 holds more than the %zu octets allowed", cap);
        memcpy(out + at, octets, used);
        at += used;
        explicit_bzero(octets, sizeof octets);
    }
    *n = at;
    return OM_OK;
}

om_rc om_parse_uint(const char *text, uint64_t max, uint64_t *v, struct om_error *err)
{
    uint64_t sum = 0;
    *v = 0;
    if (text[0] == '\0')
        return om_fail(err, OM_EINPUT, "a number is missing");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return om_fail(err, OM_EINPUT, "'%.40s' is not a decimal number", text);
        unsigned digit = (unsigned)(*c - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return om_fail(err, OM_EINPUT, "'%.40s' is larger than %llu", text, (unsigned long long)max);
        sum = sum * 10 + digit;
    }
    if (sum > max)
        return om_fail(err, OM_EINPUT, "%.40s is larger than %llu", text, (unsigned long long)max);
    *v = sum;
    return OM_OK;
}

void om_printable(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
}
