/* Block options: see block.h. */
#include "coap/block.h"

#define NUM_MAX 0xfffff

bool om_coap_block_get(const struct om_coap_option *o, struct om_coap_block *out)
{
    uint32_t v;
    if (o->len > 3 || !om_coap_uint(o, &v))
        return false;
    *out = (struct om_coap_block){.num = v >> 4, .more = (v & 8) != 0, .szx = v & 7};
    return out->szx <= OM_COAP_SZX_MAX;
}

void om_coap_block_add(struct om_coap_message *m, uint16_t number, const struct om_coap_block *b)
{
    if (b->num > NUM_MAX)
        m->overflow = true;
    om_coap_add_uint(m, number, b->num << 4 | (b->more ? 8u : 0u) | b->szx);
}

size_t om_coap_block_size(const struct om_coap_block *b)
{
    return (size_t)16 << b->szx;
}

size_t om_coap_block_offset(const struct om_coap_block *b)
{
    return (size_t)b->num << (b->szx + 4);
}
