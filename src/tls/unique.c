/* Channel binding tls-unique (RFC 5929 section 3): see tls.h. */
#include "tls/tls.h"
#include "util/text.h"

#include <openssl/crypto.h>

#define FINISHED_SIZE 12 /* octets of verify_data in TLS 1.2 (RFC 5246 section 7.4.9) */

_Static_assert(OMTLS_UNIQUE_SIZE == OM_BASE64_SIZE(FINISHED_SIZE), "the text of a Finished");

om_rc omtls_unique(const SSL *ssl, char out[OMTLS_UNIQUE_SIZE], struct om_error *err)
{
    uint8_t finished[EVP_MAX_MD_SIZE];
    out[0] = '\0';
    if (SSL_version(ssl) != TLS1_2_VERSION)
        return om_fail(err, OM_EUNSUPPORTED, "tls-unique is of TLS 1.2 alone; this is %s",
                       SSL_get_version(ssl));
    if (!SSL_is_init_finished(ssl) || SSL_session_reused(ssl))
        return om_fail(err, OM_EDENIED, "no tls-unique without a full handshake");
    /* The first Finished of a full handshake is the client's. */
    size_t n = SSL_is_server(ssl) ? SSL_get_peer_finished(ssl, finished, sizeof finished)
                                  : SSL_get_finished(ssl, finished, sizeof finished);
    if (n != FINISHED_SIZE)
        return om_fail(err, OM_EINTERNAL, "a Finished of %zu octets", n);
    om_base64_encode(out, finished, n);
    return OM_OK;
}
