/* Block1 and Block2 options (RFC 7959 §2.2). */
#ifndef OPENMAF_COAP_BLOCK_H
#define OPENMAF_COAP_BLOCK_H

#include "coap/message.h"

#define OM_COAP_SZX_MAX 6 /* 1024 octets */

struct om_coap_block {
    uint32_t num;
    bool more;
    unsigned szx;
};

/* False: malformed, or with the reserved size. */
bool om_coap_block_get(const struct om_coap_option *o, struct om_coap_block *out);
void om_coap_block_add(struct om_coap_message *m, uint16_t number, const struct om_coap_block *b);

size_t om_coap_block_size(const struct om_coap_block *b);   /* octets of a full block */
size_t om_coap_block_offset(const struct om_coap_block *b); /* where it begins */

#endif
