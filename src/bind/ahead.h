/* Handshakes that wait for a key from elsewhere: what the bindings ask, and who waits. */
#ifndef OPENMAF_BIND_AHEAD_H
#define OPENMAF_BIND_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* One handshake; part of a binding's connection, which sets peer and go, zeroed at first. */
struct ahead_waiter {
    LIST_ENTRY(ahead_waiter) link;
    bool waiting;                /* it is in a list */
    const struct sockaddr *peer; /* where it comes from */
    void (*go)(struct ahead_waiter *w);
};
LIST_HEAD(ahead_waiters, ahead_waiter);

/* Answers whether a psk_identity's handshake can go on. False: w waits; w->go is called from the event loop
 * within some seconds, whatever became of the key, unless ahead_leave comes first. One that cannot be waited
 * for goes on and is refused as unknown. */
struct ahead {
    bool (*ask)(void *arg, const char *identity, struct ahead_waiter *w);
    void *arg;
};

/* The connection ends before its key is there. */
static inline void ahead_leave(struct ahead_waiter *w)
{
    if (w->waiting)
        LIST_REMOVE(w, link);
    w->waiting = false;
}

#endif
