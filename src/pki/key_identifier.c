/* RFC 6920 names of public keys: see key_identifier.h. */
#include "pki/key_identifier.h"
#include "util/text.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *head;
    size_t octets; /* of the hash that are kept */
} hashes[PKI_KEY_HASHES] = {
    [PKI_SHA_256] = {"ni:///sha-256;", 32},
    [PKI_SHA_256_128] = {"ni:///sha-256-128;", 16},
    [PKI_SHA_256_120] = {"ni:///sha-256-120;", 15},
};

/* base64url without padding (RFC 6920 section 3). */
static void write_hash(char *out, const uint8_t *hash, size_t n)
{
    om_base64_encode(out, hash, n);
    for (; *out != '\0'; out++) {
        if (*out == '+')
            *out = '-';
        else if (*out == '/')
            *out = '_';
        else if (*out == '=')
            *out = '\0';
        if (*out == '\0')
            return;
    }
}

static void write_identifier(char out[PKI_KEY_IDENTIFIER_SIZE], enum pki_key_hash hash, const uint8_t *octets)
{
    write_hash(stpcpy(out, hashes[hash].head), octets, hashes[hash].octets);
}

om_rc pki_key_identifier(const void *spki, size_t n, enum pki_key_hash hash,
                         char out[PKI_KEY_IDENTIFIER_SIZE], struct om_error *err)
{
    uint8_t octets[SHA256_DIGEST_LENGTH];
    if (SHA256(spki, n, octets) == NULL)
        return om_fail(err, OM_EINTERNAL, "SHA-256 failed");
    write_identifier(out, hash, octets);
    return OM_OK;
}

/* The hash in a text of base64url, of exactly n octets. */
static bool read_hash(const char *text, uint8_t *out, size_t n)
{
    char padded[PKI_KEY_IDENTIFIER_SIZE];
    size_t len = strlen(text), got = 0;
    if (len != (n * 8 + 5) / 6)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '+' || text[i] == '/')
            return false;
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    while (len % 4 != 0)
        padded[len++] = '=';
    return om_base64_decode(padded, len, out, n, &got, NULL) == OM_OK && got == n;
}

static bool parse_hex(const char *text, uint8_t out[SHA256_DIGEST_LENGTH])
{
    char digits[2 * SHA256_DIGEST_LENGTH + 1];
    size_t n = 0, got = 0;
    for (; *text != '\0' && n < sizeof digits - 1; text++)
        if (*text != ':')
            digits[n++] = *text;
    return *text == '\0' && om_hex_decode(digits, n, out, SHA256_DIGEST_LENGTH, &got, NULL) == OM_OK &&
           got == SHA256_DIGEST_LENGTH;
}

om_rc pki_key_identifier_parse(const char *text, char out[PKI_KEY_IDENTIFIER_SIZE], struct om_error *err)
{
    uint8_t octets[SHA256_DIGEST_LENGTH];
    for (size_t i = 0; i < PKI_KEY_HASHES; i++) {
        size_t head = strlen(hashes[i].head);
        if (strncmp(text, hashes[i].head, head) == 0 && read_hash(text + head, octets, hashes[i].octets)) {
            write_identifier(out, (enum pki_key_hash)i, octets);
            return OM_OK;
        }
    }
    if (parse_hex(text, octets)) {
        write_identifier(out, PKI_SHA_256, octets);
        return OM_OK;
    }
    return om_fail(err, OM_EINPUT,
                   "'%.80s' names no public key: ni:///sha-256;… (RFC 6920), or SHA-256 of its "
                   "SubjectPublicKeyInfo in hexadecimal digits",
                   text);
}

bool pki_key_identifier_is(const char *identifier, const void *spki, size_t n)
{
    char made[PKI_KEY_IDENTIFIER_SIZE];
    for (size_t i = 0; i < PKI_KEY_HASHES; i++)
        if (pki_key_identifier(spki, n, (enum pki_key_hash)i, made, NULL) == OM_OK &&
            strcmp(made, identifier) == 0)
            return true;
    return false;
}
