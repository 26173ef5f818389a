/* Fuzz target: management objects and cmdDescriptions, as JSON. What was accepted keeps to its bounds. */
#include "target.h"

#include "onem2m/object.h"
#include "onem2m/primitive.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_object(const json_t *json)
{
    struct m2m_object o;
    char cse[M2M_ID_SIZE];
    if (m2m_object_parse(json, &o, NULL) != OM_OK)
        return;
    require(m2m_object_type_name(o.type) != NULL);
    require(o.fingerprint[0] == '\0' || strlen(o.fingerprint) == M2M_FINGERPRINT_SIZE - 1);
    require(o.suid == 0 || m2m_suid_defined(o.suid));
    if (m2m_cse_of_path(o.path, "//sp.example/cse1/Cae1", cse, NULL) == OM_OK)
        require(m2m_is_absolute_id(cse));
    m2m_object_free(&o);
}

static void check_command(const json_t *json)
{
    struct m2m_command c;
    char above[M2M_URI_SIZE];
    int status = 0;
    om_rc rc = m2m_command_parse(json, &c, &status, NULL);
    require((rc == OM_OK) == (status == M2M_CMD_OK) && m2m_command_status_reportable(status));
    if (rc == OM_OK && m2m_is_object_path(c.path) && m2m_object_parent(c.path, above))
        require(m2m_is_object_path(above));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json = NULL;
    if (m2m_json_parse(data, size, &json, NULL) != OM_OK)
        return 0;
    if (json_is_object(json)) {
        check_object(json);
        check_command(json);
    }
    json_decref(json);
    return 0;
}
