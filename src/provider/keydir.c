/* Files of named keys: see keydir.h.
 *
 *     openmaf-key 1 <root id, 16 hex digits> <MAC, 64 hex digits>\n
 *     <form> <base64>\n        for tls12, derived, finished, handshake, master, in this order
 *
 * The MAC is by the row root over a fixed text and the key's name, each with a NUL after it, and the lines
 * that follow. It is checked before they are read. */
#include "provider/keydir.h"
#include "util/file.h"
#include "util/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC     "openmaf-key 1 "
#define SUFFIX    ".key"
#define ROOT_HEX  ((size_t)16)
#define MAC_HEX   ((size_t)2 * SE_MAC_SIZE)
#define HEAD_SIZE (sizeof MAGIC - 1 + ROOT_HEX + 1 + MAC_HEX + 1)
#define FORMS     5
#define BODY_MAX  (FORMS * (OM_BASE64_SIZE(SE_BLOB_MAX) + 16))

static const char *const form_names[FORMS] = {"tls12", "derived", "finished", "handshake", "master"};

static void forms_of(struct keydir_key *key, struct se_blob *forms[FORMS])
{
    forms[0] = &key->tls12;
    forms[1] = &key->tls13.derived;
    forms[2] = &key->tls13.finished;
    forms[3] = &key->tls13.handshake;
    forms[4] = &key->tls13.master;
}

om_rc keydir_check_name(const char *name, struct om_error *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = strnlen(name, KEYDIR_NAME_MAX + 1);
    if (n == 0 || n > KEYDIR_NAME_MAX || strspn(name, allowed) != n || strchr("._-", name[0]) != NULL)
        return om_fail(
            err, OM_EINPUT,
            "'%.80s' is not the name of a key: 1 to %d letters, digits, and behind the first . _ -", name,
            KEYDIR_NAME_MAX);
    return OM_OK;
}

static om_rc key_path(char path[PATH_MAX], const char *dir, const char *name, struct om_error *err)
{
    OM_TRY(keydir_check_name(name, err));
    int n = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, SUFFIX);
    return n > 0 && n < PATH_MAX ? OM_OK : om_fail(err, OM_EINPUT, "the path of %s is too long", dir);
}

om_rc keydir_reference(struct se *se, const char *name, char out[KEYDIR_REFERENCE_MAX + 1],
                       struct om_error *err)
{
    static const char purpose[] = "openmaf provider key reference 1";
    uint8_t mac[SE_MAC_SIZE];
    char check[KEYDIR_CHECK_DIGITS + 1];
    OM_TRY(keydir_check_name(name, err));
    const struct se_part parts[] = {{purpose, sizeof purpose}, {name, strlen(name)}};
    OM_TRY(se_row_mac(se, parts, 2, mac, err));
    om_hex_lower(check, mac, KEYDIR_CHECK_DIGITS / 2);
    (void)snprintf(out, KEYDIR_REFERENCE_MAX + 1, KEYDIR_PREFIX "%s:%s", name, check);
    om_wipe(mac, sizeof mac);
    return OM_OK;
}

/* --- the first line --- */

static om_rc body_mac(struct se *se, const char *name, const char *body, size_t n, char out[MAC_HEX + 1],
                      struct om_error *err)
{
    static const char purpose[] = "openmaf provider key 1";
    uint8_t mac[SE_MAC_SIZE];
    const struct se_part parts[] = {{purpose, sizeof purpose}, {name, strlen(name) + 1}, {body, n}};
    OM_TRY(se_row_mac(se, parts, 3, mac, err));
    om_hex_lower(out, mac, sizeof mac);
    return OM_OK;
}

static om_rc root_hex(struct se *se, char out[ROOT_HEX + 1], struct om_error *err)
{
    uint8_t root[ROOT_HEX / 2];
    OM_TRY(se_root_id(se, root, err));
    om_hex_lower(out, root, sizeof root);
    return OM_OK;
}

static om_rc verify(struct se *se, const char *name, const char *text, size_t n, struct om_error *err)
{
    char root[ROOT_HEX + 1];
    char mac[MAC_HEX + 1];
    const char *root_at = text + sizeof MAGIC - 1;
    const char *mac_at = root_at + ROOT_HEX + 1;
    if (n <= HEAD_SIZE || memcmp(text, MAGIC, sizeof MAGIC - 1) != 0 || root_at[ROOT_HEX] != ' ' ||
        mac_at[MAC_HEX] != '\n')
        return om_fail(err, OM_EINTEGRITY, "the file of key %s is not one of openmaf-key", name);
    OM_TRY(root_hex(se, root, err));
    if (memcmp(root, root_at, ROOT_HEX) != 0)
        return om_fail(err, OM_ECONFIG, "key %s was made with other root keys than those of this token",
                       name);
    OM_TRY(body_mac(se, name, text + HEAD_SIZE, n - HEAD_SIZE, mac, err));
    if (!om_equal_ct(mac, mac_at, MAC_HEX))
        return om_fail(err, OM_EINTEGRITY, "the file of key %s was changed or renamed", name);
    return OM_OK;
}

