/* Where peers come from, for what is counted by address: an IPv4 address, or an IPv6 /64, since whoever has
 * one address of it most often has all. Link-local addresses share a prefix and count each for itself. */
#ifndef OPENMAF_BIND_PEER_ADDRESS_H
#define OPENMAF_BIND_PEER_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define PEER_ADDRESS_KEY 16

/* AF_INET or AF_INET6; anything else is one place. */
bool peer_address_same(const struct sockaddr *a, const struct sockaddr *b);
/* Equal for addresses that are the same. Keyed, or a peer with many addresses could choose one list. */
uint32_t peer_address_hash(const uint8_t key[PEER_ADDRESS_KEY], const struct sockaddr *a);

#endif
