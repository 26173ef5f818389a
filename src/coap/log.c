/* libcoap's log: what peers make it say is of interest to those who debug, and must not fill a disk. */
#include "util/log.h"
#include "coap/message.h"

#include <coap3/coap.h>

static void to_log(coap_log_t level, const char *text)
{
    (void)level;
    om_log(OM_LOG_DEBUG, "libcoap: %.200s", text);
}

void om_coap_log(void)
{
    coap_set_log_handler(to_log);
    coap_set_log_level(LOG_WARNING); /* its debug level prints payloads */
}
