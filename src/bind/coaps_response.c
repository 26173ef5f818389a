/* From a response primitive to CoAP (TS-0008, spec/wire §6, §8). */
#include "bind/coaps_internal.h"
#include "bind/target.h"
#include "util/log.h"

#include <string.h>

/* 404 -> 4.04 */
static uint8_t code_of(int coap)
{
    return OM_COAP_CODE((unsigned)coap / 100, (unsigned)coap % 100);
}

/* Where a created resource is: one Location-Path for each segment. */
static void add_location(struct om_coap_message *out, const char *location)
{
    char path[M2M_TO_SIZE + 4];
    if (location[0] == '\0' || target_from_to(location, path, sizeof path, NULL) != OM_OK)
        return;
    for (const char *s = path; *s == '/';) {
        size_t n = strcspn(s + 1, "/");
        om_coap_add(out, OM_COAP_LOCATION_PATH, s + 1, n);
        s += n + 1;
    }
}

void coaps_response_head(const struct om_coap_message *request, const struct m2m_response *rs,
                         const struct coaps_exchange *ex, struct om_coap_message *out)
{
    uint8_t code = ex->code != 0 ? ex->code : code_of(m2m_rsc_coap(rs->rsc));
    om_coap_init(out, code, request->token, request->token_len);
    if (ex->has_block1)
        om_coap_block_add(out, OM_COAP_BLOCK1, &ex->block1);
    if (ex->size1 != 0)
        om_coap_add_uint(out, OM_COAP_SIZE1, ex->size1);
    if (rs->rsc == 0)
        return;
    om_coap_add_uint(out, WIRE_COAP_RSC, (uint32_t)rs->rsc);
    if (rs->has_rqi)
        om_coap_add_text(out, WIRE_COAP_RQI, rs->rqi);
    if (rs->rvi[0] != '\0')
        om_coap_add_text(out, WIRE_COAP_RVI, rs->rvi);
    om_coap_add_uint(out, OM_COAP_MAX_AGE, 0); /* content may be a key, and no ETag for the same reason */
    add_location(out, rs->location);
}

/* An error that concerns the way back only, so without content. */
static void write_failure(const struct om_coap_message *request, int rsc, struct om_coap_message *out)
{
    const struct m2m_response rs = {.rsc = rsc};
    const struct coaps_exchange ex = {.media = media_default()};
    coaps_response_head(request, &rs, &ex, out);
}

void coaps_response_write(struct coaps_session *s, const struct om_coap_message *request,
                          const struct m2m_response *rs, const struct coaps_exchange *ex,
                          struct om_coap_message *out, struct om_secret *body)
{
    struct om_error err = {0};
    om_rc rc = rs->pc != NULL ? ex->media->encode(rs->pc, body, &err) : OM_OK;
    if (rc != OM_OK) { /* what was promised is done, but cannot be told: it must not look like a success */
        om_log(OM_LOG_ERROR, "coaps: %s", om_error_text(&err, rc));
        write_failure(request, M2M_INTERNAL_SERVER_ERROR, out);
        return;
    }
    coaps_response_head(request, rs, ex, out);
    if (body->len > 0)
        om_coap_add_uint(out, OM_COAP_CONTENT_FORMAT, ex->media->content_format);
    if (!coaps_download_begin(s, request, rs, ex, out, body))
        write_failure(request, M2M_BAD_REQUEST, out);
}
