/* Answers of a well-behaved MAF, for scripts to send as they are or with one thing wrong. */
#ifndef OPENMAF_TESTS_CLIENT_ANSWERS_H
#define OPENMAF_TESTS_CLIENT_ANSWERS_H

#include "fixture.h"
#include "peer.h"

#include <jansson.h>

/* What a scripted MAF does in one test: `change` may alter the answer or the reply before it is sent. */
struct script {
    void (*change)(json_t *resource, const struct peer_request *rq, struct peer_reply *reply);
};

/* peer_script; arg is a struct script. Answers CREATE, RETRIEVE of a key, of a configuration and by
 * discovery, UPDATE (echo) and DELETE. A key registration without keyValue gets the RelativeKeyID of this
 * session's exporter. */
void answer(void *arg, const struct peer_request *rq, struct peer_reply *reply);

extern struct script script;
extern struct peer *peer;
extern struct openmaf *maf;

/* Test setup and teardown: a peer that holds fixture_km under KMID, and a client of it. */
int start(void **state);
int stop(void **state);

/* The key that `answer` hands out, and the identifier of a generated one. */
extern const uint8_t answered_key[32];

bool request_begins(const struct peer_request *rq, const char *text);
json_t *request_resource(const struct peer_request *rq, const char *member); /* new reference */

#endif
