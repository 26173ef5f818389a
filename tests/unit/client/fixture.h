/* What the tests of libmaf share: a token of the kind that the first argument names, and a home made with it.
 */
#ifndef OPENMAF_TESTS_CLIENT_FIXTURE_H
#define OPENMAF_TESTS_CLIENT_FIXTURE_H

#include "client/client.h"
#include "client/openmaf.h"
#include "peer.h"
#include "token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN_ID   "//sp.example.com/cse1/Cself"
#define TARGET   "//sp.example.com/cse1/Ctarget"
#define FQDN     "maf.example.com"
#define MEF_FQDN "mef.example.com"
#define ADMIN    "admin.example.com"
#define KMID     "km-1@maf.example.com"
#define KEY_ID   "00112233445566778899AABBCCDDEEFF@maf.example.com"
#define LATER    INT64_C(4070908800) /* 2099-01-01 */

extern const uint8_t fixture_km[32];
extern struct test_token *fixture_token;
extern struct openmaf_error fixture_error;

/* First thing in main: takes from the arguments the kind of token, and for tests of all bindings which one
 * (https, wss, coaps, coaps-tcp), the format (json, cbor), and "certificate". */
void fixture_kind(int argc, char **argv);
extern enum peer_binding fixture_binding;
extern bool fixture_cbor;
extern bool fixture_certificate; /* the client has a certificate instead of a Km */
extern uint16_t fixture_mef;     /* port of the MEF that the next homes have, over that binding; 0: none */

/* Group setup and teardown: one token for all tests of a program. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A new home below the token's directory, whose MAF is at 127.0.0.1:port, with the credential imported unless
 * km is NULL; opened. */
struct openmaf *fixture_client(uint16_t port, const uint8_t km[32]);

/* Puts a key of Source FIXTURE_SOURCE into the home, as a retrieval would. */
#define FIXTURE_SOURCE "//sp.example.com/cse1/Csource"
void fixture_put_key(struct openmaf *maf, const char *key_id, unsigned suid, int64_t expires,
                     const void *octets, size_t n);

/* Path of the home that fixture_client made last; of a record in it. */
const char *fixture_home(void);
const char *fixture_record(const char *name);

/* Reads a file of at most cap octets; returns its length. Replaces a file. */
size_t fixture_read(const char *path, char *out, size_t cap);
void fixture_write(const char *path, const void *p, size_t n);

/* The call answers this code; if not, its error text is shown. */
#define SUCCEEDS(expr)    fixture_expect(OPENMAF_OK, (expr), #expr, __FILE__, __LINE__)
#define FAILS(code, expr) fixture_expect((code), (expr), #expr, __FILE__, __LINE__)
void fixture_expect(int want, int got, const char *expr, const char *file, int line);

/* The text of the last failure has this in it. */
#define SAYS(part) fixture_says((part), __FILE__, __LINE__)
void fixture_says(const char *part, const char *file, int line);

#define ERROR (&fixture_error)

/* Key check value of octets in the clear, as openmaf.h defines it, by OpenSSL. */
void fixture_check_value(const uint8_t *key, size_t n, char out[17]);

#endif
