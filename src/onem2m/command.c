/* cmdDescription: see command.h (TS-0003 8.3.9.4 to 8.3.9.8, spec/mef §7). */
#include "onem2m/command.h"

#include "onem2m/value.h"
#include "onem2m/wire_names.h"
#include "util/text.h"

#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const char *m2m_command_status_name(int status)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {M2M_CMD_ISSUED, "ISSUED"},
        {M2M_CMD_REISSUED, "REISSUED"},
        {M2M_CMD_OK, "OK"},
        {M2M_CMD_REPEATED_CMD_ID, "REPEATED_CMD_ID"},
        {M2M_CMD_CLASS_NOT_SUPPORTED, "CLASS_NOT_SUPPORTED"},
        {M2M_CMD_BAD_ARGUMENTS, "BAD_ARGUMENTS"},
        {M2M_CMD_UNACCEPTABLE_ARGUMENTS, "UNACCEPTABLE_ARGUMENTS"},
        {M2M_CMD_CERT_PROV_SERVER_ERROR, "CERT_PROV_SERVER_ERROR"},
        {M2M_CMD_CERT_PROV_CLIENT_ERROR, "CERT_PROV_CLIENT_ERROR"},
        {M2M_CMD_DEV_CFG_SERVER_ERROR, "DEV_CFG_SERVER_ERROR"},
        {M2M_CMD_DEV_CFG_CLIENT_ERROR, "DEV_CFG_CLIENT_ERROR"},
        {M2M_CMD_MO_NODE_NOT_FOUND, "MO_NODE_NOT_FOUND"},
        {M2M_CMD_MO_NODE_TYPE_CONFLICT, "MO_NODE_TYPE_CONFLICT"},
        {M2M_CMD_MO_NODE_BAD_ARGS, "MO_NODE_BAD_ARGS"},
        {M2M_CMD_MO_NODE_UNACCEPTABLE_ARGS, "MO_NODE_UNACCEPTABLE_ARGS"},
        {M2M_CMD_MO_NODE_INCONSISTENT_CONFIG, "MO_NODE_INCONSISTENT_CONFIG"},
        {M2M_CMD_MO_NODE_EXECUTION_ERROR, "MO_NODE_EXECUTION_ERROR"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == status)
            return names[i].name;
    return NULL;
}

bool m2m_command_status_reportable(int status)
{
    return status != M2M_CMD_ISSUED && status != M2M_CMD_REISSUED && m2m_command_status_name(status) != NULL;
}

/* Members of an object, each looked for once, so that what is left over can be refused. */
struct members {
    const json_t *object;
    size_t taken;
};

static const json_t *take(struct members *m, const char *name)
{
    const json_t *v = json_object_get(m->object, name);
    m->taken += v != NULL;
    return v;
}

static om_rc take_number(struct members *m, const char *name, int max, int *out, struct om_error *err)
{
    int64_t n;
    om_rc rc = m2m_value_integer(take(m, name), 1, max, &n, err);
    if (rc != OM_OK)
        return om_context(err, rc, "%s", name);
    *out = (int)n;
    return OM_OK;
}

