/* A CoAP client over libcoap's own sessions with the real Km or a certificate, driven a line at a time; none
 * of our code.
 *
 *   test-coap-client coaps|coaps+tcp ADDRESS PORT SNI IDENTITY [BLOCK-SIZE [EXPORTER-LABEL]]
 *
 * stdin: the key in hex, or for IDENTITY "certificate" the files of certificate, key and trust anchors with
 * tabs between them; then one request a line:
 *   {"code": 1, "options": [[11, "hex"], ...], "payload": "hex", "type": "CON"|"NON"}
 * stdout: {"exported": "hex"} once the session is there, then one line a response:
 *   {"code": 69, "options": [[12, "hex"], ...], "payload": "hex"} or {"error": "..."} */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <dlfcn.h>
#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LABEL "EXPORTER-oneM2M-Connection"

/* libcoap 4.3.1 can be told of two options above 255 that a client understands, and drops answers with
 * another critical one; oneM2M has more. The program takes the place of the function that libcoap asks: where
 * the list of known options has these two, it has all of oneM2M's. */
#define KNOWN_1 259
#define KNOWN_2 339

typedef int filter_get(coap_opt_filter_t *filter, coap_option_num_t number);
__attribute__((visibility("default"))) filter_get coap_option_filter_get;

int coap_option_filter_get(coap_opt_filter_t *filter, coap_option_num_t number)
{
    static filter_get *original;
    if (original == NULL)
        *(void **)&original = dlsym(RTLD_NEXT, "coap_option_filter_get");
    if (number > KNOWN_1 && number < KNOWN_2 && original(filter, KNOWN_1) == 1 &&
        original(filter, KNOWN_2) == 1)
        return 1;
    return original(filter, number);
}

static bool connected, answered, ended;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "test-coap-client: %s\n", what);
    exit(1);
}

static void print_line(json_t *tree)
{
    if (json_dumpf(tree, stdout, JSON_COMPACT) != 0)
        die("no memory");
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(tree);
}

static json_t *hex_of(const uint8_t *p, size_t n)
{
    char *text = calloc(1, 2 * n + 1);
    if (text == NULL)
        die("no memory");
    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", p[i]);
    json_t *v = json_string(text);
    free(text);
    return v;
}

/* Returns the count of octets. */
static size_t octets_of(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = strlen(hex) / 2;
    if (n > cap)
        die("too long");
    for (size_t i = 0; i < n; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end = NULL;
        out[i] = (uint8_t)strtoul(digits, &end, 16);
        if (*end != '\0')
            die("not hex");
    }
    return n;
}

static int on_event(coap_session_t *session, const coap_event_t event)
{
    bool tcp = coap_session_get_proto(session) == COAP_PROTO_TLS;
    if (event == (tcp ? COAP_EVENT_SESSION_CONNECTED : COAP_EVENT_DTLS_CONNECTED))
        connected = true;
    if (event == COAP_EVENT_DTLS_CLOSED || event == COAP_EVENT_DTLS_ERROR || event == COAP_EVENT_TCP_CLOSED ||
        event == COAP_EVENT_TCP_FAILED)
        ended = true;
    return 0;
}

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *got,
                                   const coap_mid_t mid)
{
    (void)session, (void)sent, (void)mid;
    json_t *options = json_array();
    coap_opt_iterator_t it;
    const uint8_t *data = NULL;
    size_t n = 0, offset = 0, total = 0;
    if (coap_option_iterator_init(got, &it, COAP_OPT_ALL) != NULL)
        for (coap_opt_t *o = coap_option_next(&it); o != NULL; o = coap_option_next(&it))
            (void)json_array_append_new(
                options, json_pack("[i,o]", (int)it.number, hex_of(coap_opt_value(o), coap_opt_length(o))));
    (void)coap_get_data_large(got, &n, &data, &offset, &total);
    print_line(json_pack("{s:i,s:o,s:o}", "code", (int)coap_pdu_get_code(got), "options", options, "payload",
                         hex_of(data, n)));
    answered = true;
    return COAP_RESPONSE_OK;
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent, const coap_nack_reason_t reason,
                    const coap_mid_t mid)
{
    (void)session, (void)sent, (void)mid;
    if (!answered)
        print_line(json_pack("{s:s}", "error", reason == COAP_NACK_RST ? "reset" : "not delivered"));
    answered = true;
}

