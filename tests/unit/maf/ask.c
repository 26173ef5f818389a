/* See world.h: requests as JSON texts, and what came back. */
#include "world.h"

#include "onem2m/primitive.h"

/* JSON text with ' for ". */
static json_t *parse(const char *fmt, va_list ap) OM_PRINTF(1, 0);
static json_t *parse(const char *fmt, va_list ap)
{
    char *text = NULL;
    json_t *tree = NULL;
    assert_true(vasprintf(&text, fmt, ap) >= 0);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    if (m2m_json_parse(text, strlen(text), &tree, ERR) != OM_OK)
        fail_msg("%s: %s", text, ERR->text);
    free(text);
    return tree;
}

/* null stands for absence; a parameter that is not mentioned gets a sane value. */
static void complete(json_t *tree, const char *name, const char *value)
{
    if (json_is_null(json_object_get(tree, name)))
        (void)json_object_del(tree, name);
    else if (json_object_get(tree, name) == NULL)
        assert_int_equal(json_object_set_new(tree, name, json_string(value)), 0);
}

static void keep_text(struct device *d)
{
    struct om_secret text = OM_SECRET_INIT;
    d->text[0] = '\0';
    if (d->answer.pc == NULL)
        return;
    SUCCEEDS(m2m_json_print(d->answer.pc, &text, ERR));
    (void)snprintf(d->text, sizeof d->text, "%.*s", (int)text.len, (const char *)text.octets);
    om_secret_free(&text);
}

int ask(struct device *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    json_t *tree = parse(fmt, ap);
    va_end(ap);
    if (d->session.ssl == NULL)
        device_connect(d);
    complete(tree, "fr", d->id);
    complete(tree, "rqi", "r1");
    complete(tree, "rvi", "3");
    struct m2m_request rq;
    m2m_request_init(&rq);
    m2m_request_from_tree(tree, &rq);
    json_decref(tree);
    m2m_response_free(&d->answer);
    maf_handle(world_maf, &d->session, &rq, &d->answer);
    m2m_request_free(&rq);
    keep_text(d);
    return d->answer.rsc;
}

void world_rsc(int want, int got, const struct device *d, const char *file, int line)
{
    if (want == got)
        return;
    print_error("%s:%d: answered %d instead of %d: %s\n", file, line, got, want, d->text);
    _fail(file, line);
}

static json_t *attributes(const struct device *d)
{
    return json_object_iter_value(json_object_iter(d->answer.pc));
}

const json_t *answer_member(const struct device *d, const char *name)
{
    return json_object_get(attributes(d), name);
}

const char *answer_text(const struct device *d, const char *name)
{
    return json_string_value(answer_member(d, name));
}

long long answer_number(const struct device *d, const char *name)
{
    const json_t *v = answer_member(d, name);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

const char *answer_reason(const struct device *d)
{
    const char *text = json_string_value(json_object_get(d->answer.pc, WIRE_DEBUG));
    return text != NULL ? text : "";
}

void answer_is(const struct device *d, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    json_t *want = parse(fmt, ap);
    va_end(ap);
    bool equal = json_equal(want, d->answer.pc);
    json_decref(want);
    if (equal)
        return;
    print_error("%s:%d: not the answer expected: %s\n", file, line, d->text);
    _fail(file, line);
}

void answer_has_only(const struct device *d, ...)
{
    size_t n = 0;
    va_list ap;
    va_start(ap, d);
    for (const char *name; (name = va_arg(ap, const char *)) != NULL; n++)
        if (answer_member(d, name) == NULL)
            fail_msg("%s is missing in %s", name, d->text);
    va_end(ap);
    if (json_object_size(attributes(d)) != n)
        fail_msg("%zu attributes expected in %s", n, d->text);
}

void registered(struct device *d)
{
    RSC(2001, d, "{'op':1,'to':'//" FQDN "/-','ty':%d,'pc':{'%s':{'et':'" LATER "','adfq':'%s'}}}",
        world_role->ty_client_reg, m2m_type_member(world_role->ty_client_reg), d->admin);
    (void)snprintf(d->registration, sizeof d->registration, "%s", answer_text(d, "ri"));
}

static const char *kept_id(const struct device *d)
{
    static char ids[4][M2M_RELATIVE_SIZE];
    static unsigned next;
    char *id = ids[next++ % 4];
    (void)snprintf(id, M2M_RELATIVE_SIZE, "%s", answer_text(d, "rn"));
    return id;
}

const char *own_key(struct device *source, unsigned suid, const struct device *target)
{
    RSC(2001, source,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'%s','suid':%u,'tgis':['%s'],"
        "'kyv':'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='}}}",
        source->admin, suid, target->id);
    return kept_id(source);
}

const char *exporter_key(struct device *source, const struct device *target)
{
    RSC(2001, source,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER
        "','adfq':'%s','suid':32,'tgis':['%s']}}}",
        source->admin, target->id);
    return kept_id(source);
}

void retrieved(const struct device *d, struct om_secret *value)
{
    const char *text = answer_text(d, "kyv");
    assert_non_null(text);
    SUCCEEDS(om_secret_alloc(value, WIRE_KEY_VALUE_MAX, ERR));
    SUCCEEDS(om_base64_decode(text, strlen(text), value->octets, value->len, &value->len, ERR));
}
