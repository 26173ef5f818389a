/* See share.h. */
#include "daemon/share.h"

bool share_has(struct share *s, int64_t now, unsigned per_second, unsigned burst)
{
    s->taken -= (double)(now - s->at) * per_second / 1000;
    if (s->taken < 0)
        s->taken = 0;
    s->at = now;
    return s->taken + 1 <= burst;
}

void share_take(struct share *s)
{
    s->taken += 1;
}

void share_give(struct share *s)
{
    s->taken -= 1;
}