static void log_nothing(coap_log_t level, const char *text)
{
    if (getenv("COAP_CLIENT_LOG") != NULL)
        (void)fprintf(stderr, "%d %s", (int)level, text);
}

static void wait_for(coap_context_t *ctx, const bool *what, const char *name)
{
    for (unsigned i = 0; !*what && !ended; i++) {
        if (i == 3000 || coap_io_process(ctx, 20) < 0)
            die(name);
    }
}

static void add_options(coap_pdu_t *pdu, const json_t *options, bool body, unsigned block)
{
    uint8_t value[1024];
    coap_optlist_t *list = NULL;
    size_t i;
    json_t *o;
    json_array_foreach((json_t *)options, i, o)
    {
        int number = (int)json_integer_value(json_array_get(o, 0));
        size_t n = octets_of(json_string_value(json_array_get(o, 1)), value, sizeof value);
        (void)coap_insert_optlist(&list, coap_new_optlist((uint16_t)number, n, value));
    }
    if (block != 0) {
        unsigned szx = (unsigned)coap_fls(block >> 4) - 1;
        size_t n = coap_encode_var_safe(value, sizeof value, szx);
        (void)coap_insert_optlist(&list,
                                  coap_new_optlist(body ? COAP_OPTION_BLOCK1 : COAP_OPTION_BLOCK2, n, value));
    }
    if (list != NULL && coap_add_optlist_pdu(pdu, &list) != 1)
        die("options");
    coap_delete_optlist(list);
}

static void send_request(coap_context_t *ctx, coap_session_t *session, const json_t *rq, unsigned block)
{
    static uint8_t payload[1 << 20];
    uint8_t token[8];
    size_t token_len = 0;
    const char *hex = json_string_value(json_object_get(rq, "payload"));
    const char *type = json_string_value(json_object_get(rq, "type"));
    size_t n = hex != NULL ? octets_of(hex, payload, sizeof payload) : 0;
    bool non = type != NULL && strcmp(type, "NON") == 0;
    coap_pdu_t *pdu = coap_new_pdu(non ? COAP_MESSAGE_NON : COAP_MESSAGE_CON,
                                   (coap_pdu_code_t)json_integer_value(json_object_get(rq, "code")), session);
    if (pdu == NULL)
        die("no PDU");
    coap_session_new_token(session, &token_len, token);
    if (coap_add_token(pdu, token_len, token) != 1)
        die("token");
    add_options(pdu, json_object_get(rq, "options"), n > 0, block);
    if (n > 0 && coap_add_data_large_request(session, pdu, n, payload, NULL, NULL) != 1)
        die("payload");
    answered = false;
    if (coap_send(session, pdu) == COAP_INVALID_MID)
        die("cannot send");
    wait_for(ctx, &answered, "no answer");
    if (!answered) {
        print_line(json_pack("{s:s}", "error", "closed"));
        exit(0);
    }
}

static coap_session_t *begin_psk(coap_context_t *ctx, char **argv, const coap_address_t *to,
                                 coap_proto_t proto, const char *hex)
{
    uint8_t key[256];
    coap_dtls_cpsk_t psk;
    memset(&psk, 0, sizeof psk);
    psk.version = COAP_DTLS_CPSK_SETUP_VERSION;
    psk.client_sni = argv[4];
    psk.psk_info.identity.s = (const uint8_t *)argv[5];
    psk.psk_info.identity.length = strlen(argv[5]);
    psk.psk_info.key.length = octets_of(hex, key, sizeof key);
    psk.psk_info.key.s = key;
    return coap_new_client_session_psk2(ctx, NULL, to, proto, &psk);
}

