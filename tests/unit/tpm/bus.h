/* An interposer on the way to swtpm, as one may sit on the bus of a TPM: it reads every command and response,
 * and answers itself, changes, drops or withholds what a test tells it to. A thread of the test's process. */
#ifndef OPENMAF_TESTS_TPM_BUS_H
#define OPENMAF_TESTS_TPM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bus_fault_kind {
    BUS_ANSWER = 1, /* with this response code, without asking the TPM */
    BUS_DROP,       /* the connection, before the TPM has seen the command */
    BUS_LOSE,       /* the connection, after the TPM has carried it out */
    BUS_SILENT,     /* no response while the client waits */
    BUS_FLIP,       /* a bit of octet `value` of the response (from its end when negative) */
    BUS_SHORT,      /* the response ends early */
    BUS_LONG,       /* the response says that it is longer than any may be */
    BUS_FORGE,      /* the response is what the function of bus_forge makes of it */
};

struct bus_fault {
    enum bus_fault_kind kind;
    uint32_t command; /* 0: any */
    unsigned skip;    /* matching commands that pass first */
    unsigned times;   /* matching commands that are hit then; 0: all */
    int64_t value;
};

/* Between clients and the swtpm on `to`; returns the port to use instead. */
unsigned bus_start(unsigned to);
void bus_stop(void);

/* From now on; NULL: none. The counts begin anew. */
void bus_set(const struct bus_fault *fault);

/* What BUS_FORGE does: changes the TPM's response of *n octets, at most BUS_MESSAGE_MAX. */
#define BUS_MESSAGE_MAX 4096
typedef void bus_forger(uint32_t command, uint8_t *response, size_t *n);
void bus_forge(bus_forger *forger);

unsigned bus_count(uint32_t command);           /* since bus_set; 0: all */
unsigned bus_hits(void);                        /* how often the fault struck */
bool bus_carried(const void *octets, size_t n); /* in any command or response since bus_start */

#endif
