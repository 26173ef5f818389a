/* What the tests of the PKCS#11 plug-in share: a fresh token for each test, the plug-in's table, the module
 * itself behind the plug-in's back, and the module that makes trouble in between. */
#ifndef OPENMAF_TESTS_HSM_FIXTURE_H
#define OPENMAF_TESTS_HSM_FIXTURE_H

#include "se/plugin.h"
#include "token.h"
#include "trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern struct test_token *fixture_token;
extern const struct se_plugin *plugin;
extern struct om_error fixture_err;
#define ERR (&fixture_err)

/* First thing in main: takes the kind of token from the arguments and loads the plug-in. */
void fixture_kind(int argc, char **argv);
bool fixture_is(const char *kind);

/* Setup and teardown of each test: a fresh token, with no trouble. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The call answers this code; if not, its error text is shown. */
#define SUCCEEDS(expr)    fixture_expect(OM_OK, (expr), #expr, __FILE__, __LINE__)
#define FAILS(code, expr) fixture_expect((code), (expr), #expr, __FILE__, __LINE__)
void fixture_expect(om_rc want, om_rc got, const char *expr, const char *file, int line);
/* The last error's text has this in it. */
#define SAYS(part) fixture_says((part), __FILE__, __LINE__)
void fixture_says(const char *part, const char *file, int line);

struct se_token *fixture_open(void);             /* not provisioned */
struct se_token *fixture_open_provisioned(void); /* the token for all that does not care */
om_rc fixture_try(const char *uri, const char *pin_source, struct se_token **out);

/* The fixture's URI through the module that makes trouble; its controls are then trouble(). */
const char *fixture_troubled_uri(void);
struct trouble *trouble(void);

/* --- the module behind the plug-in's back (raw.c); only while a token is open --- */

CK_FUNCTION_LIST *raw_functions(void);
CK_SLOT_ID raw_slot(void);
CK_SESSION_HANDLE raw_session(void); /* read-write; the user is logged in, because the plug-in is */
/* Objects that match; all secret keys when label is NULL. */
size_t raw_count(CK_SESSION_HANDLE session, bool on_token, const char *label);
/* A secret key on the token, with an HMAC or AES key's usual attributes, those in `changes` (at most 8)
 * replaced. octets NULL: generated. */
CK_OBJECT_HANDLE raw_root(CK_SESSION_HANDLE session, const char *label, CK_KEY_TYPE type,
                          const uint8_t *octets, const CK_ATTRIBUTE *changes, size_t n_changes);

#endif