static om_rc take_text(struct members *m, const char *name, char *out, size_t cap, struct om_error *err)
{
    const char *text = NULL;
    om_rc rc = m2m_value_text(take(m, name), &text, err);
    if (rc == OM_OK && (!m2m_is_plain_text(text, cap - 1) || strchr(text, ' ') != NULL))
        rc = om_fail(err, OM_EINPUT, "1 to %zu octets without blanks are expected", cap - 1);
    if (rc == OM_OK)
        rc = om_copy_text(out, cap, text, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", name);
}

static om_rc all_taken(const struct members *m, struct om_error *err)
{
    if (json_object_size(m->object) != m->taken)
        return om_fail(err, OM_EINPUT, "an unknown member");
    return OM_OK;
}

static om_rc parse_no_more(struct members *m, struct m2m_command *out, struct om_error *err)
{
    char text[M2M_URI_SIZE];
    OM_TRY(take_text(m, WIRE_RTDU, text, sizeof text, err));
    om_rc rc = m2m_duration_parse(text, &out->retry, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, WIRE_RTDU);
}

static om_rc parse_cert_prov(struct members *m, struct m2m_command *out, struct om_error *err)
{
    OM_TRY(take_number(m, WIRE_CPPI, M2M_CERT_PROV_SCEP, &out->protocol, err));
    OM_TRY(take_text(m, WIRE_URI, out->uri, sizeof out->uri, err));
    OM_TRY(take_number(m, WIRE_CSTY, M2M_CERT_AE_ID, &out->subject_type, err));
    return take_text(m, WIRE_CSID, out->subject, sizeof out->subject, err);
}

/* A scheme and something behind it: the URI becomes an argument of a program, and must not be an option. */
static bool is_uri(const char *s)
{
    size_t n = strspn(s, LETTERS);
    if (n > 0)
        n = strspn(s, LETTERS "0123456789+-.");
    return n > 0 && s[n] == ':' && s[n + 1] != '\0';
}

/* "<devMgmtID>:<URI>" */
static om_rc parse_dev_cfg(struct members *m, struct m2m_command *out, struct om_error *err)
{
    char text[M2M_URI_SIZE] = "";
    OM_TRY(take_text(m, WIRE_DCFU, text, sizeof text, err));
    if (text[0] < '0' + M2M_DEV_OMA_DM_1_3 || text[0] > '0' + M2M_DEV_TR_069 || text[1] != ':' ||
        !is_uri(text + 2))
        return om_fail(err, OM_EINPUT,
                       WIRE_DCFU ": <devMgmtID>:<URI> is expected, with 1 to 4 before the colon");
    out->management = text[0] - '0';
    return om_copy_text(out->uri, sizeof out->uri, text + 2, err);
}

static om_rc parse_mo_node(struct members *m, struct m2m_command *out, struct om_error *err)
{
    OM_TRY(take_text(m, WIRE_OBP, out->path, sizeof out->path, err));
    OM_TRY(take_number(m, WIRE_OTI, M2M_MO_MAF_CLIENT_REG_CFG, &out->object_type, err));
    struct members args = {.object = take(m, WIRE_OTSA)};
    if (args.object == NULL)
        return OM_OK;
    int64_t suid;
    om_rc rc = m2m_value_integer(take(&args, WIRE_SUID), 1, 99, &suid, err);
    if (rc == OM_OK)
        rc = all_taken(&args, err);
    if (rc != OM_OK)
        return om_context(err, rc, WIRE_OTSA);
    out->suid = (unsigned)suid; /* whether it makes sense here is the client's to say (304) */
    return OM_OK;
}

static const struct {
    const char *args; /* the one member of cmdArgs */
    om_rc (*parse)(struct members *m, struct m2m_command *out, struct om_error *err);
} classes[] = {
    [M2M_CMD_NO_MORE_COMMANDS] = {WIRE_NMCA, parse_no_more},
    [M2M_CMD_CERT_PROV] = {WIRE_CPCA, parse_cert_prov},
    [M2M_CMD_DEV_CFG] = {WIRE_DCCA, parse_dev_cfg},
    [M2M_CMD_MO_NODE] = {WIRE_MNCA, parse_mo_node},
};

static om_rc parse_args(const json_t *args, struct m2m_command *out, struct om_error *err)
{
    const char *name = classes[out->command_class].args;
    struct members m = {.object = json_object_get(args, name)};
    if (!json_is_object(m.object) || json_object_size(args) != 1)
        return om_fail(err, OM_EINPUT, WIRE_CMAR ": an object with the one member %s is expected", name);
    om_rc rc = classes[out->command_class].parse(&m, out, err);
    if (rc == OM_OK)
        rc = all_taken(&m, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", name);
}

om_rc m2m_command_parse(const json_t *description, struct m2m_command *out, int *status, struct om_error *err)
{
    struct members m = {.object = description};
    int64_t command_class;
    memset(out, 0, sizeof *out);
    *status = M2M_CMD_BAD_ARGUMENTS;
    om_rc rc = m2m_value_integer(take(&m, WIRE_CMCI), 0, INT32_MAX, &command_class, err);
    if (rc != OM_OK)
        return om_context(err, rc, WIRE_CMCI);
    if (command_class > M2M_CMD_MO_NODE) {
        *status = M2M_CMD_CLASS_NOT_SUPPORTED;
        return om_fail(err, OM_EINPUT, WIRE_CMCI ": there is no such class of commands");
    }
    out->command_class = (int)command_class;
    OM_TRY(parse_args(take(&m, WIRE_CMAR), out, err));
    if (json_object_get(description, WIRE_CTID) != NULL)
        OM_TRY(take_text(&m, WIRE_CTID, out->target, sizeof out->target, err));
    OM_TRY(all_taken(&m, err));
    *status = M2M_CMD_OK;
    return OM_OK;
}

json_t *m2m_command_no_more(int64_t retry)
{
    char text[M2M_DURATION_SIZE];
    m2m_duration_format(text, retry);
    return json_pack("{s:i, s:{s:{s:s}}}", WIRE_CMCI, M2M_CMD_NO_MORE_COMMANDS, WIRE_CMAR, WIRE_NMCA,
                     WIRE_RTDU, text);
}

/* Behind the host: a port, then a path. "a:b@c" has the host c: what looks like a port may be a user's name.
 */
static bool is_rest_of_uri(const char *s)
{
    if (*s == ':')
        s += 1 + strspn(s + 1, "0123456789");
    return *s == '\0' || strchr("/?#", *s) != NULL;
}

om_rc m2m_uri_host(const char *uri, char out[M2M_FQDN_SIZE], struct om_error *err)
{
    char host[M2M_FQDN_SIZE];
    const char *s = strstr(uri, "://");
    size_t n = s != NULL ? strcspn(s + 3, ":/?#") : 0;
    if (s == NULL || n == 0 || n >= sizeof host ||
        (strncmp(uri, "https://", 8) != 0 && strncmp(uri, "coaps://", 8) != 0))
        return om_fail(err, OM_EINPUT, "an https or coaps URI is expected");
    memcpy(host, s + 3, n);
    host[n] = '\0';
    if (m2m_fold(out, M2M_FQDN_SIZE, host, NULL) != OM_OK || !m2m_is_fqdn(out) || !is_rest_of_uri(s + 3 + n))
        return om_fail(err, OM_EINPUT, "the URI names no FQDN");
    return OM_OK;
}
