"""A CoAP peer that we did not write: libcoap's client sessions, over DTLS or TLS (tests/tools/test_coap_client.c)."""
import json
import os
import select
import subprocess
import time

from .build import program
from .peers import HandshakeFailed

# Options (RFC 7252, TS-0008).
URI_PATH, CONTENT_FORMAT, MAX_AGE, URI_QUERY, ACCEPT, LOCATION_PATH = 11, 12, 14, 15, 17, 8
OT, TY, RVI, FR, RQI, RQET, RSC = 259, 267, 271, 279, 283, 291, 307


def uint(v):
    return v.to_bytes((v.bit_length() + 7) // 8, "big")


class CoapResponse:
    def __init__(self, line):
        self.code = line["code"]
        self.options = [(number, bytes.fromhex(value)) for number, value in line["options"]]
        self.payload = bytes.fromhex(line["payload"])

    def get(self, number):
        """The only value of an option; None when it is absent."""
        values = [v for n, v in self.options if n == number]
        assert len(values) <= 1, self
        return values[0] if values else None

    def all(self, number):
        return [v for n, v in self.options if n == number]

    @property
    def rsc(self):
        value = self.get(RSC)
        return int.from_bytes(value, "big") if value is not None else 0

    def __repr__(self):
        return f"<CoAP {self.code >> 5}.{self.code & 31:02} {self.options} {self.payload[:200]!r}>"


class CoapPeer:
    def __init__(self, maf, credential, tcp=False, block=None, sni=None):
        port = maf.coaps_tcp_port if tcp else maf.coaps_port
        self.process = subprocess.Popen(
            [program("test-coap-client"), "coaps+tcp" if tcp else "coaps", "127.0.0.1", str(port), sni or maf.fqdn,
             credential.get("kmid", "certificate"), str(block or 0), maf.label],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.buffer = b""
        self._write(credential["km"] if "km" in credential else
                    "\t".join([str(credential["certificate"].sent), str(credential["certificate"].key), credential["anchors"]]))
        try:
            self.exported = bytes.fromhex(self._line()["exported"])
        except EOFError:
            said = self.process.stderr.read().decode(errors="replace")
            self.close()
            raise HandshakeFailed(said) from None

    def _write(self, text):
        try:
            self.process.stdin.write(text.encode() + b"\n")
        except BrokenPipeError:
            raise EOFError from None

    def _line(self, seconds=120):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError("no answer of test-coap-client")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise EOFError
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def request(self, code, options, payload=b"", kind="CON"):
        """Raises EOFError when the session is over."""
        self._write(json.dumps({"code": code, "options": [[n, v.hex()] for n, v in options], "payload": payload.hex(),
                                "type": kind}))
        line = self._line()
        if "error" in line:
            raise EOFError(line["error"])
        return CoapResponse(line)

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
