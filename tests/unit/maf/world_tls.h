/* Devices and their TLS sessions, for world.c. */
#ifndef OPENMAF_TESTS_WORLD_TLS_H
#define OPENMAF_TESTS_WORLD_TLS_H

void world_tls_open(void);
void world_tls_close(void);
void devices_free(void);

#endif
