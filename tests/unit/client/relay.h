/* A UDP relay between client and MAF that loses datagrams, as a test wants. */
#ifndef OPENMAF_TESTS_CLIENT_RELAY_H
#define OPENMAF_TESTS_CLIENT_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay;

/* Is this datagram lost? way 0: to the MAF, 1: to the client; `index` counts from 0 per way. In the relay's
 * thread. */
typedef bool relay_loses(void *arg, int way, unsigned index, const uint8_t *octets, size_t n);

struct relay *relay_start(uint16_t port, relay_loses *loses, void *arg);
uint16_t relay_port(const struct relay *relay);
void relay_stop(struct relay *relay);

#endif
