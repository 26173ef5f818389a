/* A character device that is a TPM, as /dev/tpm0 is: a pseudo-terminal with swtpm behind it. A thread of the
 * test's process. */
#ifndef OPENMAF_TESTS_TPM_DEVICE_H
#define OPENMAF_TESTS_TPM_DEVICE_H

#include <stdbool.h>

/* Makes `path` a name of the device, before the swtpm on this port. */
void device_start(const char *path, unsigned port);
void device_stop(void);

/* Another process has it, or has it no more: opening it fails with EBUSY meanwhile. */
void device_busy(bool busy);

#endif
