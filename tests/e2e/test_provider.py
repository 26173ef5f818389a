"""The standalone provider: programs that know nothing of us serve TLS-PSK with a key in a token (openmaf-provider(7))."""
import contextlib
import os
import re
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest
from harness.build import program, release_build
from harness.maf import Failed, run, wait_for
from harness.search_keys import memory, processes, search
from harness.token import Token
from harness.tls13 import secrets_of

SUITES12 = ("PSK-AES128-CBC-SHA256", "PSK-AES128-GCM-SHA256", "PSK-AES128-CCM", "PSK-AES128-CCM8")
SUITES13 = ("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256")

CONFIG = """
openssl_conf = init
[init]
providers = providers
alg_section = algorithms
[algorithms]
default_properties = ?openmaf.keys=yes
[providers]
openmaf = openmaf_provider
default = default_provider
[default_provider]
activate = 1
[openmaf_provider]
module = {module}
plugin-dir = {plugins}
token = {token}
{pin}
keys = {keys}
activate = 1
"""


class Named:
    """A token, a directory of keys with one key in it, and the openssl.cnf that leads there."""

    def __init__(self, kind, base):
        (base / "token").mkdir()
        self.token, self.keys, self.base = Token(kind, base / "token"), base / "keys", base
        self.psk = os.urandom(32).hex()
        self.key("init")
        self.reference, self.hex = self.add("web1", self.psk)
        self.config = base / "openssl.cnf"
        lib = release_build() / "lib"
        pin = f"pin-source = {self.token.pin_source}" if self.token.pin_source else ""
        self.config.write_text(CONFIG.format(module=lib / "openmaf.so", plugins=lib, token=self.token.uri, pin=pin,
                                             keys=self.keys))

    def key(self, *args):
        return run([program("openmaf-key"), *args, "--keys", str(self.keys), *self.token.options()], env=self.token.env())

    def add(self, name, psk):
        path = self.base / "psk"
        path.touch(mode=0o600)
        path.write_text(psk + "\n")
        text, digits = self.key("add", name, "--psk-file", str(path)).splitlines()
        path.unlink()
        assert bytes.fromhex(digits).decode() == text
        return text, digits

    def env(self):
        return dict(self.token.env(), OPENSSL_CONF=str(self.config))


@pytest.fixture(params=["softhsm", "swtpm"])
def named(request, tmp_path):
    return Named(request.param, tmp_path)


@contextlib.contextmanager
def s_server(env, psk, *args, rev=True):
    """openssl s_server on a port of its own choice; yields the process, with .port and .log()."""
    process = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-nocert", "-psk_identity", "dev",
                                "-psk", psk, *(["-rev"] if rev else []), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=env, text=True)
    lines = []

    def read():
        for line in process.stdout:
            lines.append(line)

    reader = threading.Thread(target=read)
    reader.start()
    process.log = lambda: "".join(lines)
    try:
        wait_for(lambda: re.search(r"ACCEPT 127\.0\.0\.1:(\d+)", process.log()) or process.poll() is not None, "no s_server")
        process.port = int(re.search(r"ACCEPT 127\.0\.0\.1:(\d+)", process.log()).group(1))
        yield process
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stdin.close()


def talk(port, psk, *args, env=None, then=lambda client: None):
    """Whether a line sent through openssl s_client came back reversed, and what the client said. `then` sees it connected."""
    client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-psk_identity", "dev", "-psk", psk,
                               *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              bufsize=1, env=env)
    said = ""
    try:
        with contextlib.suppress(BrokenPipeError):
            client.stdin.write("hello\n")
        for line in client.stdout:
            said += line
            if line == "olleh\n":
                then(client)
                return True, said
        return False, said
    finally:
        client.kill()
        client.wait()
        client.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            client.stdin.close()


def in_memory(process, psk):
    return [h for pid in processes(process.pid) for h in search(memory(pid), secrets_of(bytes.fromhex(psk)))]


