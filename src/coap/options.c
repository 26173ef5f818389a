/* Options of the CoAP binding: see options.h. */
#include "coap/options.h"
#include "onem2m/wire_names.h"

#include <string.h>

/* clang-format off */
static const struct om_coap_m2m_option m2m_options[] = {
    {WIRE_COAP_OT,    "oneM2M-OT",    WIRE_OT,   OM_COAP_TEXT, 15},
    {WIRE_COAP_RTURI, "oneM2M-RTURI", NULL,      OM_COAP_TEXT, 255},
    {WIRE_COAP_TY,    "oneM2M-TY",    WIRE_TY,   OM_COAP_UINT, 2},
    {WIRE_COAP_RVI,   "oneM2M-RVI",   WIRE_RVI,  OM_COAP_TEXT, 2},
    {WIRE_COAP_ASRI,  "oneM2M-ASRI",  NULL,      OM_COAP_TEXT, 255},
    {WIRE_COAP_FR,    "oneM2M-FR",    WIRE_FR,   OM_COAP_TEXT, 255},
    {WIRE_COAP_RQI,   "oneM2M-RQI",   WIRE_RQI,  OM_COAP_TEXT, 255},
    {WIRE_COAP_RQET,  "oneM2M-RQET",  WIRE_RQET, OM_COAP_TEXT, 15},
    {WIRE_COAP_RSET,  "oneM2M-RSET",  WIRE_RSET, OM_COAP_TEXT, 15},
    {WIRE_COAP_OET,   "oneM2M-OET",   NULL,      OM_COAP_TEXT, 15},
    {WIRE_COAP_EC,    "oneM2M-EC",    NULL,      OM_COAP_UINT, 1},
    {WIRE_COAP_RSC,   "oneM2M-RSC",   WIRE_RSC,  OM_COAP_UINT, 2},
    {WIRE_COAP_GID,   "oneM2M-GID",   NULL,      OM_COAP_TEXT, 255},
    {WIRE_COAP_CTO,   "oneM2M-CTO",   NULL,      OM_COAP_UINT, 2},
    {WIRE_COAP_CTS,   "oneM2M-CTS",   NULL,      OM_COAP_UINT, 2},
    {WIRE_COAP_ATI,   "oneM2M-ATI",   NULL,      OM_COAP_TEXT, 255},
    {WIRE_COAP_VSI,   "oneM2M-VSI",   NULL,      OM_COAP_TEXT, 255},
    {WIRE_COAP_GTM,   "oneM2M-GTM",   NULL,      OM_COAP_TEXT, 512},
    {WIRE_COAP_AUS,   "oneM2M-AUS",   NULL,      OM_COAP_TEXT, 255},
};
/* clang-format on */

#define ROWS (sizeof m2m_options / sizeof m2m_options[0])

const struct om_coap_m2m_option *om_coap_m2m_option(uint16_t number)
{
    for (size_t i = 0; i < ROWS; i++)
        if (m2m_options[i].number == number)
            return &m2m_options[i];
    return NULL;
}

const struct om_coap_m2m_option *om_coap_m2m_param(const char *param)
{
    for (size_t i = 0; i < ROWS; i++)
        if (m2m_options[i].param != NULL && strcmp(m2m_options[i].param, param) == 0)
            return &m2m_options[i];
    return NULL;
}

bool om_coap_unknown_critical(uint16_t number)
{
    static const uint16_t known[] = {OM_COAP_URI_HOST,  OM_COAP_URI_PORT,  OM_COAP_URI_PATH,
                                     OM_COAP_URI_QUERY, OM_COAP_ACCEPT,    OM_COAP_BLOCK1,
                                     OM_COAP_BLOCK2,    OM_COAP_PROXY_URI, OM_COAP_PROXY_SCHEME};
    if ((number & 1) == 0)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == number)
            return false;
    return om_coap_m2m_option(number) == NULL;
}