/* --- the lines --- */

static om_rc take_line(const char **at, const char *end, const char *form, struct se_blob *blob)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    size_t n = strlen(form);
    if (newline == NULL || (size_t)(newline - *at) <= n || memcmp(*at, form, n) != 0 || (*at)[n] != ' ')
        return OM_EINTEGRITY;
    const char *digits = *at + n + 1;
    OM_TRY(om_base64_decode(digits, (size_t)(newline - digits), blob->octets, sizeof blob->octets, &blob->len,
                            NULL));
    *at = newline + 1;
    return OM_OK;
}

static om_rc parse(const char *body, size_t n, const char *name, struct keydir_key *out, struct om_error *err)
{
    const char *at = body;
    struct se_blob *forms[FORMS];
    forms_of(out, forms);
    for (size_t i = 0; i < FORMS; i++)
        if (take_line(&at, body + n, form_names[i], forms[i]) != OM_OK)
            return om_fail(err, OM_EINTEGRITY, "the file of key %s is malformed", name);
    return at == body + n ? OM_OK : om_fail(err, OM_EINTEGRITY, "the file of key %s is too long", name);
}

static size_t print(char body[BODY_MAX], struct keydir_key *key)
{
    size_t len = 0;
    struct se_blob *forms[FORMS];
    forms_of(key, forms);
    for (size_t i = 0; i < FORMS; i++) {
        char text[OM_BASE64_SIZE(SE_BLOB_MAX)];
        om_base64_encode(text, forms[i]->octets, forms[i]->len);
        len += (size_t)snprintf(body + len, BODY_MAX - len, "%s %s\n", form_names[i], text);
    }
    return len;
}

/* --- files --- */

om_rc keydir_read(struct se *se, const char *dir, const char *name, struct keydir_key *out,
                  struct om_error *err)
{
    char path[PATH_MAX];
    struct om_secret file = OM_SECRET_INIT;
    OM_TRY(key_path(path, dir, name, err));
    om_rc rc = om_file_read(path, HEAD_SIZE + BODY_MAX, &file, err);
    if (rc != OM_OK)
        return rc;
    const char *text = (const char *)file.octets;
    rc = verify(se, name, text, file.len, err);
    if (rc == OM_OK)
        rc = parse(text + HEAD_SIZE, file.len - HEAD_SIZE, name, out, err);
    om_secret_free(&file);
    return rc;
}

om_rc keydir_add(struct se *se, const char *dir, const char *name, const void *psk, size_t n,
                 struct om_error *err)
{
    char path[PATH_MAX];
    char root[ROOT_HEX + 1];
    char mac[MAC_HEX + 1];
    char text[HEAD_SIZE + BODY_MAX + 1];
    struct keydir_key key;
    OM_TRY(key_path(path, dir, name, err));
    OM_TRY(root_hex(se, root, err));
    OM_TRY(se_import_psk(se, psk, n, &key.tls12, err));
    OM_TRY(se_import_psk13(se, psk, n, &key.tls13, err));
    size_t body_len = print(text + HEAD_SIZE, &key);
    OM_TRY(body_mac(se, name, text + HEAD_SIZE, body_len, mac, err));
    char head[HEAD_SIZE + 1];
    (void)snprintf(head, sizeof head, "%s%s %s\n", MAGIC, root, mac);
    memcpy(text, head, HEAD_SIZE);
    om_rc rc = om_file_create(path, text, HEAD_SIZE + body_len, 0600, err);
    return rc == OM_ECONFLICT ? om_fail(err, rc, "there is a key %s already", name) : rc;
}

om_rc keydir_remove(const char *dir, const char *name, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(key_path(path, dir, name, err));
    if (unlink(path) == 0)
        return OM_OK;
    if (errno == ENOENT)
        return om_fail(err, OM_ENOTFOUND, "there is no key %s in %s", name, dir);
    return om_fail(err, OM_ETRANSIENT, "cannot remove %s: %s", path, strerror(errno));
}
