"""TLS peers that we did not write: openssl s_client and gnutls-cli, each with the real Km, speaking HTTP by hand."""
import os
import re
import select
import subprocess
import time

LABEL = "EXPORTER-oneM2M-Connection"
SUITE = "PSK-AES128-CBC-SHA256"
CERTIFICATE_SUITE = "ECDHE-ECDSA-AES128-SHA256"


class Response:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.strip().lower(), value.strip())
        self.rsc = int(self.headers.get("x-m2m-rsc", 0))

    def json(self):
        import json
        return json.loads(self.body)

    def __repr__(self):
        return f"<HTTP {self.status} rsc {self.rsc} {self.body[:200]!r}>"


class HandshakeFailed(Exception):
    """The TLS handshake did not finish; .output is what the tool said."""

    def __init__(self, output):
        super().__init__(output[-600:])
        self.output = output


class Peer:
    """A child process that carries our octets through TLS; stdin and stdout are the plaintext."""

    def __init__(self, command, ready):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        self.buffer = b""
        try:
            self._read_until(lambda b: re.search(ready, b) is not None)
        except EOFError:
            raise HandshakeFailed(self.buffer.decode(errors="replace")) from None
        self.preamble = self.buffer.decode(errors="replace")
        self.exported = self._exported()
        self.buffer = b""

    def _read_until(self, enough, seconds=30):
        deadline = time.monotonic() + seconds
        while not enough(self.buffer):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(self.buffer.decode(errors="replace"))
            if not select.select([self.process.stdout], [], [], left)[0]:
                continue
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                self.close()
                raise EOFError
            self.buffer += more

    def send(self, octets):
        try:
            self.process.stdin.write(octets)
            self.process.stdin.flush()
        except BrokenPipeError:
            raise EOFError from None

    def response(self):
        """Reads one HTTP response off the stream."""

        def complete(b):
            at = b.find(b"HTTP/1.")
            if at < 0:
                return False
            end = b.find(b"\r\n\r\n", at)
            if end < 0:
                return False
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", b[at:end + 2])
            return len(b) >= end + 4 + (int(length.group(1)) if length else 0)

        self._read_until(complete)
        at = self.buffer.find(b"HTTP/1.")
        end = self.buffer.find(b"\r\n\r\n", at)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self.buffer[at:end + 2])
        stop = end + 4 + (int(length.group(1)) if length else 0)
        raw, self.buffer = self.buffer[at:stop], self.buffer[stop:]
        return Response(raw)

    def some(self):
        """Whatever has arrived, at least one octet."""
        self._read_until(lambda b: b)
        octets, self.buffer = self.buffer, b""
        return octets

    def request(self, octets):
        self.send(octets)
        return self.response()

    def wait_closed(self):
        """Waits for the server to end the session; what came before is in .buffer."""
        try:
            self._read_until(lambda b: False)
        except EOFError:
            pass

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def openssl_credential(credential, suite):
    """A credential is a KmID with its Km, or a certificate (authorities.py) with the anchors of the MAF's."""
    if "kmid" in credential:
        return ["-cipher", (suite or SUITE) + ":@SECLEVEL=0", "-psk_identity", credential["kmid"], "-psk", credential["km"]]
    own = credential["certificate"]
    chain = ["-cert_chain", str(own.sent)] if own.chain else []
    return ["-cipher", (suite or CERTIFICATE_SUITE) + ":@SECLEVEL=0", "-cert", str(own.path), "-key", str(own.key), *chain,
            "-CAfile", credential["anchors"], "-verify_return_error"]


class OpensslPeer(Peer):
    def __init__(self, maf, credential, suite=None, sni=None, extra=(), version="-tls1_2"):
        name = maf.fqdn if sni is None else sni
        super().__init__(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{maf.port}", version,
             *openssl_credential(credential, suite), "-ign_eof", "-nocommands",
             "-keymatexport", maf.label, "-keymatexportlen", "48",
             *(["-servername", name] if name else ["-noservername"]), *extra],
            rb"Keying material: [0-9A-F]+\n---\n")
        if ":error:" in self.preamble:
            # s_client prints all it knows of a session even when the handshake failed
            self.close()
            raise HandshakeFailed(self.preamble)

    def _exported(self):
        found = re.search(r"Keying material: ([0-9A-F]{96})", self.preamble)
        return bytes.fromhex(found.group(1)) if found else None


def gnutls_credential(maf, credential):
    if "kmid" in credential:
        return "PSK", ["--pskusername", credential["kmid"], "--pskkey", credential["km"], "--no-ca-verification"]
    own = credential["certificate"]
    return "ECDHE-ECDSA", ["--x509certfile", str(own.sent), "--x509keyfile", str(own.key), "--x509cafile",
                           credential["anchors"], "--verify-hostname", maf.fqdn]


class GnutlsPeer(Peer):
    def __init__(self, maf, credential, priority=None, extra=()):
        exchange, options = gnutls_credential(maf, credential)
        super().__init__(
            ["gnutls-cli", "--port", str(maf.port), *options, "--priority",
             priority or f"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+{exchange}", "--sni-hostname", maf.fqdn,
             "--keymatexport", maf.label, "--keymatexportsize", "48", *extra, "127.0.0.1"],
            rb"- Simple Client Mode:\n\n")

    def _exported(self):
        found = re.search(r"Key material: ([0-9a-f]{96})", self.preamble)
        return bytes.fromhex(found.group(1)) if found else None


def http(method, path, originator=None, body=None, ty=None, rqi="r1", rvi="3", host="maf.example.com", headers=(),
         content_type="application/json"):
    """The octets of one HTTP request of the binding; body is octets or None."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if originator is not None:
        lines.append(f"X-M2M-Origin: {originator}")
    if rqi is not None:
        lines.append(f"X-M2M-RI: {rqi}")
    if rvi is not None:
        lines.append(f"X-M2M-RVI: {rvi}")
    if body is not None or ty is not None:
        lines.append(f"Content-Type: {content_type}" + (f"; ty={ty}" if ty is not None else ""))
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    lines.extend(headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")
