/* psk_identity as it was on the wire. OpenSSL hands it over as a C string, so what follows an embedded NUL
 * would go unseen. */
#ifndef OPENMAF_TLS_IDENTITY_H
#define OPENMAF_TLS_IDENTITY_H

#include "tls/tls.h"

/* Makes every SSL of ctx note the length of the psk_identity that arrives, and tell omtls_ecdhe_expect of a
 * key exchange (uses ctx's message callback). */
void omtls_identity_watch(SSL_CTX *ctx);

/* True when identity is all that was sent (as far as watched), has at most OMTLS_IDENTITY_MAX octets and none
 * is a control octet. */
bool omtls_identity_clean(const SSL *ssl, const char *identity);

#endif
