/* Fuzz target: a client bundle's registration configuration. What was accepted must be for this MAF and
 * choose at most one credential. */
#include "target.h"

#include "client/configuration.h"
#include "onem2m/primitive.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct configuration c;
    json_t *json = NULL;
    if (m2m_json_parse(data, size, &json, NULL) != OM_OK)
        return 0;
    if (configuration_parse(json, "maf.example.com", &c, NULL) == OM_OK) {
        require(m2m_is_fqdn(c.stakeholder));
        require((c.choice == CONFIGURATION_USE_CERTIFICATE) == (c.ca_certs != NULL));
        require(c.choice != CONFIGURATION_USE_CERTIFICATE || c.credential[0] != '\0');
        require(c.labels == NULL || json_is_array(c.labels));
        configuration_free(&c);
    }
    json_decref(json);
    return 0;
}
