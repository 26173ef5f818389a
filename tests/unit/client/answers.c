/* See answers.h. */
#include "answers.h"
#include "issuer.h"
#include "util/text.h"

const uint8_t answered_key[32] = "the key that the scripted MAF ha";
struct script script;
struct peer *peer;
struct openmaf *maf;

int start(void **state)
{
    (void)state;
    script.change = NULL;
    if (fixture_certificate) {
        issuer_start();
        const struct peer_certificate with = issuer_peer(NULL);
        peer = peer_start_certificate(fixture_binding, fixture_cbor, &with, answer, &script);
        maf = fixture_client(peer_port(peer), NULL);
        issuer_enrol(maf);
        return 0;
    }
    peer = peer_start(fixture_binding, fixture_cbor, KMID, fixture_km, answer, &script);
    maf = fixture_client(peer_port(peer), fixture_km);
    return 0;
}

int stop(void **state)
{
    (void)state;
    openmaf_close(maf);
    peer_stop(peer);
    if (fixture_certificate)
        issuer_stop();
    return 0;
}

bool request_begins(const struct peer_request *rq, const char *text)
{
    return strncmp(rq->line, text, strlen(text)) == 0;
}

json_t *request_resource(const struct peer_request *rq, const char *member)
{
    json_t *tree = json_loads(rq->body, 0, NULL);
    json_t *resource = json_incref(json_object_get(tree, member));
    json_decref(tree);
    return resource;
}

static void set(json_t *resource, const char *name, const char *value)
{
    (void)json_object_set_new(resource, name, json_string(value));
}

static void common(json_t *resource, const char *name)
{
    set(resource, "rn", name);
    set(resource, "ri", name);
    set(resource, "pi", "maf");
    set(resource, "cr", OWN_ID);
    set(resource, "ct", "20260101T000000");
    set(resource, "lt", "20260101T000000");
}

/* What a CREATE made: the request's attributes and those that the MAF adds. */
static json_t *created(const struct peer_request *rq, const char **member)
{
    json_t *registration = request_resource(rq, "sec:mafcr");
    *member = registration != NULL ? "sec:mafcr" : "sec:skr";
    if (registration != NULL) {
        common(registration, "reg-1");
        (void)json_object_set_new(registration, "ty", json_integer(20002));
        return registration;
    }
    json_t *key = request_resource(rq, "sec:skr");
    char name[33] = "00112233445566778899AABBCCDDEEFF"; /* of KEY_ID */
    if (json_object_del(key, "kyv") != 0)
        om_hex_upper(name, rq->exported, 16);
    common(key, name);
    (void)json_object_set_new(key, "ty", json_integer(20003));
    return key;
}

static json_t *retrieved(const struct peer_request *rq, const char **member)
{
    if (strstr(rq->line, "atrl=mccf") != NULL) {
        *member = "sec:mafcr";
        return json_pack("{s:{s:[{s:s, s:i, s:[s], s:[s], s:s}]}}", "mccf", "krgc", "adfq", ADMIN, "suid", 34,
                         "lbl", "from-cfg", "tgis", TARGET, "et", "20990101T000000");
    }
    char base64[OM_BASE64_SIZE(sizeof answered_key)];
    om_base64_encode(base64, answered_key, sizeof answered_key);
    json_t *key = json_pack("{s:i, s:s, s:[s], s:s, s:i, s:s}", "ty", 20003, "et", "20990101T000000", "lbl",
                            "floor:1", "adfq", ADMIN, "suid", 33, "kyv", base64);
    common(key, "00112233445566778899AABBCCDDEEFF");
    set(key, "cr", "//sp.example.com/cse1/Csource");
    *member = "sec:skr";
    return key;
}

static json_t *updated(const struct peer_request *rq, const char **member)
{
    json_t *resource = request_resource(rq, "sec:mafcr");
    *member = resource != NULL ? "sec:mafcr" : "sec:skr";
    if (resource == NULL)
        resource = request_resource(rq, "sec:skr");
    if (json_is_null(json_object_get(resource, "lbl")))
        (void)json_object_del(resource, "lbl");
    return resource;
}

static void print(struct peer_reply *reply, json_t *content)
{
    size_t n = json_dumpb(content, reply->body, sizeof reply->body - 1, 0);
    reply->body[n] = '\0';
    json_decref(content);
}

void answer(void *arg, const struct peer_request *rq, struct peer_reply *reply)
{
    const struct script *s = arg;
    const char *member = NULL;
    json_t *resource = NULL;
    if (request_begins(rq, "POST")) {
        *reply = (struct peer_reply){.status = 201, .rsc = 2001};
        resource = created(rq, &member);
    } else if (request_begins(rq, "PUT")) {
        *reply = (struct peer_reply){.status = 200, .rsc = 2004};
        resource = updated(rq, &member);
    } else if (request_begins(rq, "DELETE")) {
        *reply = (struct peer_reply){.status = 200, .rsc = 2002};
    } else if (strstr(rq->line, "fu=1") != NULL) {
        *reply = (struct peer_reply){.status = 200, .rsc = 2000};
        (void)snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":[\"reg-1\",\"A1\"]}");
    } else {
        *reply = (struct peer_reply){.status = 200, .rsc = 2000};
        resource = retrieved(rq, &member);
    }
    if (resource != NULL)
        print(reply, json_pack("{s:O}", member, resource));
    if (s->change != NULL) {
        s->change(resource, rq, reply);
        if (resource != NULL && reply->body[0] == '{') /* not replaced by something else altogether */
            print(reply, json_pack("{s:O}", member, resource));
    }
    json_decref(resource);
}
