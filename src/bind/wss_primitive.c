/* Whole primitives over WebSocket: see wss_primitive.h. */
#include "bind/wss_primitive.h"

#include "onem2m/cbor.h"

#include <string.h>

static const struct wss_subprotocol subprotocols[] = {
    {"oneM2M.json", false, m2m_json_parse, m2m_json_print},
    {"oneM2M.cbor", true, m2m_cbor_parse, m2m_cbor_print},
};

const struct wss_subprotocol *wss_subprotocol_find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof subprotocols / sizeof subprotocols[0]; i++)
        if (strlen(subprotocols[i].name) == n && memcmp(subprotocols[i].name, name, n) == 0)
            return &subprotocols[i];
    return NULL;
}

static om_rc write_response(const struct wss_subprotocol *protocol, const struct m2m_response *rs,
                            struct om_secret *out, struct om_error *err)
{
    json_t *tree;
    OM_TRY(m2m_response_to_tree(rs, &tree, err));
    om_rc rc = protocol->encode(tree, out, err);
    json_decref(tree);
    return rc;
}

om_rc wss_answer(const struct wss_subprotocol *protocol, const void *octets, size_t n, wss_handler handle,
                 void *arg, struct om_secret *out, struct om_error *err)
{
    struct m2m_request rq;
    struct m2m_response rs;
    struct om_error defect = {0};
    json_t *tree;
    m2m_request_init(&rq);
    m2m_response_init(&rs);
    om_rc rc = protocol->decode(octets, n, &tree, &defect);
    if (rc == OM_OK) {
        m2m_request_from_tree(tree, &rq);
        handle(arg, &rq, &rs);
    } else {
        m2m_response_error(&rs, rc == OM_EINPUT ? M2M_BAD_REQUEST : M2M_INTERNAL_SERVER_ERROR, "%s",
                           om_error_text(&defect, rc));
    }
    rc = write_response(protocol, &rs, out, err);
    m2m_response_free(&rs);
    m2m_request_free(&rq);
    json_decref(tree);
    return rc;
}
