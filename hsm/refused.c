/* PINs that were refused, as HMACs under a key that is drawn anew for each process: see refused.h. */
#include "hsm/refused.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#define NOTED 16 /* the newest ones: of so many tokens at once */
#define MAC   32

static struct {
    pthread_mutex_t lock;
    bool drawn;
    uint8_t key[MAC];
    uint8_t macs[NOTED][MAC];
    unsigned n; /* noted so far */
} refused = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The MAC of the token's name and the PIN; false when there is none to be had. */
static bool mac_of(const CK_TOKEN_INFO *token, const struct om_secret *pin, uint8_t mac[MAC])
{
    uint8_t text[sizeof token->label + sizeof token->serialNumber + 256];
    size_t n = 0, len = 0;
    if (pin->len > sizeof text - sizeof token->label - sizeof token->serialNumber)
        return false;
    memcpy(text + n, token->label, sizeof token->label);
    n += sizeof token->label;
    memcpy(text + n, token->serialNumber, sizeof token->serialNumber);
    n += sizeof token->serialNumber;
    if (pin->len > 0)
        memcpy(text + n, pin->octets, pin->len);
    n += pin->len;
    bool ok =
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, refused.key, MAC, text, n, mac, MAC, &len) != NULL &&
        len == MAC;
    om_wipe(text, sizeof text);
    return ok;
}

void hsm_refused_note(const CK_TOKEN_INFO *token, const struct om_secret *pin)
{
    uint8_t mac[MAC];
    (void)pthread_mutex_lock(&refused.lock);
    if (!refused.drawn)
        refused.drawn = RAND_priv_bytes(refused.key, MAC) == 1;
    if (refused.drawn && mac_of(token, pin, mac))
        memcpy(refused.macs[refused.n++ % NOTED], mac, MAC);
    (void)pthread_mutex_unlock(&refused.lock);
}

bool hsm_refused_before(const CK_TOKEN_INFO *token, const struct om_secret *pin)
{
    uint8_t mac[MAC];
    bool found = false;
    (void)pthread_mutex_lock(&refused.lock);
    if (refused.n > 0 && mac_of(token, pin, mac))
        for (unsigned i = 0; i < NOTED && i < refused.n; i++)
            found |= om_equal_ct(refused.macs[i], mac, MAC);
    (void)pthread_mutex_unlock(&refused.lock);
    return found;
}
