/* Keys and names for the tests of certificates. The keys are in memory: what a token adds is tested with
 * tokens. */
#ifndef OPENMAF_TESTS_PKI_FIXTURE_H
#define OPENMAF_TESTS_PKI_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "pki/name.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define assert_rc(expected, expr, err)                                                                       \
    do {                                                                                                     \
        (err)->text[0] = '\0';                                                                               \
        om_rc got_ = (expr);                                                                                 \
        if (got_ != (expected))                                                                              \
            fail_msg("%s: %s, not %s (%s)", #expr, om_rc_name(got_), om_rc_name(expected), (err)->text);     \
    } while (0)
#define assert_ok(expr, err) assert_rc(OM_OK, expr, err)

/* The failure's text must hold this. */
#define assert_says(err, part)                                                                               \
    do {                                                                                                     \
        if (strstr((err)->text, part) == NULL)                                                               \
            fail_msg("\"%s\" does not say \"%s\"", (err)->text, part);                                       \
    } while (0)

/* A new key on a curve ("P-256"). */
EVP_PKEY *make_key(const char *curve);
/* The same key, to be encoded with its curve in full ("explicit") or its point "compressed". */
EVP_PKEY *make_odd_key(const char *encoding, const char *point);

struct pki_name make_name(enum pki_flavour flavour, const char *text);

/* A self-signed certificate of key; ca: with cA and keyCertSign. */
X509 *make_self_signed(EVP_PKEY *key, bool ca, const EVP_MD *md);

#endif
