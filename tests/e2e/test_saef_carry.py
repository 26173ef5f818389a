"""maf connect and maf listen: what they carry, for whom, how much of it, and how they end."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest
from harness.build import program
from harness.maf import Maf, wait_for
from harness.saef import DTLS, TLS, Listen, Pair, connect, maf, refused_as
from harness.token import Token


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    base = tmp_path_factory.mktemp("saef-carry")
    with Maf(Token("softhsm", base / "token"), base / "maf") as running:
        yield Pair(running, "softhsm", base)


def test_input_from_a_file(pair, tmp_path):
    (tmp_path / "in").write_bytes(b"from a file" * 1000)
    with Listen(pair.target, "--once") as s:
        s.end_input()
        with open(tmp_path / "in", "rb") as f:
            done = subprocess.run([program("maf"), "--home", str(pair.source.home), "connect", pair.key_id,
                                   f"127.0.0.1:{s.port}"], stdin=f, capture_output=True, env=pair.source.token.env(),
                                  timeout=60)
        assert done.returncode == 0, done.stderr
        assert s.wait() == 0 and s.out == b"from a file" * 1000


def test_a_peer_that_lost_power_is_found_out(pair):
    """TCP asks, at both ends: a session without a word would stay for ever."""
    with Listen(pair.target) as s, connect(pair.source, pair.key_id, s.port) as c:
        c.send(b"x")
        s.expect(b"x")
        port = f":{s.port:04X}"

        def timers():
            rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()]
            return {(row[1].endswith(port), row[5][:2]) for row in rows if row[3] == "01" and (row[1] + row[2]).count(port)}

        wait_for(lambda: timers() == {(True, "02"), (False, "02")}, "both established connections have a keepalive timer")


class Echo:
    """A local service, over TCP or a UNIX socket."""

    def __init__(self, path=None):
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.socket.bind(str(path) if path else ("127.0.0.1", 0))
        self.socket.listen()
        self.address = str(path) if path else "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                while octets := peer.recv(65536):
                    peer.sendall(octets)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_sockets_at_both_ends(pair, tmp_path, unix):
    """A local program talks to a service at the other end and knows nothing of TLS."""
    with Echo(tmp_path / "service" if unix else None) as service, \
            Listen(pair.target, "--forward", service.address, "--json") as s:
        local = str(tmp_path / "local") if unix else "127.0.0.1:0"
        with connect(pair.source, pair.key_id, s.port, "--accept", local) as c:
            c.until(lambda: b"listening at" in c.out)
            for _ in range(3):
                with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as caller:
                    caller.connect(local if unix else ("127.0.0.1", int(re.search(rb":(\d+)\n", c.out).group(1))))
                    octets = os.urandom(200000)
                    sender = threading.Thread(target=lambda: (caller.sendall(octets), caller.shutdown(socket.SHUT_WR)))
                    sender.start()
                    got = b""
                    while more := caller.recv(65536):
                        got += more
                    sender.join()
                    assert got == octets
            assert c.stop() == 0, c.err
            assert not unix or not os.path.exists(local)
        assert s.stop() == 0
        events = [json.loads(line) for line in s.out.decode().splitlines()]
    assert [e["event"] for e in events] == ["listening"] + ["session", "ended"] * 3
    assert events[1]["peer"] == pair.source.id and events[1]["keyIdentifier"] == pair.key_id
    assert events[2]["received"] == events[2]["sent"] == 200000 and events[2]["error"] is None


def test_nobody_reaches_the_service_without_the_key(pair):
    with Echo() as service, Listen(pair.target, "--forward", service.address) as s:
        service.socket.settimeout(None)
        refused_as(s.port, pair.key_id, os.urandom(32).hex())
        s.until(lambda: b"no handshake" in s.out)
        assert b"session with" not in s.out


def test_a_service_that_is_away(pair):
    with Listen(pair.target, "--forward", "127.0.0.1:1") as s, connect(pair.source, pair.key_id, s.port) as c:
        assert c.wait() in (0, 1)
        s.until(lambda: b"Connection refused" in s.out)


def test_sessions_are_bounded(pair):
    with Echo() as service, Listen(pair.target, "--forward", service.address, "--max-sessions", "1") as s:
        with connect(pair.source, pair.key_id, s.port) as first:
            first.send(b"first\n")
            first.expect(b"first\n")
            with connect(pair.source, pair.key_id, s.port) as second:
                second.send(b"second\n")
                first.send(b"again\n")
                first.expect(b"again\n")
                assert second.out == b""
                first.end_input()
                assert first.wait() == 0
                second.expect(b"second\n")


def test_a_peer_that_says_nothing(pair):
    """Those who never finish their handshake are let go, and keep nobody else out."""
    with Listen(pair.target, "--once", "--timeout", "2") as s:
        idlers = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(80)]
        try:
            with connect(pair.source, pair.key_id, s.port) as c:
                c.send(b"hello\n")
                s.expect(b"hello\n")
                s.said("others want a handshake too")
        finally:
            for i in idlers:
                i.close()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for transport in (TLS, DTLS):
            port = silent.getsockname()[1]
            if transport:
                quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                quiet.bind(("127.0.0.1", 0))
                port = quiet.getsockname()[1]
            with connect(pair.source, pair.key_id, port, "--timeout", "1", *transport) as c:
                assert c.wait() == 3 and b"did not finish the handshake in 1 seconds" in c.err
            if transport:
                quiet.close()
    with connect(pair.source, pair.key_id, 1) as c:
        assert c.wait() == 3 and b"Connection refused" in c.err


def test_an_idle_session_ends(pair):
    with Listen(pair.target, "--idle", "1") as s, connect(pair.source, pair.key_id, s.port) as c:
        assert c.wait() == 0, c.err
        s.said("nothing came or went for 1 seconds")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_sessions_properly(pair, sig):
    with Listen(pair.target) as s, connect(pair.source, pair.key_id, s.port) as c:
        c.send(b"hello\n")
        s.expect(b"hello\n")
        s.process.send_signal(sig)
        assert s.wait() == 0
        assert c.wait() == 0, c.err  # a close_notify, not a broken connection
    with Listen(pair.target, "--once") as s, connect(pair.source, pair.key_id, s.port) as c:
        c.said("session with")
        c.process.send_signal(sig)
        assert c.wait() == 3 and b"ended by a signal" in c.err
        s.end_input()
        assert s.wait() == 0, s.err


def test_input_that_the_peer_did_not_take_is_an_error(pair):
    """The peer ends both directions while there is ever more to send to it."""
    with Listen(pair.target, "--once") as s, connect(pair.source, pair.key_id, s.port) as c:
        c.said("session with")

        def write():
            with contextlib.suppress(BrokenPipeError):
                while True:
                    s.send(bytes(65536))

        writer = threading.Thread(target=write)
        writer.start()
        c.until(lambda: len(c.out) > 1000000)
        c.process.send_signal(signal.SIGTERM)
        assert s.wait() == 3 and (b"before it had taken all" in s.err or b"broke off" in s.err), s.err
        writer.join()


def test_a_connection_that_breaks_off(pair):
    """An end without close_notify is no end of the data."""
    with Listen(pair.target, "--once") as s, connect(pair.source, pair.key_id, s.port) as c:
        c.send(b"hello\n")
        s.expect(b"hello\n")
        c.process.kill()
        assert s.wait() == 3 and b"broke off" in s.err


@pytest.mark.parametrize("args,why", [
    (["--json"], "--json needs standard output"), (["--timeout", "0"], "--timeout 0"), (["--max-sessions", "2"], "one session"),
    (["--idle", "x"], "--idle x"), (["--forward", "nowhere"], "not HOST:PORT"), (["--accept", "1"], "does not belong")])
def test_wrong_usage(pair, args, why):
    with maf(pair.target, "listen", "127.0.0.1:0", *args) as s:
        assert s.wait() in (1, 2) and why.encode() in s.err


def test_addresses(pair):
    for address in ("", ":1", "x:y", "::1:5", "127.0.0.1:65536"):
        with maf(pair.target, "listen", address) as s:
            assert s.wait() == 1 and b"is not [HOST:]PORT" in s.err or b"in brackets" in s.err


@pytest.mark.parametrize("transport", [TLS, DTLS], ids=["tls", "dtls"])
def test_every_address_of_the_host(pair, transport):
    """A peer is answered from the address that it came to."""
    with maf(pair.target, "listen", "0", *transport) as s:
        port = s.said(r"listening at (?:\[::\]|0\.0\.0\.0):(\d+)").group(1)
        for address in ["127.0.0.1", "127.0.0.2"] + (["[::1]"] if os.path.exists("/proc/net/if_inet6") else []):
            with maf(pair.source, "connect", pair.key_id, f"{address}:{port}", *transport) as c:
                c.send(b"hello\n")
                s.expect(b"hello\n")
                c.process.send_signal(signal.SIGTERM)
                assert c.wait() == 3
