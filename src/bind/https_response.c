/* From a response primitive to HTTP (TS-0009, spec/wire §5, §8). */
#include "bind/https_internal.h"
#include "bind/target.h"
#include "util/log.h"

#include <stdio.h>

static void add(struct evhttp_request *req, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

static void add_headers(struct evhttp_request *req, const struct m2m_response *rs,
                        const struct https_exchange *ex)
{
    char number[16];
    char path[M2M_TO_SIZE + 4];
    (void)snprintf(number, sizeof number, "%d", rs->rsc);
    add(req, "X-M2M-RSC", number);
    if (rs->has_rqi)
        add(req, "X-M2M-RI", rs->rqi);
    if (rs->rvi[0] != '\0')
        add(req, "X-M2M-RVI", rs->rvi);
    if (rs->location[0] != '\0' && target_from_to(rs->location, path, sizeof path, NULL) == OM_OK)
        add(req, "Content-Location", path);
    if (!ex->method_allowed)
        add(req, "Allow", "GET, POST, PUT, DELETE");
    add(req, "Cache-Control", "no-store"); /* content may be a key */
    if (ex->close)
        add(req, "Connection", "close");
}

/* The content into out. evbuffer memory is wiped by the allocator that the program gave to libevent. */
static om_rc add_body(struct evhttp_request *req, const json_t *pc, const struct media *media,
                      struct evbuffer *out, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    om_rc rc = media->encode(pc, &text, err);
    if (rc == OM_OK && evbuffer_add(out, text.octets, text.len) != 0)
        rc = om_fail(err, OM_ENOMEM, "no memory for a response");
    om_secret_free(&text);
    if (rc == OM_OK)
        add(req, "Content-Type", media->name);
    return rc;
}

void https_response_send(struct evhttp_request *req, const struct m2m_response *rs,
                         const struct https_exchange *ex)
{
    struct om_error err = {0};
    struct evbuffer *out = evbuffer_new();
    int status = ex->status != 0 ? ex->status : m2m_rsc_http(rs->rsc);
    bool head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    om_rc rc = out == NULL ? om_fail(&err, OM_ENOMEM, "no memory for a response") : OM_OK;
    if (rc == OM_OK && rs->pc != NULL && !head)
        rc = add_body(req, rs->pc, ex->media, out, &err);
    if (rc == OM_OK) {
        add_headers(req, rs, ex);
    } else { /* what was promised is done, but cannot be told: the peer must not take it for a success */
        om_log(OM_LOG_ERROR, "https: %s", om_error_text(&err, rc));
        struct m2m_response broken = {.rsc = M2M_INTERNAL_SERVER_ERROR};
        status = m2m_rsc_http(broken.rsc);
        add_headers(req, &broken, ex);
    }
    if (!head && out != NULL) { /* evhttp leaves it out where the end of the connection would do */
        char length[24];
        (void)snprintf(length, sizeof length, "%zu", evbuffer_get_length(out));
        add(req, "Content-Length", length);
    }
    evhttp_send_reply(req, status, "", out);
    if (out != NULL)
        evbuffer_free(out);
}
