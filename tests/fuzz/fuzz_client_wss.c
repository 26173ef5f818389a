/* Fuzz target: what a server sends to a WebSocket client, from its answer to the handshake on. The first
 * octet of an input chooses the format (bit 0) and whether it begins behind the handshake (bit 1), the second
 * how many octets arrive at a time. */
#include "target.h"

#include "client/transport.h"
#include "client/wss_frames.h"
#include "client/wss_upgrade.h"

#include <stdlib.h>
#include <string.h>

/* A property that does not hold is a finding, in every build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

static const struct wss_key key = {"dGhlIHNhbXBsZSBub25jZQ==",
                                   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}; /* RFC 6455 §1.3 */

static void read_message(const struct format *format, const struct wss_frames *f)
{
    const struct om_secret *message = wss_frames_message(f);
    struct m2m_response rs;
    json_t *tree = NULL;
    require(message->len <= TRANSPORT_BODY_MAX);
    m2m_response_init(&rs);
    if (format->parse(message->octets, message->len, &tree, NULL) == OM_OK)
        (void)(m2m_response_from_tree(tree, &rs, NULL) == OM_OK);
    json_decref(tree);
    m2m_response_free(&rs);
}

/* False: the client is through with this connection. */
static bool arrived(const struct format *format, struct evbuffer *in, struct wss_frames *f, bool *open)
{
    int rsc = 0;
    bool complete = false;
    if (!*open) {
        om_rc rc = wss_upgrade_answer(in, format, &key, &rsc, NULL);
        require(rc != OM_OK || rsc == -1 || rsc == 0 || (rsc >= 4000 && rsc <= 9999));
        *open = rc == OM_OK && rsc == 0;
        if (!*open)
            return rc == OM_OK && rsc == -1;
    }
    if (wss_frames_receive(f, &complete, NULL) != OM_OK || wss_frames_closed(f) != 0)
        return false;
    if (complete)
        read_message(format, f);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct format *format = &formats[data[0] & 1];
    bool open = (data[0] & 2) != 0;
    size_t piece = data[1] > 0 ? data[1] : size;
    struct evbuffer *in = evbuffer_new();
    struct evbuffer *out = evbuffer_new();
    struct wss_frames *f = NULL;
    require(in != NULL && out != NULL && wss_frames_new(format->binary, in, out, NULL, &f, NULL) == OM_OK);
    for (size_t at = 2; at < size; at += piece) {
        size_t n = piece < size - at ? piece : size - at;
        require(evbuffer_add(in, data + at, n) == 0);
        if (!arrived(format, in, f, &open))
            break;
    }
    wss_frames_free(f);
    evbuffer_free(in);
    evbuffer_free(out);
    return 0;
}
