/* Plug-ins with one thing wrong each, which the build chooses: BAD_MAGIC, BAD_VERSION, BAD_SIZE, BAD_SCHEME,
 * BAD_OPERATION, BAD_HALF or BAD_SYMBOL is 1. The front end looks at the table and refuses; no operation is
 * ever called. */
#include "se/plugin.h"

#include <stdlib.h>

static void never(void)
{
    abort();
}

#define NEVER(name) .name = (__typeof__(((struct se_plugin *)NULL)->name))never

#if BAD_SYMBOL
#define openmaf_se_plugin another_table
#endif

__attribute__((visibility("default"))) extern const struct se_plugin openmaf_se_plugin;
const struct se_plugin openmaf_se_plugin = {
    .magic = BAD_MAGIC ? 0 : SE_PLUGIN_MAGIC,
    .version = SE_PLUGIN_VERSION + BAD_VERSION,
    .size = (uint32_t)sizeof(struct se_plugin) - 8 * BAD_SIZE,
    .name = "bad",
    .scheme = BAD_SCHEME ? "another:"
              : BAD_HALF ? "half:"
                         : "operation:",
    NEVER(open),
    NEVER(close),
    NEVER(provision),
    NEVER(describe),
    NEVER(health),
    NEVER(random),
    NEVER(key_mint),
    NEVER(key_generate),
    NEVER(key_free),
    NEVER(key_wrap),
    NEVER(key_load),
    NEVER(unseal),
    NEVER(hmac),
#if !BAD_OPERATION
    NEVER(row_mac),
#endif
#if BAD_HALF
    NEVER(signer_find),
#endif
};
