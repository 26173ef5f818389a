/* Records of keys: see key_record.h. */
#include "client/key_record.h"
#include "client/record.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

struct key_record *key_record_new(void)
{
    return calloc(1, sizeof(struct key_record));
}

void openmaf_key_free(struct openmaf_key *key)
{
    struct key_record *k = (struct key_record *)key; /* pub is its first member */
    if (k == NULL)
        return;
    m2m_list_free(&k->labels);
    m2m_list_free(&k->targets);
    free(k);
}

/* 32 hex digits are 16 octets (10.3.5): the canonical form is upper case. */
static void canonical(char relative[M2M_RELATIVE_SIZE])
{
    uint8_t octets[16];
    size_t n = 0;
    if (strlen(relative) == 32 && om_hex_decode(relative, 32, octets, sizeof octets, &n, NULL) == OM_OK)
        m2m_relative_key_id(relative, octets);
}

om_rc key_record_name(const struct openmaf *maf, const char *key_id, struct key_record *k,
                      struct om_error *err)
{
    char fqdn[M2M_FQDN_SIZE];
    if (key_id == NULL)
        return om_fail(err, OM_EINPUT, "no key identifier given");
    om_rc rc = m2m_key_id_split(key_id, k->relative, fqdn, err);
    if (rc != OM_OK)
        return om_context(err, rc, "key identifier '%.80s'", key_id);
    k->server = home_server_named(&maf->home, fqdn);
    if (k->server == NULL)
        return om_fail(err, OM_EINPUT, "key %.80s is kept by %.80s; this is a home for %.80s", key_id, fqdn,
                       maf->home.maf.fqdn);
    canonical(k->relative);
    return m2m_key_id_join(k->key_id, k->relative, fqdn, err);
}

static om_rc read_texts(const json_t *object, struct key_record *k, struct om_error *err)
{
    OM_TRY(record_get_text(object, "key", k->key_id, sizeof k->key_id, err));
    OM_TRY(record_get_text(object, "relative", k->relative, sizeof k->relative, err));
    OM_TRY(record_get_text(object, "source", k->source, sizeof k->source, err));
    OM_TRY(record_get_text(object, "stakeholder", k->stakeholder, sizeof k->stakeholder, err));
    OM_TRY(record_get_text(object, "check", k->check, sizeof k->check, err));
    OM_TRY(record_get_list(object, "labels", &k->labels, err));
    return record_get_list(object, "targets", &k->targets, err);
}

/* What an older version wrote has fewer forms. */
static om_rc read_forms(const json_t *object, struct key_record *k, struct om_error *err)
{
    bool tls13 = false;
    OM_TRY(record_get_blob(object, "hmac", &k->forms.key, err));
    k->made = SE_FORM_KEY;
    if (json_object_get(object, "psk") != NULL) {
        OM_TRY(record_get_blob(object, "psk", &k->forms.psk, err));
        k->made |= SE_FORM_PSK;
    }
    OM_TRY(record_get_psk13(object, "tls13", &k->forms.psk13, &tls13, err));
    if (tls13)
        k->made |= SE_FORM_PSK13;
    if (json_is_true(json_object_get(object, "psk-of-half")))
        k->made |= SE_FORM_PSK_OF_HALF;
    if (json_object_get(object, "half-1") == NULL)
        return OM_OK;
    k->made |= SE_FORM_HALVES;
    OM_TRY(record_get_blob(object, "half-1", &k->forms.half[0], err));
    return record_get_blob(object, "half-2", &k->forms.half[1], err);
}

static om_rc read_members(const json_t *object, struct key_record *k, struct om_error *err)
{
    int64_t role = 0;
    int64_t suid = 0;
    int64_t generated = 0;
    OM_TRY(read_texts(object, k, err));
    OM_TRY(record_get_int(object, "role", &role, err));
    OM_TRY(record_get_int(object, "suid", &suid, err));
    OM_TRY(record_get_int(object, "expires", &k->pub.expires, err));
    OM_TRY(record_get_int(object, "generated", &generated, err));
    k->pub.role = role == OPENMAF_SOURCE ? OPENMAF_SOURCE : OPENMAF_TARGET;
    k->pub.suid = (unsigned)suid;
    k->pub.generated = generated != 0;
    return read_forms(object, k, err);
}

static om_rc read_named(struct openmaf *maf, enum record_kind kind, const char *text, struct key_record *k,
                        struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    json_t *object = NULL;
    OM_TRY(record_name(name, kind, text, err));
    OM_TRY(record_read(&maf->home, maf->se, name, &object, err));
    om_rc rc = read_members(object, k, err);
    json_decref(object);
    const char *at = strchr(k->key_id, '@');
    k->server = at != NULL ? home_server_named(&maf->home, at + 1) : NULL;
    return rc;
}

/* Both servers give RelativeKeyIDs, and records are named by them. */
om_rc key_record_read(struct openmaf *maf, struct key_record *k, struct om_error *err)
{
    char asked[M2M_KEY_ID_SIZE];
    memcpy(asked, k->key_id, sizeof asked);
    OM_TRY(read_named(maf, RECORD_KEY, k->relative, k, err));
    if (asked[0] != '\0' && strcmp(asked, k->key_id) != 0)
        return om_fail(err, OM_ENOTFOUND, "this home has no key %s", asked);
    return OM_OK;
}

