/* Authenticated record files: see record.h for their form. */
#include "client/record.h"
#include "onem2m/primitive.h"
#include "util/file.h"
#include "util/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC    "openmaf-record 1 "
#define SUFFIX   ".rec"
#define ROOT_HEX 16
#define MAC_HEX  ((size_t)2 * SE_MAC_SIZE)
/* Octets of the first line: magic, root id, space, MAC, newline. */
#define HEAD_SIZE (sizeof MAGIC - 1 + ROOT_HEX + 1 + MAC_HEX + 1)

static const char *const prefixes[] = {
    [RECORD_CREDENTIAL] = "credential-",
    [RECORD_REGISTRATION] = "registration-",
    [RECORD_KEY] = "key-",
    [RECORD_DECOY] = "decoy-",
    [RECORD_CERTIFICATE] = "certificate-",
    [RECORD_CONFIGURATION] = "configuration-",
    [RECORD_MEF_REGISTRATION] = "mefregistration-",
    [RECORD_ENROLMENT] = "enrolment-",
    [RECORD_OBJECT] = "object-",
    [RECORD_ANCHOR] = "anchor-",
    [RECORD_COMMAND] = "command-",
};

om_rc record_name(char out[RECORD_NAME_SIZE], enum record_kind kind, const char *text, struct om_error *err)
{
    size_t n = strlen(prefixes[kind]);
    memcpy(out, prefixes[kind], n);
    OM_TRY(m2m_fold(out + n, RECORD_NAME_SIZE - n - sizeof SUFFIX, text, err));
    if (text[0] == '\0' ||
        text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@")] != '\0')
        return om_fail(err, OM_EINPUT, "'%.80s' is not an identifier", text);
    return OM_OK;
}

const char *record_text(const char *name)
{
    const char *dash = strchr(name, '-');
    return dash != NULL ? dash + 1 : name;
}

static om_rc record_path(char path[PATH_MAX], const struct home *home, const char *name, struct om_error *err)
{
    int n = snprintf(path, PATH_MAX, "%s/%s/%s%s", home->dir, HOME_STATE_DIR, name, SUFFIX);
    return n > 0 && n < PATH_MAX ? OM_OK : om_fail(err, OM_EINPUT, "path of %s is too long", home->dir);
}

static om_rc record_mac(const struct home *home, struct se *se, const char *name, const void *json, size_t n,
                        uint8_t mac[SE_MAC_SIZE], struct om_error *err)
{
    static const char purpose[] = "openmaf client record 1";
    const struct se_part parts[] = {
        {purpose, sizeof purpose},
        {name, strlen(name) + 1},
        {home->id, strlen(home->id) + 1},
        {home->maf.fqdn, strlen(home->maf.fqdn) + 1},
        {json, n},
    };
    return se_row_mac(se, parts, sizeof parts / sizeof parts[0], mac, err);
}

static om_rc root_hex(struct se *se, char out[ROOT_HEX + 1], struct om_error *err)
{
    uint8_t root[ROOT_HEX / 2];
    OM_TRY(se_root_id(se, root, err));
    om_hex_lower(out, root, sizeof root);
    return OM_OK;
}

/* The whole file for a JSON text. */
static om_rc compose(const struct home *home, struct se *se, const char *name, const char *json, size_t n,
                     struct om_secret *file, struct om_error *err)
{
    char root[ROOT_HEX + 1];
    char mac_text[MAC_HEX + 1];
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(root_hex(se, root, err));
    OM_TRY(record_mac(home, se, name, json, n, mac, err));
    om_hex_lower(mac_text, mac, sizeof mac);
    if (n > RECORD_MAX - HEAD_SIZE)
        return om_fail(err, OM_EINPUT, "record %s has more than %d octets", name, RECORD_MAX);
    OM_TRY(om_secret_alloc(file, HEAD_SIZE + n, err));
    char head[HEAD_SIZE + 1];
    (void)snprintf(head, sizeof head, "%s%s %s\n", MAGIC, root, mac_text);
    memcpy(file->octets, head, HEAD_SIZE);
    memcpy(file->octets + HEAD_SIZE, json, n);
    return OM_OK;
}

om_rc record_write(const struct home *home, struct se *se, const char *name, const json_t *object,
                   struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(record_path(path, home, name, err));
    char *json = json_dumps(object, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (json == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for record %s", name);
    struct om_secret file = OM_SECRET_INIT;
    om_rc rc = compose(home, se, name, json, strlen(json), &file, err);
    if (rc == OM_OK)
        rc = om_file_write(path, file.octets, file.len, 0600, err);
    om_secret_free(&file);
    free(json); /* wrapped keys and metadata only */
    return rc;
}

/* Checks the first line against the octets that follow it. */
static om_rc verify(const struct home *home, struct se *se, const char *name, const char *path,
                    const struct om_secret *file, struct om_error *err)
{
    const char *head = (const char *)file->octets; /* NULL for an empty file */
    if (file->len <= HEAD_SIZE || memcmp(head, MAGIC, sizeof MAGIC - 1) != 0)
        return om_fail(err, OM_EINTEGRITY, "%s is not a record of this program", path);
    const char *root_at = head + sizeof MAGIC - 1;
    const char *mac_at = root_at + ROOT_HEX + 1;
    if (root_at[ROOT_HEX] != ' ' || mac_at[MAC_HEX] != '\n')
        return om_fail(err, OM_EINTEGRITY, "%s is not a record of this program", path);
    char root[ROOT_HEX + 1];
    OM_TRY(root_hex(se, root, err));
    if (memcmp(root, root_at, ROOT_HEX) != 0)
        return om_fail(err, OM_ECONFIG, "%s was made with other root keys than those of this token", path);
    uint8_t want[SE_MAC_SIZE];
    uint8_t have[SE_MAC_SIZE];
    size_t n = 0;
    om_rc rc = om_hex_decode(mac_at, MAC_HEX, have, sizeof have, &n, NULL);
    OM_TRY(record_mac(home, se, name, file->octets + HEAD_SIZE, file->len - HEAD_SIZE, want, err));
    if (rc != OM_OK || n != sizeof want || !om_equal_ct(want, have, sizeof want))
        return om_fail(err, OM_EINTEGRITY,
                       "%s was changed or put there by something else than this home; it is not used", path);
    return OM_OK;
}

om_rc record_read(const struct home *home, struct se *se, const char *name, json_t **object,
                  struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(record_path(path, home, name, err));
    struct om_secret file = OM_SECRET_INIT;
    om_rc rc = om_file_read(path, RECORD_MAX, &file, err);
    if (rc == OM_EINPUT) /* not a file, or too long */
        return om_context(err, OM_EINTEGRITY, "record");
    if (rc != OM_OK)
        return rc;
    rc = verify(home, se, name, path, &file, err);
    if (rc == OM_OK)
        rc = m2m_json_parse(file.octets + HEAD_SIZE, file.len - HEAD_SIZE, object, err);
    om_secret_free(&file);
    return rc == OM_EINPUT ? om_context(err, OM_EINTEGRITY, "%s", path) : rc;
}

om_rc record_remove(const struct home *home, const char *name, struct om_error *err)
{
    char path[PATH_MAX];
    char state[PATH_MAX];
    OM_TRY(record_path(path, home, name, err));
    OM_TRY(om_path_join(state, sizeof state, home->dir, HOME_STATE_DIR, err));
    if (unlink(path) != 0)
        return om_fail(err, errno == ENOENT ? OM_ENOTFOUND : OM_ETRANSIENT, "cannot remove %s: %s", path,
                       strerror(errno));
    int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    om_rc rc = synced ? OM_OK : om_fail(err, OM_ETRANSIENT, "cannot sync %s: %s", state, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* Whether a directory entry is a record of this kind; its name without suffix goes to `name`. */
static bool is_record(const char *entry, enum record_kind kind, char name[RECORD_NAME_SIZE])
{
    size_t n = strlen(entry);
    size_t suffix = sizeof SUFFIX - 1;
    if (n <= suffix || n - suffix >= RECORD_NAME_SIZE || strcmp(entry + n - suffix, SUFFIX) != 0 ||
        strncmp(entry, prefixes[kind], strlen(prefixes[kind])) != 0)
        return false;
    memcpy(name, entry, n - suffix);
    name[n - suffix] = '\0';
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

om_rc record_names(const struct home *home, enum record_kind kind, struct m2m_list *names,
                   struct om_error *err)
{
    char state[PATH_MAX];
    OM_TRY(om_path_join(state, sizeof state, home->dir, HOME_STATE_DIR, err));
    DIR *dir = opendir(state);
    if (dir == NULL)
        return om_fail(err, OM_ECONFIG, "cannot read %s: %s", state, strerror(errno));
    om_rc rc = OM_OK;
    const struct dirent *entry;
    while (rc == OM_OK && (entry = readdir(dir)) != NULL) {
        char name[RECORD_NAME_SIZE];
        if (is_record(entry->d_name, kind, name))
            rc = m2m_list_add(names, name, err);
    }
    (void)closedir(dir);
    if (rc != OM_OK)
        m2m_list_free(names);
    else if (names->n > 1)
        qsort(names->items, names->n, sizeof names->items[0], by_text);
    return rc;
}
