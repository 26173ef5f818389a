/* Fuzz target: octets of a TLS or DTLS peer in which a psk_identity is looked for before OpenSSL sees them.
 * The first octet chooses the transport. */
#include "target.h"

#include "tls/ahead.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char identity[OMTLS_IDENTITY_MAX + 1];
    if (size == 0)
        return 0;
    bool dtls = (data[0] & 1) != 0;
    if (omtls_ahead_identity(data + 1, size - 1, dtls, identity) &&
        (identity[0] == '\0' || memchr(identity, 0, sizeof identity) == NULL))
        abort();
    return 0;
}
