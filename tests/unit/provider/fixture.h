/* What the tests of openmaf.so share: a token with one named key, the OpenSSL configuration that leads there,
 * and handshakes of a program that has the name with a stock peer that has the key.
 *
 * The provider keeps its token for as long as a process lives, so each test runs in a child, which ends by
 * exit() as a program does. */
#ifndef OPENMAF_TESTS_PROVIDER_FIXTURE_H
#define OPENMAF_TESTS_PROVIDER_FIXTURE_H

#include "handshake.h"
#include "token.h"
#include "trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#define SUITE    "PSK-AES128-GCM-SHA256"
#define PSK_SIZE 32

struct named {
    struct test_token *token;
    char uri[4096];   /* PKCS#11: the token behind the module that makes trouble */
    char config[512]; /* openssl.cnf */
    char keys[512];   /* directory */
    char name[128];   /* the reference that stands for the key */
    uint8_t psk[PSK_SIZE];
};
extern struct named named;

/* First thing in main: the kind of token, and the token with its key. */
void named_begin(int argc, char **argv);
void named_end(void);

/* Runs the test in a child with a bound on its time; fails unless it ends with status 0. */
void in_child(void (*test)(void));

/* A test of cmocka, run_NAME, that does so. */
#define RUN(name)                                                                                            \
    static void run_##name(void **state)                                                                     \
    {                                                                                                        \
        (void)state;                                                                                         \
        in_child(name);                                                                                      \
    }

/* In the child: ends it when the condition does not hold. */
#define CHECK(condition) named_check((condition), #condition, __FILE__, __LINE__)
void named_check(bool ok, const char *what, const char *file, int line);

/* A library context with a configuration file; CHECKs that it loads. */
OSSL_LIB_CTX *named_libctx(const char *config);
/* Writes another configuration beside the first one and returns its path: another key directory, or pin. */
const char *named_config(const char *file, const char *keys, const char *pin_source);

enum version { TLS12, TLS13, TLS13_PSK_ONLY };

/* A server of a program that knows nothing of us and has the name for a key. */
SSL_CTX *named_server(OSSL_LIB_CTX *libctx);
/* A stock client with the key itself. */
SSL_CTX *stock_client(void);
/* Whether they come together. */
bool named_meet(SSL_CTX *client, SSL_CTX *server, enum version version);

/* The controls of the module behind the provider. Only after the first handshake. */
struct trouble *named_trouble(void);

/* The PKCS#11 module itself, behind everybody's back. */
CK_FUNCTION_LIST *named_module(void);

#endif