static om_rc set_forms(json_t *object, const struct key_record *k, struct om_error *err)
{
    OM_TRY(record_set_blob(object, "hmac", &k->forms.key, err));
    if ((k->made & SE_FORM_PSK) != 0)
        OM_TRY(record_set_blob(object, "psk", &k->forms.psk, err));
    if ((k->made & SE_FORM_PSK13) != 0)
        OM_TRY(record_set_psk13(object, "tls13", &k->forms.psk13, err));
    if ((k->made & SE_FORM_PSK_OF_HALF) != 0 && json_object_set_new(object, "psk-of-half", json_true()) != 0)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    if ((k->made & SE_FORM_HALVES) == 0)
        return OM_OK;
    OM_TRY(record_set_blob(object, "half-1", &k->forms.half[0], err));
    return record_set_blob(object, "half-2", &k->forms.half[1], err);
}

static om_rc set_members(json_t *object, const struct key_record *k, struct om_error *err)
{
    OM_TRY(record_set_list(object, "labels", &k->labels, err));
    OM_TRY(record_set_list(object, "targets", &k->targets, err));
    return set_forms(object, k, err);
}

static om_rc write_named(struct openmaf *maf, enum record_kind kind, const char *text,
                         const struct key_record *k, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, kind, text, err));
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:i}", "key", k->key_id, "relative",
                               k->relative, "source", k->source, "stakeholder", k->stakeholder, "check",
                               k->check, "role", (int)k->pub.role, "suid", (int)k->pub.suid, "expires",
                               (json_int_t)k->pub.expires, "generated", k->pub.generated);
    if (object == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    om_rc rc = set_members(object, k, err);
    if (rc == OM_OK)
        rc = record_write(&maf->home, maf->se, name, object, err);
    json_decref(object);
    return rc;
}

om_rc key_record_write(struct openmaf *maf, const struct key_record *k, struct om_error *err)
{
    return write_named(maf, RECORD_KEY, k->relative, k, err);
}

om_rc key_record_remove(struct openmaf *maf, const char *relative, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_KEY, relative, err));
    return record_remove(&maf->home, name, err);
}

void key_record_publish(struct key_record *k)
{
    k->pub.key_id = k->key_id;
    k->pub.source = k->source;
    k->pub.stakeholder = k->stakeholder;
    k->pub.labels = (const char *const *)k->labels.items;
    k->pub.n_labels = k->labels.n;
    k->pub.targets = (const char *const *)k->targets.items;
    k->pub.n_targets = k->targets.n;
    k->pub.check = k->check;
}

om_rc key_record_take(struct key_record *k, const struct m2m_resource *answer, struct om_error *err)
{
    if ((answer->present & M2M_A_ET) != 0)
        k->pub.expires = answer->et;
    if ((answer->present & M2M_A_LBL) != 0)
        OM_TRY(m2m_list_copy(&k->labels, &answer->lbl, err));
    if ((answer->present & M2M_A_TGIS) != 0)
        OM_TRY(m2m_list_copy(&k->targets, &answer->tgis, err));
    return OM_OK;
}

/* --- the decoy --- */

#define DECOY_NAME "saef"

om_rc key_record_read_decoy(struct openmaf *maf, struct key_record *k, struct om_error *err)
{
    return read_named(maf, RECORD_DECOY, DECOY_NAME, k, err);
}

/* As long as a real one: a key of 32 octets whose Source is this client. */
static om_rc make_decoy(struct openmaf *maf, struct key_record *k, struct om_error *err)
{
    static const uint8_t id[16];
    struct om_secret kc = OM_SECRET_INIT;
    m2m_relative_key_id(k->relative, id);
    OM_TRY(m2m_key_id_join(k->key_id, k->relative, maf->home.maf.fqdn, err));
    OM_TRY(om_copy_text(k->source, sizeof k->source, maf->home.id, err));
    OM_TRY(om_copy_text(k->stakeholder, sizeof k->stakeholder, maf->home.maf.fqdn, err));
    k->pub.role = OPENMAF_TARGET;
    k->pub.suid = M2M_SUID_SAEF;
    OM_TRY(om_secret_alloc(&kc, 32, err));
    om_rc rc = se_random(maf->se, kc.octets, kc.len, err);
    if (rc == OM_OK)
        rc = key_record_import(maf, k, &kc, err);
    om_secret_free(&kc);
    return rc == OM_OK ? write_named(maf, RECORD_DECOY, DECOY_NAME, k, err) : rc;
}

om_rc key_record_decoy(struct openmaf *maf, struct key_record *k, struct om_error *err)
{
    om_rc rc = key_record_read_decoy(maf, k, err);
    if (rc != OM_ENOTFOUND && rc != OM_EINTEGRITY && rc != OM_ECONFIG)
        return rc;
    OM_TRY(home_lock(&maf->home, maf->home.timeout, &maf->lock, err));
    return make_decoy(maf, k, err);
}
