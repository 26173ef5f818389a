/* What the files of the Secure Environment's front end share. Not for anybody else. */
#ifndef OPENMAF_SE_INTERNAL_H
#define OPENMAF_SE_INTERNAL_H

#include "se/plugin.h"

struct se {
    const struct se_plugin *plugin;
    struct se_token *tok;
    struct se_key *keys;       /* all loaded keys, so that close finds them */
    struct se_signer *signers; /* the same */
    bool no_prf;               /* this token answered OM_EUNSUPPORTED once: not asked again */
    bool no_prf_key;
};

struct se_key {
    struct se *se; /* NULL once the token is closed: the key is then inert */
    struct se_key *prev, *next;
    se_handle handle;
    size_t refs;
    size_t len;
    bool fresh; /* minted or derived: may be wrapped or sealed */
};

/* loader.c: the plug-in for a URI, loaded and checked. */
OM_MUST_USE om_rc se_plugin_find(const char *uri, const char *plugin_dir, const struct se_plugin **out,
                                 struct om_error *err);

/* key.c: takes over a plug-in's handle; frees it when that fails. */
OM_MUST_USE om_rc se_key_adopt(struct se *se, se_handle handle, size_t len, bool fresh, struct se_key **out,
                               struct om_error *err);
/* OM_EINTERNAL when the token was closed under the key. */
OM_MUST_USE om_rc se_key_check_open(const struct se_key *key, struct om_error *err);
/* Destroys the token objects of all keys and leaves their references inert; returns how many there were. */
size_t se_keys_detach(struct se *se);
/* signer.c: the same for signing keys. */
size_t se_signers_detach(struct se *se);

/* prf.c: at most max parts, none missing. */
OM_MUST_USE om_rc se_parts_check(const struct se_part *parts, size_t n_parts, size_t max,
                                 struct om_error *err);

/* psk13.c: what HKDF-Expand-Label (RFC 8446 section 7.1) of one block gives to HMAC; returns its length. The
 * label has at most 16 octets, the context at most 32. And the transcript hash of nothing. */
#define SE_PSK13_INFO_MAX 58
size_t se_psk13_info(const char *label, const uint8_t *context, size_t n, uint8_t out[SE_PSK13_INFO_MAX]);
extern const uint8_t se_hash_of_nothing[SE_MAC_SIZE];

/* forms_inside.c: makes those of the forms `wanted` that the token can make of a fresh key, and takes their
 * bits out of *wanted. */
OM_MUST_USE om_rc se_forms_inside(struct se_key *key, unsigned *wanted, struct se_forms *out,
                                  struct om_error *err);

/* blob.c. The kind of a blob is its enum se_use, or this. */
#define SE_BLOB_SEALED 0x80

struct se_blob_view {
    size_t key_len;
    const uint8_t *octets; /* the plug-in's part, in the blob */
    size_t n;
};

/* Writes the header; *room is then where the plug-in's part goes and returns how much fits. */
size_t se_blob_begin(struct se_blob *blob, unsigned kind, size_t key_len, uint8_t **room);
void se_blob_end(struct se_blob *blob, size_t n);
/* Strict; OM_EINTEGRITY for anything but a well-formed blob of this kind. */
OM_MUST_USE om_rc se_blob_parse(const struct se_blob *blob, unsigned kind, struct se_blob_view *out,
                                struct om_error *err);

#endif
