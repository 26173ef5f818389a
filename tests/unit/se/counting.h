/* A table in front of a plug-in's own that counts what the front end calls and which keys live. */
#ifndef OPENMAF_TESTS_SE_COUNTING_H
#define OPENMAF_TESTS_SE_COUNTING_H

#include "se/se.h"

struct counts {
    unsigned hmac;
    unsigned prf;
    unsigned prf_key;
    unsigned mint; /* keys that came through the host, or were wrapped from there */
    unsigned step;
    unsigned load;
    unsigned row_mac;
    unsigned live; /* handles given out and not freed */
    unsigned room; /* key_load answers OM_ENOMEM when so many live; 0: no bound */
};
extern struct counts counts;

/* From now on for this token; counters at zero. One token at a time; again to begin anew. */
void counting_install(struct se *se);

#endif
