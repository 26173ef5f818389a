/* PINs that a token has refused in this process. Tokens count wrong ones and lock, and a token may be opened
 * again and again: for every handshake, for every health check. For all threads. */
#ifndef OPENMAF_HSM_REFUSED_H
#define OPENMAF_HSM_REFUSED_H

#include "hsm/cryptoki.h"
#include "util/secret.h"

#include <stdbool.h>

/* Notes that the token has refused the PIN. */
void hsm_refused_note(const CK_TOKEN_INFO *token, const struct om_secret *pin);

/* Whether it has refused this one before. */
bool hsm_refused_before(const CK_TOKEN_INFO *token, const struct om_secret *pin);

#endif
