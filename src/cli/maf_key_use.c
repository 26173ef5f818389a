/* maf: keys in use by themselves: HMAC, and ESPrim's session keys (TS-0003 10.3.8.2). */
#include "cli/maf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_MAX ((size_t)1 << 20) /* octets, as openmaf_key_hmac takes them */

static void hex_of(const uint8_t *octets, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

static int print_hex(const struct maf_args *args, const char *name, const uint8_t octets[32],
                     struct openmaf_error *error)
{
    char hex[65];
    hex_of(octets, 32, hex);
    int code = OPENMAF_OK;
    if (args->json)
        code = maf_print_json(json_pack("{s:s, s:s}", "keyIdentifier", args->operand, name, hex), error);
    else
        (void)printf("%s\n", hex);
    explicit_bzero(hex, sizeof hex);
    return code;
}

/* --- HMAC --- */

/* All of standard input, or OPENMAF_EINPUT when it is too long. *octets is the caller's. */
static int read_input(uint8_t **octets, size_t *n, struct openmaf_error *error)
{
    *n = 0;
    *octets = malloc(DATA_MAX + 1);
    if (*octets == NULL)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory for the data");
    while (*n <= DATA_MAX) {
        ssize_t got = read(STDIN_FILENO, *octets + *n, DATA_MAX + 1 - *n);
        if (got == 0)
            return OPENMAF_OK;
        if (got < 0 && errno != EINTR)
            return maf_fail(error, OPENMAF_ETEMPORARY, "cannot read standard input: %s", strerror(errno));
        *n += got > 0 ? (size_t)got : 0;
    }
    return maf_fail(error, OPENMAF_EINPUT, "standard input has more than %zu octets", DATA_MAX);
}

static int half_of(const char *text, int *half, struct openmaf_error *error)
{
    *half = text == NULL ? -1 : strcmp(text, "second") == 0;
    if (text != NULL && *half == 0 && strcmp(text, "first") != 0)
        return maf_fail(error, OPENMAF_EINPUT, "--half is first or second, not '%.40s'", text);
    return OPENMAF_OK;
}

int maf_key_hmac(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    uint8_t mac[32];
    uint8_t *data = NULL;
    size_t n = 0;
    unsigned long suid = 0;
    int half = -1;
    int code = maf_number("suid", args->suid, 99, &suid, error);
    if (code == OPENMAF_OK)
        code = half_of(args->half, &half, error);
    if (code == OPENMAF_OK)
        code = read_input(&data, &n, error);
    if (code == OPENMAF_OK && half < 0)
        code = openmaf_key_hmac(maf, args->operand, (unsigned)suid, data, n, mac, error);
    else if (code == OPENMAF_OK)
        code = openmaf_key_hmac_half(maf, args->operand, (unsigned)suid, half, data, n, mac, error);
    if (data != NULL)
        explicit_bzero(data, n);
    free(data);
    return code == OPENMAF_OK ? print_hex(args, "hmac", mac, error) : code;
}

/* --- ESPrim --- */

static int rand_of(const char *option, const char *hex, uint8_t out[OPENMAF_ESPRIM_RAND_SIZE],
                   struct openmaf_error *error)
{
    size_t n = strlen(hex);
    bool good = n == 2 * OPENMAF_ESPRIM_RAND_SIZE && hex[strspn(hex, "0123456789abcdefABCDEF")] == '\0';
    for (size_t i = 0; good && i < OPENMAF_ESPRIM_RAND_SIZE; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return good ? OPENMAF_OK
                : maf_fail(error, OPENMAF_EINPUT, "--%s is %d octets in hexadecimal", option,
                           OPENMAF_ESPRIM_RAND_SIZE);
}

int maf_key_derive(struct openmaf *maf, const struct maf_args *args, struct openmaf_error *error)
{
    uint8_t receiver[OPENMAF_ESPRIM_RAND_SIZE];
    uint8_t originator[OPENMAF_ESPRIM_RAND_SIZE];
    struct openmaf_secret *key = NULL;
    int code = rand_of("receiver-rand", args->receiver_rand, receiver, error);
    if (code == OPENMAF_OK)
        code = rand_of("originator-rand", args->originator_rand, originator, error);
    if (code == OPENMAF_OK)
        code = openmaf_esprim_session_key(maf, args->operand, receiver, originator, &key, error);
    if (code == OPENMAF_OK)
        code = print_hex(args, "sessionESPrimKey", key->octets, error);
    openmaf_secret_free(key);
    return code;
}
