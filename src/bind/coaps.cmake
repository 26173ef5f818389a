# The CoAP binding. libcoap is its codec (src/coap); DTLS and TLS are OpenSSL's, as everywhere (docs/adr/0004).
target_sources(bind PRIVATE
  coaps.c coaps_session.c coaps_udp.c coaps_dtls.c coaps_tls.c
  coaps_ahead.c coaps_message.c coaps_reply.c coaps_signal.c coaps_upload.c coaps_download.c
  coaps_request.c coaps_read.c coaps_options.c coaps_response.c)
target_link_libraries(bind PUBLIC coap_message)
