/* Two good rows in every table, and how each of them is read: what the tests of tampering share. */
#ifndef OPENMAF_TESTS_STORE_PAIRS_H
#define OPENMAF_TESTS_STORE_PAIRS_H

#include "fixture.h"

/* Rows 1 and 2 of every table. */
void pairs_fill(struct fixture *f);

/* Reads row n (1 or 2); what was read is freed. */
typedef om_rc pairs_get(struct fixture *f, unsigned n);
pairs_get get_stakeholder, get_permit, get_client_cfg, get_credential, get_registration, get_key;

#endif
