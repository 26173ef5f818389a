/* Makes fresh tokens for tests: through Cryptoki itself, or by starting swtpm. */
#ifndef OPENMAF_TESTS_TOKEN_MAKE_H
#define OPENMAF_TESTS_TOKEN_MAKE_H

#include "util/error.h"

#include <stdio.h>
#include <sys/types.h>

/* Makes a token of `kind` in directory `dir`, which must exist, and writes NAME=VALUE lines to `answer`. What
 * it starts for that ends when process `owner` does. */
OM_MUST_USE om_rc token_make(const char *kind, const char *dir, pid_t owner, FILE *answer,
                             struct om_error *err);

#endif
