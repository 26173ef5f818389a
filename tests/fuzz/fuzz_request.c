/* Fuzz target: everything that src/onem2m parses from a peer. An input is a whole primitive in JSON; its
 * members are also taken as a query, an address and identifiers. What was accepted must survive the way out
 * and back. */
#include "target.h"

#include "onem2m/primitive.h"

#include <stdlib.h>
#include <string.h>

/* A property that does not hold is a finding, in every build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

static void resource(const json_t *content, int type, enum m2m_direction direction)
{
    struct m2m_resource r;
    struct m2m_resource again;
    struct om_error err = {0};
    json_t *out = NULL;
    if (m2m_resource_decode(content, type, direction, &r, &err) != OM_OK) {
        require(strchr(err.text, '\n') == NULL && r.present == 0);
        return;
    }
    require(m2m_resource_encode(&r, ~0u, &out, NULL) == OM_OK);
    require(m2m_resource_decode(out, type, M2M_RESPONSE, &again, NULL) == OM_OK);
    require(again.present == r.present && again.kyv.len == r.kyv.len && again.et == r.et);
    json_decref(out);
    m2m_resource_free(&again);
    m2m_resource_free(&r);
}

static void content(const json_t *pc)
{
    for (int type = WIRE_TY_MAF_BASE; type <= WIRE_TY_MEF_CLIENT_CMD; type++) {
        resource(pc, type, M2M_CREATE_REQUEST);
        resource(pc, type, M2M_UPDATE_REQUEST);
        resource(pc, type, M2M_RESPONSE);
    }
    (void)!m2m_client_cfg_check(pc, NULL);
}

static void text(const char *s)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    char out[M2M_KEY_ID_SIZE];
    struct m2m_address a;
    int64_t t;
    if (m2m_key_id_split(s, relative, fqdn, NULL) == OM_OK)
        require(m2m_key_id_join(out, relative, fqdn, NULL) == OM_OK && strlen(out) == strlen(s));
    if (m2m_address_parse(s, WIRE_MAF_BASE_NAME, &a, NULL) == OM_OK)
        require(a.depth <= 2 && (a.name[0] != '\0') == (a.depth > 0) && (a.sub[0] != '\0') == (a.depth > 1));
    if (m2m_timestamp_parse(s, &t, NULL) == OM_OK) {
        char written[M2M_TIMESTAMP_SIZE];
        m2m_timestamp_format(written, t);
        require(strncmp(written, s, sizeof written - 1) == 0);
    }
    (void)!m2m_deadline_parse(s, 0, &t, NULL);
    (void)!m2m_nfkc(out, sizeof out, s, NULL);
    if (m2m_is_absolute_id(s) || m2m_is_credential_id(s))
        require(strlen(s) <= M2M_ID_MAX);
    (void)m2m_is_label(s);
}

static void as_query(const json_t *tree)
{
    struct m2m_request rq;
    const char *name;
    json_t *v;
    m2m_request_init(&rq);
    json_object_foreach((json_t *)tree, name, v)
    {
        if (!json_is_string(v))
            continue;
        text(name);
        text(json_string_value(v));
        m2m_request_query(&rq, name, json_string_value(v));
        m2m_request_param(&rq, name, json_string_value(v));
    }
    m2m_request_free(&rq);
}

static void as_request(const json_t *tree)
{
    struct m2m_request rq;
    json_t *out = NULL;
    m2m_request_init(&rq);
    m2m_request_from_tree(tree, &rq);
    require((rq.syntax_rsc == 0) == (rq.syntax_text[0] == '\0'));
    if (rq.pc != NULL)
        content(rq.pc);
    require(m2m_request_to_tree(&rq, &out, NULL) == OM_OK);
    if (rq.syntax_rsc == 0) {
        struct m2m_request again;
        m2m_request_init(&again);
        m2m_request_from_tree(out, &again);
        require(again.syntax_rsc == 0 && again.op == rq.op && strcmp(again.to, rq.to) == 0);
        m2m_request_free(&again);
    }
    json_decref(out);
    m2m_request_free(&rq);
}

static void as_response(const json_t *tree)
{
    struct m2m_response rs;
    json_t *out = NULL;
    m2m_response_init(&rs);
    if (m2m_response_from_tree(tree, &rs, NULL) == OM_OK) {
        require(m2m_response_to_tree(&rs, &out, NULL) == OM_OK);
        if (rs.pc != NULL)
            content(rs.pc);
    }
    json_decref(out);
    m2m_response_free(&rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tree;
    struct om_secret printed = OM_SECRET_INIT;
    if (m2m_json_parse(data, size, &tree, NULL) != OM_OK)
        return 0;
    as_request(tree);
    as_response(tree);
    as_query(tree);
    content(tree);
    require(m2m_json_print(tree, &printed, NULL) == OM_OK);
    om_secret_free(&printed);
    json_decref(tree);
    return 0;
}
