"""First contact over DTLS where the network and the MEF do what TCP hides: datagrams that come late, twice, or not at all, while the
flight with the KeID is held back for the MEF's answer."""
import concurrent.futures
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
import types

import pytest
from harness import coap
from harness.build import program
from harness.maf import ADMIN, FQDN, Maf, wait_for
from harness.mef import MEF_FQDN, Mef
from harness.peers import HandshakeFailed, OpensslPeer
from harness.silent import Silent
from harness.token import Token
from harness.walk import DEVICE, LATER, World, enrol, introduce, register

HANDSHAKE, CLIENT_KEY_EXCHANGE = 22, 16


def has_identity(datagram):
    """A record of DTLS 1.2 whose message is the ClientKeyExchange, with the psk_identity."""
    return len(datagram) > 13 and datagram[0] == HANDSHAKE and datagram[3:5] == b"\0\0" and datagram[13] == CLIENT_KEY_EXCHANGE


class Datagrams:
    """A relay of one client's datagrams: `pass_on` says of each what of it goes to the server."""

    def __init__(self, port, pass_on=lambda datagram: [datagram]):
        self.pass_on, self.identities = pass_on, 0
        self.front, self.back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.front.bind(("127.0.0.1", 0))
        self.back.connect(("127.0.0.1", port))
        self.port, self.over = self.front.getsockname()[1], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        client = None
        while not self.over.is_set():
            for s in select.select([self.front, self.back], [], [], 0.05)[0]:
                with contextlib.suppress(ConnectionRefusedError):
                    if s is self.front:
                        datagram, client = s.recvfrom(65536)
                        self.identities += has_identity(datagram)
                        for one in self.pass_on(datagram):
                            self.back.send(one)
                    else:
                        self.front.sendto(s.recv(65536), client)

    def to(self, maf):
        """What CoapPeer takes for the MAF."""
        return types.SimpleNamespace(coaps_port=self.port, fqdn=maf.fqdn, label=maf.label)

    def close(self):
        self.over.set()
        self.thread.join()
        self.front.close()
        self.back.close()


class Lost:
    """The first datagram with the identity."""

    def __init__(self):
        self.lost = False

    def __call__(self, datagram):
        lose = has_identity(datagram) and not self.lost
        self.lost = self.lost or lose
        return [] if lose else [datagram]


class Late:
    """The identity comes behind what follows it, once."""

    def __init__(self):
        self.kept, self.done = [], False

    def __call__(self, datagram):
        if has_identity(datagram) and not self.done:
            self.kept, self.done = [datagram], True
            return []
        behind, self.kept = self.kept, []
        return [datagram, *behind]


def in_time(peer):
    """A registration over the session."""
    options = [(coap.URI_PATH, b"-"), (coap.FR, DEVICE.encode()), (coap.RQI, b"r1"), (coap.RVI, b"3"), (coap.TY, coap.uint(20002)),
               (coap.CONTENT_FORMAT, coap.uint(50)), (coap.ACCEPT, coap.uint(50))]
    answer = peer.request(2, options, json.dumps({"sec:mafcr": {"et": LATER, "adfq": ADMIN}}).encode())
    assert answer.rsc == 2001, answer
    return json.loads(answer.payload)["sec:mafcr"]["aski"]


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as running:
        yield running


@pytest.mark.parametrize("pass_on", [Lost, Late, lambda: lambda datagram: [datagram] * 3], ids=["lost", "late", "thrice"])
def test_MEF_RP_9_MEF_FC_1_a_flight_that_the_network_mangles(world, pass_on):
    relay = Datagrams(world.maf.coaps_port, pass_on())
    try:
        with coap.CoapPeer(relay.to(world.maf), enrol(world.mef, world.device)) as peer:
            assert in_time(peer)
    finally:
        relay.close()
    assert relay.identities >= 1 and world.maf.log().count("audit: key-fetched") == 1


def stop_and_go(mef, act, until):
    """What act gives, begun while the MEF is stopped, which goes on when `until` holds."""
    pids = mef.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        begun = pool.submit(act)
        try:
            until()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        return begun.result(timeout=60)


def test_MEF_RP_9_a_slow_mef_and_a_client_that_repeats(world):
    """The client repeats its flight while the MAF waits; it is let in when the MEF answers, and asked once."""
    contact = enrol(world.mef, world.device)
    relay = Datagrams(world.maf.coaps_port)
    try:
        peer = stop_and_go(world.mef, lambda: coap.CoapPeer(relay.to(world.maf), contact),
                           lambda: wait_for(lambda: relay.identities > 1, "the client repeats its flight"))
        with peer:
            assert in_time(peer)
    finally:
        relay.close()
    assert world.maf.log().count("audit: key-fetched") == 1


def test_MEF_RP_9_a_slow_mef_over_tls(world):
    contact = enrol(world.mef, world.device)
    other = world.maf.add_client("//sp.example.com/cse1/Cother")
    peer = stop_and_go(world.mef, lambda: OpensslPeer(world.maf, contact),
                       lambda: [OpensslPeer(world.maf, other).close() for _ in range(10)])
    with peer:
        assert register(peer, DEVICE).rsc == 2001


@pytest.fixture
def with_silent(softhsm, tmp_path):
    """A MAF whose MEF says nothing, with less patience for clients than for the MEF."""
    mef = Mef(Token("softhsm", tmp_path / "mef-token"), tmp_path / "mef")
    with Maf(softhsm, tmp_path / "maf", settings=[("coaps", "handshake-timeout", "1")]) as maf:
        silent = Silent()
        introduce(maf, mef, address=f"127.0.0.1:{silent.port}")
        yield maf, silent
        silent.close()


def test_MEF_RP_6_a_dtls_client_that_leaves_while_it_waits(with_silent):
    """Its session ends before the fetch does; one over TLS with the same KeID shares the fetch and waits on."""
    maf, silent = with_silent
    contact = {"kmid": f"{'A' * 32}@{MEF_FQDN}", "km": "11" * 32}
    other = maf.add_client("//sp.example.com/cse1/Cother")
    waiting = subprocess.Popen([program("test-coap-client"), "coaps", "127.0.0.1", str(maf.coaps_port), FQDN, contact["kmid"]],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        waiting.stdin.write(contact["km"].encode() + b"\n")
        waiting.stdin.flush()
        wait_for(lambda: silent.connections, "the MAF asks the MEF")
    finally:
        waiting.kill()
        waiting.wait()
        for pipe in (waiting.stdin, waiting.stdout):
            pipe.close()
    with pytest.raises(HandshakeFailed):
        OpensslPeer(maf, contact)
    wait_for(lambda: "no answer within" in maf.log(), "the MAF gives up")
    assert len(silent.connections) == 1
    coap.CoapPeer(maf, other).close()
    OpensslPeer(maf, other).close()
    assert len(maf.worker_pids()) == 1 and "ended:" not in maf.log()
