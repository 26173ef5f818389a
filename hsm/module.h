/* PKCS#11 modules in this process: loaded and initialised once each, shared by all tokens opened through
 * this plug-in, finalised with the last. Thread-safe. */
#ifndef OPENMAF_HSM_MODULE_H
#define OPENMAF_HSM_MODULE_H

#include "hsm/uri.h"

struct hsm_module;

/* Tells processes apart without asking the kernel, which every operation would: 1 at first, one more in each
 * child. */
unsigned hsm_process(void);

/* Modules that are initialised from now on are called from one thread of this process only. */
void hsm_module_one_thread(void);

/* Loads and initialises the module that the URI names, or takes another user's. A module that somebody else
 * in the process initialised already (libp11) is used as it is and not finalised here. OM_ECONFIG: no such
 * library, or not a module, or in use with other x-init-args. OM_EINTERNAL: initialised before a fork. */
OM_MUST_USE om_rc hsm_module_acquire(const struct hsm_uri *uri, struct hsm_module **out,
                                     struct om_error *err);
void hsm_module_release(struct hsm_module *module);

/* Initialises again a module that somebody else has finalised under us; nothing when it is initialised. */
OM_MUST_USE om_rc hsm_module_revive(struct hsm_module *module, struct om_error *err);

CK_FUNCTION_LIST *hsm_module_functions(const struct hsm_module *module);
const char *hsm_module_path(const struct hsm_module *module);
const CK_INFO *hsm_module_info(const struct hsm_module *module);

#endif
