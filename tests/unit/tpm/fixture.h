/* What the tests of the TPM plug-in share: a fresh swtpm for each test, the plug-in's table, the interposer
 * on the way to the TPM, and the TPM behind the plug-in's back. */
#ifndef OPENMAF_TESTS_TPM_FIXTURE_H
#define OPENMAF_TESTS_TPM_FIXTURE_H

#include "bus.h"
#include "se/plugin.h"
#include "token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tss2/tss2_esys.h>

/* Ranges of handles. Those of tpm2-tss that begin with an 8 shift a signed number. */
#define TPM_TRANSIENT_FIRST  UINT32_C(0x80000000)
#define TPM_PERSISTENT_FIRST UINT32_C(0x81000000)

extern struct test_token *fixture_token;
extern const struct se_plugin *plugin;
extern struct om_error fixture_err;
#define ERR (&fixture_err)

/* First thing in main: loads the plug-in. */
void fixture_begin(void);

/* Setup and teardown of each test: a fresh swtpm, and the interposer before it. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The call answers this code; if not, its error text is shown. */
#define SUCCEEDS(expr)    fixture_expect(OM_OK, (expr), #expr, __FILE__, __LINE__)
#define FAILS(code, expr) fixture_expect((code), (expr), #expr, __FILE__, __LINE__)
void fixture_expect(om_rc want, om_rc got, const char *expr, const char *file, int line);
/* The last error's text has this in it. */
#define SAYS(part) fixture_says((part), __FILE__, __LINE__)
void fixture_says(const char *part, const char *file, int line);

/* The URI of swtpm by way of the interposer, with these attributes at its end (";handle=..."; "" for none).
 */
const char *fixture_uri(const char *attributes);
unsigned fixture_port(void);         /* of that swtpm */
void fixture_via(const char *other); /* another way to it (tcti=) for the rest of the test */
om_rc fixture_try(const char *uri, const char *pin_source, struct se_token **out);
struct se_token *fixture_open(const char *attributes);             /* not provisioned */
struct se_token *fixture_open_provisioned(const char *attributes); /* the token for all that does not care */
/* A PIN source with this PIN; valid until the test ends. */
const char *fixture_pin(const char *name, const char *pin);

void fill(uint8_t *out, size_t n, unsigned start);

/* --- the TPM behind the plug-in's back (raw.c) --- */

ESYS_CONTEXT *raw_open(void);
void raw_close(ESYS_CONTEXT *esys);
/* Handles of this range that are in use, or loaded. */
unsigned raw_count(TPM2_HANDLE first);
/* No session and no transient object is loaded. */
void raw_expect_clean(void);
/* A storage primary key that is loaded; made persistent when handle is not 0. */
ESYS_TR raw_primary(ESYS_CONTEXT *esys, TPM2_HANDLE handle);
void raw_set_owner_auth(const char *value);
void raw_evict(TPM2_HANDLE handle);
UINT32 raw_property(TPM2_PT property);
/* Makes the TPM lock itself: wrong values for an object that is not exempt. */
void raw_lock(void);

#endif