def test_s_server_with_a_key_in_a_token(named):
    with s_server(named.env(), named.hex, "-cipher", ":".join(SUITES12) + ":@SECLEVEL=0", "-allow_no_dhe_kex") as server:
        for suite in SUITES12:
            ok, said = talk(server.port, named.psk, "-tls1_2", "-cipher", suite + ":@SECLEVEL=0")
            assert ok and f"Cipher is {suite}" in said, said + server.log()
        for suite in SUITES13:
            for extra in ([], ["-allow_no_dhe_kex"]):
                ok, said = talk(server.port, named.psk, "-tls1_3", "-ciphersuites", suite, *extra)
                assert ok and f"Reused, TLSv1.3, Cipher is {suite}" in said, said + server.log()
        assert not talk(server.port, os.urandom(32).hex(), "-tls1_2", "-cipher", SUITES12[0])[0]
        assert not talk(server.port, named.hex, "-tls1_2", "-cipher", SUITES12[0])[0]
        assert not talk(server.port, named.hex, "-tls1_3")[0]
        assert in_memory(server, named.psk) == []


def test_s_client_with_a_key_in_a_token(named):
    found = []
    with s_server(os.environ, named.psk, "-cipher", ":".join(SUITES12), "-allow_no_dhe_kex") as server:
        for args in (["-tls1_2", "-cipher", SUITES12[1]], ["-tls1_3"], ["-tls1_3", "-allow_no_dhe_kex"]):
            ok, said = talk(server.port, named.hex, *args, env=named.env(),
                            then=lambda client: found.append(in_memory(client, named.psk)))
            assert ok, said
        assert found == [[], [], []]
        for version in (["-tls1_2", "-cipher", SUITES12[1]], ["-tls1_3"]):
            client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-psk_identity", "dev",
                                     "-psk", named.hex, *version], input="Q\n", capture_output=True, text=True, timeout=60,
                                    env=named.env())
            assert client.returncode == 0 and "error" not in client.stderr, client.stdout + client.stderr


def test_dtls(named):
    suite = "PSK-AES128-CCM8:@SECLEVEL=0"
    with s_server(named.env(), named.hex, "-dtls1_2", "-cipher", suite, rev=False) as server:
        client = subprocess.run(["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{server.port}",
                                 "-psk_identity", "dev", "-psk", named.psk, "-cipher", suite], input="Q\n",
                                capture_output=True, text=True, timeout=60)
        assert "Cipher is PSK-AES128-CCM8" in client.stdout, client.stdout + client.stderr + server.log()
        assert in_memory(server, named.psk) == []


@pytest.mark.parametrize("suite", ["DHE-PSK-AES128-GCM-SHA256", "ECDHE-PSK-AES128-CBC-SHA256", "PSK-AES256-GCM-SHA384"])
def test_other_uses_of_the_name_are_refused(named, suite):
    """Never the name as if it were the key: neither side gets a session."""
    with s_server(named.env(), named.hex, "-tls1_2", "-cipher", suite) as server:
        for psk in (named.psk, named.hex):
            assert not talk(server.port, psk, "-tls1_2", "-cipher", suite)[0]
        assert "openmaf:" in server.log()


def test_a_program_without_the_token_fails_closed(named, tmp_path):
    """Whatever is wrong, no handshake succeeds with the real key; with the token's PIN gone not even with the name."""
    with s_server(os.environ, named.hex, "-tls1_2", "-cipher", SUITES12[1]) as server:
        assert not talk(server.port, named.psk, "-tls1_2", "-cipher", SUITES12[1])[0]
    text = named.config.read_text()
    for broken in (text.replace(f"token = {named.token.uri}", "token = pkcs11:token=nowhere"),
                   text.replace(f"keys = {named.keys}", f"keys = {tmp_path}/nowhere")):
        named.config.write_text(broken)
        with s_server(named.env(), named.hex, "-cipher", SUITES12[1]) as server:
            for psk in (named.psk, named.hex):
                for version in ("-tls1_2", "-tls1_3"):
                    assert not talk(server.port, psk, version)[0]
            assert "openmaf:" in server.log()


