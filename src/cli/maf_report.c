/* maf: what connect and listen say of their sessions: see maf_carry.h. */
#include "cli/maf_carry.h"

#include <stdio.h>
#include <string.h>

/* Takes tree over. */
static void say(const struct maf_carry *c, json_t *tree, const char *text)
{
    FILE *out = c->stdio ? stderr : stdout;
    if (c->args->json && tree != NULL) {
        (void)json_dumpf(tree, out, JSON_COMPACT | JSON_ENSURE_ASCII);
        (void)fputc('\n', out);
    } else if (!c->args->json) {
        (void)fprintf(out, "maf: %s\n", text);
    }
    (void)fflush(out);
    json_decref(tree);
}

void maf_carry_say(const struct maf_carry *c, const char *problem)
{
    say(c, json_pack("{s:s, s:s}", "event", "problem", "error", problem), problem);
}

void maf_carry_say_listening(const struct maf_carry *c, int fd)
{
    struct maf_address own;
    char address[MAF_ADDRESS_TEXT];
    char text[MAF_ADDRESS_TEXT + 32];
    maf_address_of(fd, &own);
    maf_address_text(&own, address);
    (void)snprintf(text, sizeof text, "listening at %s", address);
    say(c, json_pack("{s:s, s:s}", "event", "listening", "address", address), text);
}

void maf_carry_say_open(const struct maf_carry *c, const struct maf_session *s)
{
    char text[512];
    const SSL *ssl = maf_session_ssl(s);
    const char *id = openmaf_saef_peer(ssl);
    const struct openmaf_key *key = openmaf_saef_key(ssl);
    const char *key_id = key != NULL ? key->key_id : "";
    (void)snprintf(text, sizeof text, "session with %s at %s, key %s, %s",
                   id != NULL ? id : "an unnamed entity", maf_session_peer(s), key_id, SSL_get_version(ssl));
    say(c,
        json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s}", "event", "session", "address", maf_session_peer(s),
                  "peer", id, "keyIdentifier", key_id, "protocol", SSL_get_version(ssl), "cipher",
                  SSL_get_cipher_name(ssl)),
        text);
}

void maf_carry_say_ended(const struct maf_carry *c, const struct maf_session *s,
                         const struct openmaf_error *error)
{
    char text[sizeof error->text + 256];
    bool good = error->code == OPENMAF_OK;
    unsigned long long received = maf_session_received(s);
    unsigned long long sent = maf_session_sent(s);
    if (!good && !maf_session_is_open(s))
        (void)snprintf(text, sizeof text, "%s", error->text);
    else
        (void)snprintf(text, sizeof text, "session with %s ended%s%s (%llu octets received, %llu sent)",
                       maf_session_peer(s), good ? "" : ": ", good ? "" : error->text, received, sent);
    say(c,
        json_pack("{s:s, s:s, s:I, s:I, s:s?}", "event", maf_session_is_open(s) ? "ended" : "no-session",
                  "address", maf_session_peer(s), "received", (json_int_t)received, "sent", (json_int_t)sent,
                  "error", good ? NULL : error->text),
        text);
}

void maf_carry_say_refused(const struct maf_carry *c, const char *identity, const char *why)
{
    char text[768];
    char shown[129] = "";
    for (size_t i = 0; identity[i] != '\0' && i < sizeof shown - 1; i++)
        shown[i] = identity[i] >= ' ' && identity[i] <= '~' ? identity[i] : '?'; /* it may go to a terminal */
    (void)snprintf(text, sizeof text, "psk_identity \"%s\" refused: %s", shown, why);
    /* What a peer sent need not be UTF-8: then the JSON says only why. */
    json_t *name = json_string(identity);
    say(c, json_pack("{s:s, s:o?, s:s}", "event", "refused", "identity", name, "why", why), text);
}
