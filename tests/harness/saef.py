"""Two homes with a key for SAEF between them, and `maf connect` and `maf listen` as child processes."""
import itertools
import os
import re
import select
import socket
import subprocess
import time

from .build import program
from .client import Client
from .maf import ADMIN
from .token import Token


TLS, DTLS = [], ["--dtls"]  # options of connect and listen


class Pair:
    """Source and Target, each with a token of its own, and a key from the exporter between them."""

    numbers = itertools.count()

    def __init__(self, maf, kind, base, custody=None, binding="https"):
        self.maf, self.kind, self.base = maf, kind, base
        n = next(self.numbers)
        self.source, self.target = (
            self._client(f"//sp.example.com/cse{n}/C{name}", kind, base, name, custody, binding)
            for name in ("source", "target"))
        self.key_id, self.kc = self.key()

    def _client(self, identity, kind, base, name, custody, binding):
        credential = self.maf.add_client(identity)
        client = Client(Token(kind, base / f"token-{name}"), base / name, identity, self.maf, custody=custody,
                        binding=binding)
        client.import_km(credential["kmid"], credential["km"])
        client.register()
        return client

    def key(self, suid=32, *options):
        """Registers a key and fetches it; returns (key identifier, Kc in hex)."""
        made = self.source.json("key", "register", "--stakeholder", ADMIN, "--suid", str(suid), "--target",
                                self.target.id, *options)
        got = self.target.json("key", "retrieve", made["keyIdentifier"], "--show-value")
        return made["keyIdentifier"], got["value"]


def configure(client, section, key, value):
    """Sets a key of maf.conf that `maf init` wrote."""
    path = client.home / "maf.conf"
    head, mark, rest = path.read_text().partition(f"[{section}]\n")
    assert mark, section
    body, n = re.subn(rf"^{key} = .*$", f"{key} = {value}", rest, count=1, flags=re.M)
    assert n == 1, key
    path.write_text(head + mark + body)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Process:
    """A child whose standard streams are pipes; what comes is collected."""

    def __init__(self, command, env=None):
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        self.out = self.err = b""

    def pump(self, seconds=0.05):
        """Takes what there is; False when both streams have ended."""
        streams = [s for s in (self.process.stdout, self.process.stderr) if not s.closed]
        if not streams:
            return False
        for s in select.select(streams, [], [], seconds)[0]:
            more = os.read(s.fileno(), 65536)
            if not more:
                s.close()
            elif s is self.process.stdout:
                self.out += more
            else:
                self.err += more
        return True

    def until(self, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.pump() or condition(), f"ended: {self.out!r} {self.err!r}"
            assert time.monotonic() < deadline, f"{self.out[-2000:]!r} {self.err[-2000:]!r}"

    def expect(self, octets):
        """Waits until exactly these have come on standard output, and forgets them."""
        self.until(lambda: len(self.out) >= len(octets))
        assert self.out.startswith(octets), self.out[:200]
        self.out = self.out[len(octets):]

    def said(self, pattern):
        """Waits for a pattern on standard error."""
        self.until(lambda: re.search(pattern, self.err.decode(errors="replace")))
        return re.search(pattern, self.err.decode(errors="replace"))

    def send(self, octets):
        self.process.stdin.write(octets)

    def end_input(self):
        self.process.stdin.close()

    def wait(self, seconds=30):
        """Its exit status, all output collected."""
        deadline = time.monotonic() + seconds
        while self.pump():
            assert time.monotonic() < deadline, f"{self.out[-2000:]!r} {self.err[-2000:]!r}"
        return self.process.wait(timeout=30)

    def stop(self):
        self.process.terminate()
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


def maf(client, *args):
    return Process([program("maf"), "--home", str(client.home), *args], client.token.env())


class Listen(Process):
    """maf listen at a port of its own choice, .port."""

    def __init__(self, client, *args):
        super().__init__([program("maf"), "--home", str(client.home), "listen", "127.0.0.1:0", *args],
                         client.token.env())
        pattern = rb"listening at [^\n]*:(\d+)\n|\"listening\"[^\n]*:(\d+)\""
        self.until(lambda: re.search(pattern, self.err + self.out))
        self.port = int(next(g for g in re.search(pattern, self.err + self.out).groups() if g))


def connect(client, key_id, port, *args):
    return maf(client, "connect", key_id, f"127.0.0.1:{port}", *args)


CIPHERS = "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256:@SECLEVEL=0"


def s_client(port, key_id, kc, *args):
    return Process(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-psk_identity", key_id, "-psk", kc,
                    "-cipher", CIPHERS, "-quiet", "-no_ign_eof", "-nocommands", *args])


class SServer(Process):
    """openssl s_server with a psk; what comes is on standard output, after what it says of the session."""

    def __init__(self, key_id, kc, *args):
        super().__init__(["openssl", "s_server", "-accept", "127.0.0.1:0", "-nocert", "-psk_identity", key_id, "-psk", kc,
                          "-cipher", CIPHERS, *args])
        self.until(lambda: re.search(rb"ACCEPT 127\.0\.0\.1:(\d+)", self.out))
        self.port = int(re.search(rb"ACCEPT 127\.0\.0\.1:(\d+)", self.out).group(1))


def gnutls_cli(port, key_id, kc, *args):
    return Process(["gnutls-cli", "--port", str(port), "--pskusername", key_id, "--pskkey", kc, "--priority",
                    "NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-TLS1.2:+VERS-DTLS1.2:+AES-128-CCM-8", *args, "127.0.0.1"])


def alert(said):
    """The alert that s_client got."""
    return re.search(r"SSL alert number \d+", said.decode(errors="replace")).group(0)


def refused_as(port, key_id, kc, *args):
    """How a server refuses s_client."""
    with s_client(port, key_id, kc, *(args or ["-tls1_2"])) as c:
        assert c.wait() != 0
        return alert(c.err)
