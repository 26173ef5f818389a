/* Options of the CoAP binding (TS-0008, spec/wire §6): one table for both ends. */
#ifndef OPENMAF_COAP_OPTIONS_H
#define OPENMAF_COAP_OPTIONS_H

#include "coap/message.h"

enum om_coap_kind { OM_COAP_TEXT, OM_COAP_UINT };

struct om_coap_m2m_option {
    uint16_t number;
    const char *title; /* "oneM2M-FR" */
    const char *param; /* request parameter that it carries ("fr"); NULL: one that a MAF has no use for */
    enum om_coap_kind kind;
    size_t max; /* octets */
};

/* The row of that number, or NULL. */
const struct om_coap_m2m_option *om_coap_m2m_option(uint16_t number);

/* The row that carries a request parameter, or NULL. */
const struct om_coap_m2m_option *om_coap_m2m_param(const char *param);

/* True for a critical option (RFC 7252 §5.4.1) that neither RFC 7252, RFC 7959 nor TS-0008 defines: a request
 * with it is refused with 4.02. */
bool om_coap_unknown_critical(uint16_t number);

/* Numbers of RFC 7252, 7959 that are used here. */
enum {
    OM_COAP_URI_HOST = 3,
    OM_COAP_URI_PORT = 7,
    OM_COAP_LOCATION_PATH = 8,
    OM_COAP_URI_PATH = 11,
    OM_COAP_CONTENT_FORMAT = 12,
    OM_COAP_MAX_AGE = 14,
    OM_COAP_URI_QUERY = 15,
    OM_COAP_ACCEPT = 17,
    OM_COAP_BLOCK2 = 23,
    OM_COAP_BLOCK1 = 27,
    OM_COAP_SIZE2 = 28,
    OM_COAP_PROXY_URI = 35,
    OM_COAP_PROXY_SCHEME = 39,
    OM_COAP_SIZE1 = 60,
    OM_COAP_NO_RESPONSE = 258,
    OM_COAP_REQUEST_TAG = 292,
};

#endif
