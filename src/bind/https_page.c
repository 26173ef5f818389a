/* What evhttp answers by itself: octets that are not HTTP, a header or body beyond its limit, an expectation
 * it does not know. It writes an HTML page and gives no hook, so the page is replaced by our own form before
 * the event loop gets to send it: every response carries X-M2M-RSC and says in one line what is wrong. */
#include "bind/https_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void https_page_on_output(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
    (void)buf;
    struct https_conn *c = arg;
    if (info->n_added > 0 && !c->replying)
        event_active(&c->replace_page, EV_TIMEOUT, 0); /* when evhttp has written all of it */
}

/* Octets of an interim response (100 Continue) at the front, which stay. */
static size_t interim_length(struct evbuffer *out)
{
    char status[16] = "";
    if (evbuffer_copyout(out, status, sizeof status - 1) < 13 || strncmp(status + 8, " 100 ", 5) != 0)
        return 0;
    struct evbuffer_ptr end = evbuffer_search(out, "\r\n\r\n", 4, NULL);
    return end.pos >= 0 ? (size_t)end.pos + 4 : 0;
}

/* The status that evhttp chose, behind `skip` octets. */
static int page_status(struct evbuffer *out, size_t skip)
{
    char line[16] = "";
    struct evbuffer_ptr at;
    if (evbuffer_ptr_set(out, &at, skip, EVBUFFER_PTR_SET) != 0 ||
        evbuffer_copyout_from(out, &at, line, sizeof line - 1) < 12)
        return 0;
    return (int)strtol(line + 9, NULL, 10);
}

struct page {
    int http;
    char text[160];
};

static void choose(const struct https_conn *c, int status, struct page *p)
{
    const struct https_options *o = &c->https->opt;
    if (status == 413) {
        p->http = 413;
        (void)snprintf(p->text, sizeof p->text,
                       "the body is longer than %u octets, or its chunks are malformed", o->max_body);
    } else if (status == 417) {
        p->http = 417;
        (void)snprintf(p->text, sizeof p->text, "the only expectation that is met is 100-continue");
    } else if (c->received > o->max_header) {
        p->http = 431;
        (void)snprintf(p->text, sizeof p->text, "the header is longer than %u octets", o->max_header);
    } else {
        p->http = 400;
        (void)snprintf(p->text, sizeof p->text, "not an HTTP/1.1 request, or its header is malformed");
    }
}

void https_page_replace(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct https_conn *c = arg;
    struct evbuffer *out = bufferevent_get_output(c->bev);
    size_t keep = interim_length(out);
    if (c->replying || evbuffer_get_length(out) == keep)
        return;
    struct page p;
    choose(c, page_status(out, keep), &p);
    c->replying = true;
    c->https->stats.malformed++;
    char interim[64];
    int kept = keep <= sizeof interim ? evbuffer_remove(out, interim, keep) : -1;
    (void)evbuffer_drain(out, evbuffer_get_length(out));
    if (kept > 0)
        (void)evbuffer_add(out, interim, (size_t)kept);
    (void)evbuffer_add_printf(out,
                              "HTTP/1.1 %d \r\nX-M2M-RSC: %d\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                              "Cache-Control: no-store\r\nConnection: close\r\n\r\n{\"" WIRE_DEBUG
                              "\":\"%s\"}",
                              p.http, M2M_BAD_REQUEST, media_default()->name,
                              strlen(p.text) + sizeof "{\"" WIRE_DEBUG "\":\"\"}" - 1, p.text);
    https_conn_phase(c, HTTPS_RESPONSE);
}