def test_edited_and_renamed_keys_are_refused(named):
    other_text, other_hex = named.add("web2", os.urandom(32).hex())
    files = {name: (named.keys / f"{name}.key") for name in ("web1", "web2")}
    good = files["web1"].read_bytes()
    at = good.index(b"tls12 ") + 12
    edited = good[:at] + (b"A" if good[at:at + 1] != b"A" else b"B") + good[at + 1:]
    for octets in (edited, files["web2"].read_bytes(), good[:-1], good + b"\n", b""):
        files["web1"].write_bytes(octets)
        with pytest.raises(Failed):
            named.key("show", "web1")
        with s_server(named.env(), named.hex, "-cipher", SUITES12[1]) as server:
            assert not talk(server.port, named.psk, "-tls1_2", "-cipher", SUITES12[1])[0]
            assert "openmaf: " in server.log()
    files["web1"].write_bytes(good)
    assert named.key("show", "web1").split() == [named.reference, named.hex]
    # A check that is not the token's for this name.
    forged = (named.reference[:-32] + other_text[-32:]).encode().hex()
    with s_server(named.env(), forged, "-cipher", SUITES12[1]) as server:
        assert not talk(server.port, named.psk, "-tls1_2", "-cipher", SUITES12[1])[0]


def test_openmaf_key_commands(named):
    with pytest.raises(Failed, match="already"):
        named.add("web1", named.psk)
    (named.base / "psk").unlink()
    for name in ("", "a/b", "../x", ".x", "a b", "a:b", "x" * 65):
        with pytest.raises(Failed):
            named.key("show", name)
    named.key("remove", "web1")
    with pytest.raises(Failed):
        named.key("show", "web1")
    # The name stands for the same text again: programs need no change when a key is.
    assert named.add("web1", os.urandom(32).hex()) == (named.reference, named.hex)


