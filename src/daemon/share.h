/* A share of something scarce: what is taken of it comes back with time, up to a burst. */
#ifndef OPENMAF_DAEMON_SHARE_H
#define OPENMAF_DAEMON_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: whole. */
struct share {
    double taken;
    int64_t at; /* ms: when `taken` was true */
};

/* Whether there is one to take at `now` (ms of a clock that does not jump); per_second come back. */
bool share_has(struct share *s, int64_t now, unsigned per_second, unsigned burst);
/* After share_has. */
void share_take(struct share *s);
/* One that was taken comes back at once. */
void share_give(struct share *s);

#endif
