/* The forms of a key that was made in the token, made in the token as well: see se_prf_forms. */
#include "se/internal.h"
#include "util/buf.h"

#define HASH          SE_MAC_SIZE
#define PREMASTER_MAX (2 + SE_KEY_MAX + 2)

static om_rc step(struct se_key *key, const struct se_step *s, struct se_key **out, struct om_error *err)
{
    se_handle handle = 0;
    struct se *se = key->se;
    *out = NULL;
    OM_TRY(se->plugin->key_step(se->tok, key->handle, s, &handle, err));
    return se_key_adopt(se, handle, s->kind == SE_STEP_RANGE ? s->n : HASH, true, out, err);
}

static om_rc step_and_wrap(struct se_key *key, const struct se_step *s, enum se_use use, struct se_blob *out,
                           struct om_error *err)
{
    struct se_key *made = NULL;
    OM_TRY(step(key, s, &made, err));
    om_rc rc = se_wrap(made, use, out, err);
    se_key_unref(made);
    return rc;
}

/* A premaster secret of more than 64 octets: HMAC is keyed with its hash (RFC 2104). */
static om_rc make_psk(struct se_key *key, struct se_forms *out, struct om_error *err)
{
    static const uint8_t zeros[SE_KEY_MAX];
    uint8_t head[PREMASTER_MAX]; /* what stands before the key (RFC 4279 section 2) */
    struct om_writer w;
    om_writer_init(&w, head, sizeof head);
    om_write_vector16(&w, zeros, key->len);
    om_write_u16(&w, (uint16_t)key->len);
    const struct se_step s = {.kind = SE_STEP_HASH, .octets = head, .n = w.len};
    return step_and_wrap(key, &s, SE_USE_TLS12_PSK, &out->psk, err);
}

static om_rc make_halves(struct se_key *key, struct se_forms *out, struct om_error *err)
{
    size_t half = key->len / 2;
    for (size_t i = 0; i < 2; i++) {
        const struct se_step s = {.kind = SE_STEP_RANGE, .offset = i * half, .n = half};
        OM_TRY(step_and_wrap(key, &s, SE_USE_HMAC, &out->half[i], err));
    }
    return OM_OK;
}

/* --- TLS 1.3: as psk13.c has it, each line one step of the token --- */

struct schedule {
    struct se_key *early, *binder, *derived, *handshake, *between;
};

static om_rc expand(struct se_key *secret, const char *label, const uint8_t *context, size_t n,
                    struct se_key **out, struct om_error *err)
{
    uint8_t info[SE_PSK13_INFO_MAX];
    const struct se_step s = {
        .kind = SE_STEP_MAC, .octets = info, .n = se_psk13_info(label, context, n, info)};
    return step(secret, &s, out, err);
}

static om_rc run_schedule(struct se_key *key, struct schedule *s, struct se_psk13 *out, struct om_error *err)
{
    static const uint8_t zeros[HASH];
    const uint8_t *empty = se_hash_of_nothing;
    const struct se_step extract = {.kind = SE_STEP_EXTRACT};
    const struct se_step mac_zeros = {.kind = SE_STEP_MAC, .octets = zeros, .n = HASH};
    uint8_t info[SE_PSK13_INFO_MAX];
    const struct se_step finished = {
        .kind = SE_STEP_MAC, .octets = info, .n = se_psk13_info("finished", empty, 0, info)};
    OM_TRY(step(key, &extract, &s->early, err));
    OM_TRY(expand(s->early, "ext binder", empty, HASH, &s->binder, err));
    OM_TRY(step_and_wrap(s->binder, &finished, SE_USE_TLS13_FINISHED, &out->finished, err));
    OM_TRY(expand(s->early, "derived", empty, HASH, &s->derived, err));
    OM_TRY(se_wrap(s->derived, SE_USE_TLS13_DERIVED, &out->derived, err));
    OM_TRY(step(s->derived, &mac_zeros, &s->handshake, err));
    OM_TRY(se_wrap(s->handshake, SE_USE_TLS13_HANDSHAKE, &out->handshake, err));
    OM_TRY(expand(s->handshake, "derived", empty, HASH, &s->between, err));
    return step_and_wrap(s->between, &mac_zeros, SE_USE_TLS13_MASTER, &out->master, err);
}

static om_rc make_psk13(struct se_key *key, struct se_forms *out, struct om_error *err)
{
    struct schedule s = {.early = NULL};
    om_rc rc = run_schedule(key, &s, &out->psk13, err);
    se_key_unref(s.early);
    se_key_unref(s.binder);
    se_key_unref(s.derived);
    se_key_unref(s.handshake);
    se_key_unref(s.between);
    return rc;
}

static om_rc make_key(struct se_key *key, struct se_forms *out, struct om_error *err)
{
    return se_wrap(key, SE_USE_HMAC, &out->key, err);
}

om_rc se_forms_inside(struct se_key *key, unsigned *wanted, struct se_forms *out, struct om_error *err)
{
    static const struct {
        unsigned form;
        om_rc (*make)(struct se_key *key, struct se_forms *out, struct om_error *err);
    } makers[] = {{SE_FORM_KEY, make_key},
                  {SE_FORM_HALVES, make_halves},
                  {SE_FORM_PSK, make_psk},
                  {SE_FORM_PSK13, make_psk13}};
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        bool of_half = makers[i].form == SE_FORM_PSK || makers[i].form == SE_FORM_PSK13;
        bool steps = makers[i].form != SE_FORM_KEY;
        if ((*wanted & makers[i].form) == 0 || (of_half && (*wanted & SE_FORM_PSK_OF_HALF) != 0) ||
            (steps && key->se->plugin->key_step == NULL))
            continue;
        om_rc rc = makers[i].make(key, out, err);
        if (rc == OM_OK)
            *wanted &= ~makers[i].form;
        else if (rc != OM_EUNSUPPORTED)
            return rc;
    }
    return OM_OK;
}