static coap_session_t *begin_certificate(coap_context_t *ctx, char **argv, const coap_address_t *to,
                                         coap_proto_t proto, char *files)
{
    coap_dtls_pki_t pki;
    memset(&pki, 0, sizeof pki);
    pki.version = COAP_DTLS_PKI_SETUP_VERSION;
    pki.verify_peer_cert = 1;
    pki.cert_chain_validation = 1;
    pki.cert_chain_verify_depth = 3;
    pki.client_sni = argv[4];
    pki.pki_key.key_type = COAP_PKI_KEY_PEM;
    pki.pki_key.key.pem.public_cert = strsep(&files, "\t");
    pki.pki_key.key.pem.private_key = strsep(&files, "\t");
    if (files == NULL || coap_context_set_pki_root_cas(ctx, files, NULL) != 1)
        die("no trust anchors");
    return coap_new_client_session_pki(ctx, NULL, to, proto, &pki);
}

static coap_session_t *begin(coap_context_t *ctx, char **argv, char *credential)
{
    coap_address_t to;
    coap_address_init(&to);
    to.size = sizeof to.addr.sin;
    to.addr.sin.sin_family = AF_INET;
    to.addr.sin.sin_port = htons((uint16_t)atoi(argv[3])); /* NOLINT(cert-err34-c): the tests' own */
    if (inet_pton(AF_INET, argv[2], &to.addr.sin.sin_addr) != 1)
        die("address");
    coap_proto_t proto = strcmp(argv[1], "coaps+tcp") == 0 ? COAP_PROTO_TLS : COAP_PROTO_DTLS;
    coap_session_t *session = strcmp(argv[5], "certificate") == 0
                                  ? begin_certificate(ctx, argv, &to, proto, credential)
                                  : begin_psk(ctx, argv, &to, proto, credential);
    if (session == NULL)
        die("no session");
    coap_session_set_ack_timeout(session, (coap_fixed_point_t){1, 0});
    coap_session_set_max_retransmit(session, 3); /* tests wait for those who will never be answered */
    wait_for(ctx, &connected, "no handshake");
    if (!connected)
        die("the handshake failed");
    return session;
}

static void print_exported(const coap_session_t *session, const char *label)
{
    uint8_t exported[48];
    coap_tls_library_t library;
    SSL *ssl = coap_session_get_tls(session, &library);
    if (ssl == NULL ||
        SSL_export_keying_material(ssl, exported, sizeof exported, label, strlen(label), NULL, 0, 0) != 1)
        die("no export");
    print_line(json_pack("{s:o}", "exported", hex_of(exported, sizeof exported)));
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t cap = 0;
    if (argc < 6 || getline(&line, &cap, stdin) < 2)
        die("usage: test-coap-client coaps|coaps+tcp ADDRESS PORT SNI IDENTITY [BLOCK-SIZE [EXPORTER-LABEL]] "
            "< KEY, REQUESTS");
    line[strcspn(line, "\n")] = '\0';
    /* NOLINTNEXTLINE(cert-err34-c): the tests' own */
    unsigned block = argc > 6 ? (unsigned)atoi(argv[6]) : 0;
    coap_startup();
    coap_set_log_handler(log_nothing);
    coap_set_log_level(getenv("COAP_CLIENT_LOG") != NULL ? LOG_DEBUG : LOG_WARNING);
    coap_context_t *ctx = coap_new_context(NULL);
    if (ctx == NULL)
        die("no context");
    coap_context_set_block_mode(ctx, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
    coap_register_option(ctx, KNOWN_1);
    coap_register_option(ctx, KNOWN_2);
    coap_register_event_handler(ctx, on_event);
    coap_register_response_handler(ctx, on_response);
    coap_register_nack_handler(ctx, on_nack);
    coap_session_t *session = begin(ctx, argv, line);
    print_exported(session, argc > 7 ? argv[7] : DEFAULT_LABEL);
    while (getline(&line, &cap, stdin) > 0) {
        json_t *rq = json_loads(line, 0, NULL);
        if (rq == NULL)
            die("not JSON");
        send_request(ctx, session, rq, block);
        json_decref(rq);
    }
    free(line);
    coap_session_release(session);
    coap_free_context(ctx);
    coap_cleanup();
    return 0;
}