def test_a_token_for_tests_only_is_called_one(tmp_path):
    token = Token("softokn", tmp_path / "token")
    result = subprocess.run([program("openmaf-key"), "init", "--keys", str(tmp_path / "keys"), *token.options()], env=token.env(),
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and "for tests only" in result.stderr


class Reverse(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.rstrip(b"\n")[::-1] + b"\n")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def stunnel(named, ciphers):
    port = free_port()
    secrets = named.base / "psk.txt"
    secrets.touch(mode=0o600)
    secrets.write_text(f"dev:{named.reference}\n")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Reverse) as backend:
        thread = threading.Thread(target=backend.serve_forever)
        thread.start()
        config = named.base / "stunnel.conf"
        config.write_text(f"foreground = yes\npid =\ndebug = info\n[psk]\naccept = 127.0.0.1:{port}\n"
                          f"connect = 127.0.0.1:{backend.server_address[1]}\nciphers = {ciphers}\n"
                          f"PSKsecrets = {secrets}\n")
        log = open(named.base / "stunnel.log", "wb")
        process = subprocess.Popen(["stunnel4", str(config)], env=named.env(), stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
        try:
            wait_for(lambda: process.poll() is not None or is_open(port), "stunnel does not listen")
            process.port = port
            process.log = lambda: (named.base / "stunnel.log").read_text()
            yield process
        finally:
            process.terminate()
            status = process.wait(timeout=30)
            backend.shutdown()
            thread.join()
            log.close()
    assert status == 0, status


def test_stunnel_with_a_key_in_a_token(named):
    with stunnel(named, ":".join(SUITES12)) as server:
        # Threads of one process share the token.
        results = []

        def client(i):
            version = ["-tls1_2", "-cipher", SUITES12[i % 4]] if i % 2 else ["-tls1_3"]
            results.append(talk(server.port, named.psk, *version))

        threads = [threading.Thread(target=client, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert all(ok for ok, _ in results) and len(results) == 8, server.log()
        assert not talk(server.port, os.urandom(32).hex(), "-tls1_2")[0]
        assert not talk(server.port, named.hex, "-tls1_3")[0]
        assert in_memory(server, named.psk) == []


def test_custody_with_everything_that_tls13_has(named):
    """HelloRetryRequest, psk_ke, tickets, resumption, key log: what follows from the key alone is in none of them."""
    log, session = named.base / "keylog", named.base / "session"
    with s_server(named.env(), named.hex, "-keylogfile", str(log), "-groups", "P-256", "-allow_no_dhe_kex") as server:
        for extra in (["-groups", "X25519:P-256"],  # a HelloRetryRequest
                      ["-groups", "X25519", "-allow_no_dhe_kex"],  # no group in common: psk_ke
                      ["-sess_out", str(session)]):
            ok, said = talk(server.port, named.psk, "-tls1_3", *extra)
            assert ok and "Reused, TLSv1.3" in said, said + server.log()
        assert session.stat().st_size > 0
        # The ticket's key is one of that session; the named key has no part in it.
        ok, said = talk(server.port, os.urandom(32).hex(), "-tls1_3", "-sess_in", str(session))
        assert ok and "Reused, TLSv1.3" in said, said + server.log()
        assert in_memory(server, named.psk) == []
        assert "EXPORTER_SECRET" in log.read_text()
    areas = [(str(path), path.read_bytes()) for path in (log, session)]
    areas.append(("session", ssl.PEM_cert_to_DER_cert(session.read_text().replace("SSL SESSION PARAMETERS", "CERTIFICATE"))))
    assert search(areas, secrets_of(bytes.fromhex(named.psk))) == []


def client_with_early_data(port, psk, path, env):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-psk_identity", "dev", "-psk", psk, "-tls1_3",
                           "-early_data", str(path)], input="Q\n", capture_output=True, text=True, timeout=60, env=env)


def test_no_early_data_with_the_key_itself(named):
    """Its secret would follow from the key alone: a server with the name accepts none, a client with the name sends none."""
    early = named.base / "early"
    early.write_text("sent too early\n")
    for ours in ("server", "client"):
        serving = (named.env(), named.hex) if ours == "server" else (os.environ, named.psk)
        asking = (named.psk, early, os.environ) if ours == "server" else (named.hex, early, named.env())
        with s_server(*serving, "-early_data", rev=False) as server:
            client = client_with_early_data(server.port, *asking)
            assert "Early data was accepted" not in client.stdout, client.stdout
            assert "sent too early" not in server.log()


def certificate(base):
    key, cert = base / "key.pem", base / "cert.pem"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out",
         str(cert), "-subj", "/CN=localhost", "-days", "1"])
    return ["-cert", str(cert), "-key", str(key)]


def test_certificates_beside_a_named_key(named, tmp_path):
    """A program that serves both: by certificate all is as it was, in either version; the key's peers get the key's."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *certificate(tmp_path), "-psk_identity",
                                "dev", "-psk", named.hex, "-rev", "-cipher", "ECDHE+AESGCM:" + ":".join(SUITES12)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=named.env())
    try:
        wait_for(lambda: is_open(port), "s_server does not listen")
        for version, suite in (("-tls1_2", "ECDHE-ECDSA-AES256-GCM-SHA384"), ("-tls1_3", "TLS_AES_256_GCM_SHA384")):
            client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", version], input="Q\n",
                                    capture_output=True, text=True, timeout=60)
            assert client.returncode == 0 and f"New, TLSv1.{version[-1]}, Cipher is {suite}" in client.stdout, client.stdout
        for args in (["-tls1_2", "-cipher", SUITES12[1]], ["-tls1_3", "-ciphersuites", SUITES13[0]]):
            ok, said = talk(port, named.psk, *args)
            assert ok and "BEGIN CERTIFICATE" not in said, said
            assert not talk(port, os.urandom(32).hex(), *args)[0]
        assert in_memory(process, named.psk) == []
    finally:
        process.kill()
        process.communicate()
