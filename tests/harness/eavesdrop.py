"""What somebody who knows the psk learns of a TLS 1.2 PSK session from its handshake: the master secret, and what is exported of it."""
import hashlib
import hmac
import struct

HANDSHAKE, CLIENT_HELLO, SERVER_HELLO, CLIENT_KEY_EXCHANGE, EXTENDED_MASTER_SECRET = 22, 1, 2, 16, 23


def prf(secret, label, seed, n):
    """RFC 5246 section 5, SHA-256."""
    out, a, seed = b"", label + seed, label + seed
    while len(out) < n:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        out += hmac.new(secret, a + seed, hashlib.sha256).digest()
    return out[:n]


class Eavesdropper:
    """Is shown the records of a session in their order; no message may be cut in two."""

    def __init__(self, psk):
        n = struct.pack(">H", len(psk))
        self.premaster = n + bytes(len(psk)) + n + psk
        self.transcript, self.randoms, self.extended, self.master = b"", b"", False, None

    def hear(self, record):
        if self.master is not None or record[0] != HANDSHAKE:
            return
        at = 5
        while at < len(record) and self.master is None:
            kind, length = record[at], int.from_bytes(record[at + 1:at + 4], "big")
            message = record[at:at + 4 + length]
            self.transcript += message
            at += len(message)
            self._message(kind, message[4:])

    def _message(self, kind, body):
        if kind in (CLIENT_HELLO, SERVER_HELLO):
            self.randoms += body[2:34]
        if kind == SERVER_HELLO:
            rest = body[35 + body[34] + 3 + 2:]  # after the session id, suite, compression, and the length of what follows
            while rest:
                self.extended |= int.from_bytes(rest[:2], "big") == EXTENDED_MASTER_SECRET
                rest = rest[4 + int.from_bytes(rest[2:4], "big"):]
        if kind == CLIENT_KEY_EXCHANGE:
            label, seed = (b"extended master secret", hashlib.sha256(self.transcript).digest()) if self.extended else \
                (b"master secret", self.randoms)
            self.master = prf(self.premaster, label, seed, 48)

    def exported(self, label, n):
        """RFC 5705, without a context."""
        return prf(self.master, label.encode(), self.randoms, n)
