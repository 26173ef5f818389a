/* Fuzz target: CBOR from a peer. What was accepted must come out in one form only, say the same in JSON, and
 * make a request or a response as any tree does. */
#include "target.h"

#include "onem2m/cbor.h"
#include "onem2m/primitive.h"

#include <stdlib.h>
#include <string.h>

/* A property that does not hold is a finding, in every build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

static void printed_and_read_again(const json_t *tree, size_t input_len)
{
    struct om_secret first = OM_SECRET_INIT;
    struct om_secret second = OM_SECRET_INIT;
    json_t *again;
    require(m2m_cbor_print(tree, &first, NULL) == OM_OK);
    require(first.len <= input_len * 2 + 16); /* a half float becomes a float */
    if (m2m_cbor_parse(first.octets, first.len, &again, NULL) == OM_OK) {
        require(json_equal(tree, again));
        require(m2m_cbor_print(again, &second, NULL) == OM_OK);
        require(first.len == second.len && memcmp(first.octets, second.octets, first.len) == 0);
        json_decref(again);
    } else {
        require(first.len > M2M_JSON_MAX);
    }
    om_secret_free(&first);
    om_secret_free(&second);
}

static void same_in_json(const json_t *tree)
{
    struct om_secret text = OM_SECRET_INIT;
    json_t *again;
    require(m2m_json_print(tree, &text, NULL) == OM_OK);
    if (m2m_json_parse(text.octets, text.len, &again, NULL) == OM_OK) {
        require(json_equal(tree, again));
        json_decref(again);
    } else {
        require(text.len > M2M_JSON_MAX);
    }
    om_secret_free(&text);
}

static void as_primitives(const json_t *tree)
{
    struct m2m_request rq;
    struct m2m_response rs;
    struct om_error err = {0};
    m2m_request_init(&rq);
    m2m_response_init(&rs);
    m2m_request_from_tree(tree, &rq);
    require((rq.syntax_rsc == 0) == (rq.syntax_text[0] == '\0'));
    if (m2m_response_from_tree(tree, &rs, &err) != OM_OK)
        require(err.text[0] != '\0');
    m2m_request_free(&rq);
    m2m_response_free(&rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tree;
    struct om_error err = {0};
    om_rc rc = m2m_cbor_parse(data, size, &tree, &err);
    if (rc != OM_OK) {
        require(rc == OM_EINPUT && err.text[0] != '\0' && tree == NULL);
        return 0;
    }
    printed_and_read_again(tree, size);
    same_in_json(tree);
    as_primitives(tree);
    json_decref(tree);
    return 0;
}
