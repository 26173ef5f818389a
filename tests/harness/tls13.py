"""What a pre-shared key turns into before anything of a session comes in (RFC 4279 section 2, RFC 8446 section 7.1)."""
import hashlib
import hmac
import struct

ZEROS = bytes(32)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(secret, label, context):
    label = b"tls13 " + label
    info = struct.pack(">HB", 32, len(label)) + label + bytes([len(context)]) + context
    return mac(secret, info + b"\x01")


def secrets_of(psk):
    """The key itself and everything from which it, or a session's secret without Diffie-Hellman, would follow."""
    nothing = hashlib.sha256(b"").digest()
    n = struct.pack(">H", len(psk))
    early = mac(ZEROS, psk)
    binder = expand(early, b"ext binder", nothing)
    derived = expand(early, b"derived", nothing)
    handshake = mac(derived, ZEROS)
    between = expand(handshake, b"derived", nothing)
    return [psk, hashlib.sha256(n + bytes(len(psk)) + n + psk).digest(), early, binder, expand(binder, b"finished", b""),
            derived, handshake, between, mac(between, ZEROS)]
