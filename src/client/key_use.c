/* What a key of the home is for besides TLS: HMAC with it or with a half of it, and the session keys of
 * ESPrim. In the token, without network. */
#include "client/key_record.h"
#include "client/secret.h"
#include "onem2m/types.h"

#define DATA_MAX ((size_t)1 << 20) /* octets of data */

enum part { WHOLE = -1, FIRST = 0, SECOND = 1 };

static om_rc load_part(struct openmaf *maf, const struct key_record *k, enum part part, struct se_key **key,
                       struct om_error *err)
{
    if (part == WHOLE)
        return se_load(maf->se, &k->forms.key, SE_USE_HMAC, key, err);
    if ((k->made & SE_FORM_HALVES) == 0)
        return om_fail(
            err, OM_EUNSUPPORTED,
            "%s is in this home without its halves: an older version took it in; retrieve or register "
            "it again",
            k->key_id);
    return se_load(maf->se, &k->forms.half[part], SE_USE_HMAC, key, err);
}

static om_rc read_and_mac(struct openmaf *maf, const char *key_id, unsigned suid, enum part part,
                          const struct se_part *parts, size_t n_parts, struct key_record *k,
                          uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    struct se_key *key = NULL;
    OM_TRY(key_record_name(maf, key_id, k, err));
    OM_TRY(key_record_read(maf, k, err));
    OM_TRY(key_record_may(k, suid, err));
    OM_TRY(load_part(maf, k, part, &key, err));
    om_rc rc = se_hmac(key, parts, n_parts, out, err);
    se_key_unref(key);
    return rc;
}

static om_rc mac(struct openmaf *maf, const char *key_id, unsigned suid, enum part part,
                 const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    struct key_record *k = key_record_new();
    if (k == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = read_and_mac(maf, key_id, suid, part, parts, n_parts, k, out, err);
    openmaf_key_free(&k->pub);
    return rc;
}

static om_rc check_data(const struct se_part *data, struct om_error *err)
{
    return data->len <= DATA_MAX && (data->octets != NULL || data->len == 0)
               ? OM_OK
               : om_fail(err, OM_EINPUT, "data is missing or longer than %zu octets", DATA_MAX);
}

int openmaf_key_hmac(struct openmaf *maf, const char *key_id, unsigned suid, const void *data, size_t len,
                     uint8_t out[32], struct openmaf_error *error)
{
    struct om_error err = {0};
    const struct se_part part = {data, len};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = check_data(&part, &err);
    if (rc == OM_OK)
        rc = mac(maf, key_id, suid, WHOLE, &part, 1, out, &err);
    return client_end(maf, rc, &err, error);
}

int openmaf_key_hmac_half(struct openmaf *maf, const char *key_id, unsigned suid, int half, const void *data,
                          size_t len, uint8_t out[32], struct openmaf_error *error)
{
    struct om_error err = {0};
    const struct se_part part = {data, len};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK && half != 0 && half != 1)
        rc = om_fail(&err, OM_EINPUT, "a half is 0 or 1");
    if (rc == OM_OK && !m2m_suid_same_use(suid, M2M_SUID_ESDATA) &&
        !m2m_suid_same_use(suid, M2M_SUID_ESDATA_SIGNATURE))
        rc = om_fail(&err, OM_EDENIED, "keys of SUID %u are used whole (TS-0003 8.8.1)", suid);
    if (rc == OM_OK)
        rc = check_data(&part, &err);
    if (rc == OM_OK)
        rc = mac(maf, key_id, suid, half == 0 ? FIRST : SECOND, &part, 1, out, &err);
    return client_end(maf, rc, &err, error);
}

static om_rc esprim(struct openmaf *maf, const char *key_id, const uint8_t *receiver,
                    const uint8_t *originator, struct openmaf_secret **out, struct om_error *err)
{
    static const char label[] = "oneM2M HMAC-SHA256 sessionESPrimKey derivation algorithm";
    const struct se_part parts[] = {{receiver, OPENMAF_ESPRIM_RAND_SIZE},
                                    {originator, OPENMAF_ESPRIM_RAND_SIZE},
                                    {label, sizeof label - 1}};
    struct om_secret key = OM_SECRET_INIT;
    if (receiver == NULL || originator == NULL || out == NULL)
        return om_fail(err, OM_EINPUT, "two random values and a place for the result are needed");
    OM_TRY(om_secret_alloc(&key, SE_MAC_SIZE, err));
    om_rc rc =
        mac(maf, key_id, M2M_SUID_ESPRIM, WHOLE, parts, sizeof parts / sizeof parts[0], key.octets, err);
    if (rc == OM_OK)
        rc = secret_new(&key, out, err);
    om_secret_free(&key);
    return rc;
}

int openmaf_esprim_session_key(struct openmaf *maf, const char *key_id,
                               const uint8_t receiver_rand[OPENMAF_ESPRIM_RAND_SIZE],
                               const uint8_t originator_rand[OPENMAF_ESPRIM_RAND_SIZE],
                               struct openmaf_secret **out, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = esprim(maf, key_id, receiver_rand, originator_rand, out, &err);
    return client_end(maf, rc, &err, error);
}
