/* Row authentication: HMAC by a token key over the table's name and every column of a row.
 *
 * message = vector16 "openmaf row v1" | vector16 table | u16 columns | per column: u8 type, u32 length,
 * octets with type 't', 'i' (length 8, big-endian two's complement) or 'b', in schema order, without the mac
 * itself. Every part is preceded by its length, so no two different rows have the same message: a value
 * cannot be moved to another column, row or table, nor shifted between neighbours. */
#include "store/internal.h"

#include <string.h>

#define DOMAIN "openmaf row v1"

static bool build_message(struct store *s, const struct store_table *t, const struct store_value *v,
                          struct om_writer *w)
{
    om_writer_init(w, s->message, STORE_ROW_MAX);
    om_write_vector16(w, DOMAIN, sizeof DOMAIN - 1);
    om_write_vector16(w, t->name, strlen(t->name));
    om_write_u16(w, (uint16_t)strlen(t->types));
    for (size_t i = 0; t->types[i] != '\0'; i++) {
        om_write_u8(w, (uint8_t)t->types[i]);
        if (t->types[i] == 'i') {
            om_write_u32(w, 8);
            om_write_u64(w, (uint64_t)v[i].i);
        } else {
            om_write_u32(w, (uint32_t)v[i].n);
            om_write_octets(w, v[i].p, v[i].n);
        }
    }
    return om_writer_ok(w);
}

om_rc store_row_mac(struct store *s, const struct store_table *t, const struct store_value *v,
                    uint8_t mac[SE_MAC_SIZE], struct om_error *err)
{
    struct om_writer w;
    if (!build_message(s, t, v, &w))
        return om_fail(err, OM_EINPUT, "the %s is too long for a row", t->record);
    struct se_part part = {w.p, w.len};
    return s->auth.mac(s->auth.arg, &part, 1, mac, err);
}

om_rc store_row_verify(struct store *s, const struct store_table *t, const struct store_value *v,
                       const struct store_value *mac, bool keep, struct om_error *err)
{
    struct om_writer w;
    if (mac->n != SE_MAC_SIZE || !build_message(s, t, v, &w))
        return om_fail(err, OM_EINTEGRITY, "the row is malformed");
    om_write_octets(&w, mac->p, mac->n); /* cached with the message: see verified.h */
    if (!om_writer_ok(&w))
        return om_fail(err, OM_EINTEGRITY, "the row is malformed");
    uint64_t slot = store_verified_hash(v[0].p, t->types[0] == 'i' ? 0 : v[0].n);
    if (store_verified_has(s->verified, slot, w.p, w.len))
        return OM_OK;
    uint8_t right[SE_MAC_SIZE];
    struct se_part part = {w.p, w.len - SE_MAC_SIZE};
    OM_TRY(s->auth.mac(s->auth.arg, &part, 1, right, err));
    bool equal = om_equal_ct(right, mac->p, SE_MAC_SIZE);
    om_wipe(right, sizeof right); /* the right code of a forged row is nobody's business */
    if (!equal)
        return om_fail(err, OM_EINTEGRITY, "the row was altered: its authentication code is wrong");
    if (keep)
        store_verified_keep(s->verified, slot, w.p, w.len);
    return OM_OK;
}
