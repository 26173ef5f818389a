/* From a CoAP request to a primitive, and its way through the procedures (TS-0008, spec/wire §6). Nothing
 * here decides what a request means; what cannot be read is recorded, and the procedures report it in their
 * order (MAF-GEN-12). */
#include "bind/coaps_internal.h"
#include "bind/coaps_reading.h"

#include <openssl/evp.h>
#include <string.h>

#define BAD_OPTION       OM_COAP_CODE(4, 2)
#define INCOMPLETE       OM_COAP_CODE(4, 8)
#define PROXYING_UNKNOWN OM_COAP_CODE(5, 5)

static bool is_about_blocks(uint16_t number)
{
    return number == OM_COAP_BLOCK1 || number == OM_COAP_BLOCK2 || number == OM_COAP_SIZE1 ||
           number == OM_COAP_SIZE2;
}

/* A digest, because a request's options may be long and are compared only. */
void coaps_request_key(const struct om_coap_message *m, uint8_t key[COAPS_KEY_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    memset(key, 0, COAPS_KEY_SIZE);
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, &m->code, sizeof m->code) == 1;
    for (size_t i = 0; i < m->n_options && ok; i++) {
        const struct om_coap_option *o = &m->options[i];
        uint16_t head[2] = {o->number, (uint16_t)o->len};
        if (!is_about_blocks(o->number))
            ok =
                EVP_DigestUpdate(ctx, head, sizeof head) == 1 && EVP_DigestUpdate(ctx, o->value, o->len) == 1;
    }
    if (ok)
        (void)EVP_DigestFinal_ex(ctx, key, NULL);
    EVP_MD_CTX_free(ctx);
}

/* What CoAP itself refuses, before it looks at content. */
static bool refuse_early(const struct om_coap_message *m, struct m2m_response *rs, struct coaps_exchange *ex)
{
    for (size_t i = 0; i < m->n_options; i++) {
        uint16_t number = m->options[i].number;
        if (om_coap_unknown_critical(number)) {
            ex->code = BAD_OPTION;
            m2m_response_error(rs, M2M_BAD_REQUEST, "option %u is critical and not known", number);
            return true;
        }
        if (number == OM_COAP_PROXY_URI || number == OM_COAP_PROXY_SCHEME) {
            ex->code = PROXYING_UNKNOWN;
            m2m_response_error(rs, M2M_NOT_IMPLEMENTED, "this is no proxy");
            return true;
        }
    }
    if (m->code >= OM_COAP_GET && m->code <= OM_COAP_DELETE)
        return false;
    m2m_response_error(rs, M2M_OPERATION_NOT_ALLOWED, "the methods are GET, POST, PUT and DELETE");
    return true;
}

static void carry_out(struct coaps_session *s, const struct om_coap_message *m, const uint8_t *body, size_t n,
                      struct m2m_response *rs, struct coaps_exchange *ex)
{
    struct m2m_request rq;
    m2m_request_init(&rq);
    coaps_request_read(s->coaps, m, body, n, &rq, ex);
    maf_handle(s->coaps->maf, &s->maf, &rq, rs);
    m2m_request_free(&rq);
}

/* Block2 of the request. True when that alone answers it, in out or in rs. */
static bool take_block2(struct coaps_session *s, const struct om_coap_message *m, struct m2m_response *rs,
                        struct coaps_exchange *ex, struct om_coap_message *out, struct om_secret *body)
{
    const struct om_coap_option *o = om_coap_find(m, OM_COAP_BLOCK2);
    ex->block2 = (struct om_coap_block){.szx = OM_COAP_SZX_MAX};
    if (o == NULL) {
        coaps_download_free(s);
        return false;
    }
    if (!om_coap_block_get(o, &ex->block2)) {
        ex->block2 = (struct om_coap_block){.szx = OM_COAP_SZX_MAX};
        m2m_response_error(rs, M2M_BAD_REQUEST, "Block2: malformed");
        return true;
    }
    if (ex->block2.num == 0) {
        coaps_download_free(s);
        return false;
    }
    /* What is left of a response is not for a peer whose credential has ended meanwhile. */
    if (s->download != NULL && !maf_session_valid(s->coaps->maf, &s->maf))
        coaps_download_free(s);
    if (coaps_download_continue(s, m, &ex->block2, out, body))
        return true;
    if (m->code == OM_COAP_GET)
        return false; /* carried out once more */
    ex->code = INCOMPLETE;
    ex->block2.num = 0;
    m2m_response_error(rs, M2M_BAD_REQUEST, "Block2: there is nothing more of this response");
    return true;
}

void coaps_request_answer(struct coaps_session *s, const struct om_coap_message *m,
                          struct om_coap_message *out, struct om_secret *body)
{
    struct m2m_response rs;
    struct coaps_exchange ex = {.media = media_default(), .block2 = {.szx = OM_COAP_SZX_MAX}};
    const uint8_t *octets = NULL;
    size_t n = 0;
    m2m_response_init(&rs);
    om_coap_init(out, OM_COAP_EMPTY, NULL, 0);
    if (!refuse_early(m, &rs, &ex) && !take_block2(s, m, &rs, &ex, out, body) &&
        coaps_upload_take(s, m, &ex, &rs, &octets, &n) == COAPS_BODY_WHOLE) {
        carry_out(s, m, octets, n, &rs, &ex);
        if (ex.has_block1) /* other requests may come between blocks */
            coaps_upload_free(s);
    }
    if (out->code == OM_COAP_EMPTY)
        coaps_response_write(s, m, &rs, &ex, out, body);
    m2m_response_free(&rs);
}
