"""A MEF that is dead, silent, slow, lying or flooded: the MAF's other clients go on, and the KeID's handshake fails in time."""
import base64
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import types

import pytest
from harness import coap
from harness.build import program
from harness.maf import ADMIN, FQDN, Maf, wait_for
from harness.mef import MEF_FQDN, Mef
from harness.peers import HandshakeFailed, OpensslPeer
from harness.silent import Silent
from harness.token import Token
from harness.walk import DEVICE, World, enrol, introduce, register

KEID = {"kmid": "B5E3F907D4A5C7B1640F3AFED0147352@" + MEF_FQDN, "km": "11" * 32, "id": DEVICE}


@pytest.fixture
def maf(softhsm, tmp_path):
    """A MAF of one worker that is told of a MEF at an address given later."""
    mef = Mef(Token("softhsm", tmp_path / "mef-token"), tmp_path / "mef")
    with Maf(softhsm, tmp_path / "maf") as running:
        running.mef = mef
        yield running


@pytest.fixture
def silent(maf):
    server = Silent()
    introduce(maf, maf.mef, address=f"127.0.0.1:{server.port}")
    yield server
    server.close()


def handshakes(maf, client, count):
    done = subprocess.run([program("test-handshakes"), "127.0.0.1", str(maf.port), FQDN, client["kmid"], str(count)],
                          input=client["km"], text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def outcome(maf, credential, peer=OpensslPeer):
    """How a handshake ended, and when."""
    try:
        peer(maf, credential).close()
        return "ok", time.monotonic()
    except HandshakeFailed:
        return "failed", time.monotonic()


def elsewhere(maf, credential):
    """A peer at another address than the others."""
    return OpensslPeer(maf, credential, extra=["-bind", "127.0.0.2"])


def test_MEF_RP_6_MEF_RP_9_a_silent_mef_delays_nobody_else(maf, silent):
    """One worker: while a handshake with a KeID waits, hundreds of others are done, and then it fails."""
    client = maf.add_client("//sp.example.com/cse1/Cother")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = pool.submit(outcome, maf, KEID)
        with_gnutls_socket = pool.submit(outcome, maf, dict(KEID, kmid=KEID["kmid"].lower()))  # the same KeID: one fetch
        wait_for(lambda: silent.connections, "the MAF asks the MEF")
        handshakes(maf, client, 300)
        others_done = time.monotonic()
        for one in (waiting, with_gnutls_socket):
            how, when = one.result(timeout=30)
            assert how == "failed" and when > others_done
    assert len(silent.connections) == 1
    # left alone for a while: no new question, and no waiting
    assert outcome(maf, dict(KEID, kmid="0" * 32 + "@" + MEF_FQDN))[0] == "failed"
    assert len(silent.connections) == 1


def test_MEF_RP_9_over_dtls_too(maf, silent):
    client = maf.add_client("//sp.example.com/cse1/Cother")
    waiting = subprocess.Popen([program("test-coap-client"), "coaps", "127.0.0.1", str(maf.coaps_port), FQDN, KEID["kmid"]],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        waiting.stdin.write(KEID["km"].encode() + b"\n")
        waiting.stdin.flush()
        wait_for(lambda: silent.connections, "the MAF asks the MEF")
        for _ in range(10):
            coap.CoapPeer(maf, client).close()
        assert waiting.poll() is None
        wait_for(lambda: "no answer within" in maf.log(), "the MAF gives up")
        coap.CoapPeer(maf, client).close()
    finally:
        waiting.kill()
        waiting.wait()
        for pipe in (waiting.stdin, waiting.stdout):
            pipe.close()


def test_MEF_RP_6_a_client_that_leaves_while_it_waits(maf, silent):
    client = maf.add_client("//sp.example.com/cse1/Cother")
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            seen = len(silent.connections)
            child = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{maf.port}", "-tls1_2", "-cipher", "PSK-AES128-CBC-SHA256",
                                      "-psk_identity", f"{seen:032X}@{MEF_FQDN}", "-psk", KEID["km"], "-servername", FQDN],
                                     stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for(lambda: len(silent.connections) > seen, "the MAF asks the MEF")
            child.kill()
            child.wait()
            child.stdin.close()
            assert pool.submit(outcome, maf, client).result(30)[0] == "ok"
    handshakes(maf, client, 20)
    assert len(maf.worker_pids()) == 1 and "ended:" not in maf.log()


def test_MEF_RP_6_a_dead_mef_then_one_that_is_back(tmp_path):
    with World(tmp_path) as world:
        contact = enrol(world.mef, world.device)
        port = world.mef.port
        world.mef.stop()
        assert outcome(world.maf, contact)[0] == "failed"
        world.mef.configure("https", "listen", f"127.0.0.1:{port}")
        world.mef.start()
        wait_for(lambda: outcome(world.maf, contact)[0] == "ok", "the KeID is good once the MEF is back")
        with OpensslPeer(world.maf, contact) as peer:
            assert register(peer, DEVICE).rsc == 2001


def test_MEF_FC_2_what_was_fetched_needs_no_mef(tmp_path):
    """Cached under the KeID, for every worker and after a restart."""
    with World(tmp_path, workers=2) as world:
        contact = enrol(world.mef, world.device)
        OpensslPeer(world.maf, contact).close()
        world.mef.stop()
        for _ in range(6):
            OpensslPeer(world.maf, contact).close()
        world.maf.stop()
        world.maf.start()
        with OpensslPeer(world.maf, contact) as peer:
            assert register(peer, DEVICE).rsc == 2001


def test_MEF_RP_6_a_flood_of_keids_is_no_flood_on_the_mef(tmp_path):
    with World(tmp_path) as world:
        unknown = [dict(KEID, kmid=f"{i:032X}@{MEF_FQDN}") for i in range(150)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            begun = time.monotonic()
            assert {how for how, _ in pool.map(lambda c: outcome(world.maf, c), unknown)} == {"failed"}
            seconds = time.monotonic() - begun
        asked = world.mef.log().count("credential-fetched") + world.maf.log().count("fetch-refused")
        assert 5 <= asked <= 20 + 5 * (seconds + 1) and asked < 150
        # repeated ones are not asked at all
        last = dict(KEID, kmid="F" * 32 + "@" + MEF_FQDN)
        wait_for(lambda: outcome(world.maf, last)[0] == "failed" and "fetch-refused keid=" + "f" * 32 in world.maf.log(), "asked once")
        for _ in range(5):
            outcome(world.maf, last)
        assert world.maf.log().count("fetch-refused keid=" + "f" * 32) <= 2
        # and a device is served
        wait_for(lambda: outcome(world.maf, enrol(world.mef, world.device))[0] == "ok", "the device gets in")


def test_MEF_RP_9_a_silent_mef_takes_no_room_from_another(tmp_path):
    """As many questions as are asked of one MEF at once are open at a silent one; a device of the other gets in."""
    with World(tmp_path) as world, contextlib.closing(Silent()) as silent:
        other = types.SimpleNamespace(fqdn="silent.example.com", add_client=lambda _: {"kmid": "any", "km": "00" * 32})
        introduce(world.maf, other, address=f"127.0.0.1:{silent.port}")
        keids = [dict(KEID, kmid=f"{i:032X}@{other.fqdn}") for i in range(16)]
        contact = enrol(world.mef, world.device)
        with concurrent.futures.ThreadPoolExecutor(len(keids)) as pool:
            waiting = [pool.submit(outcome, world.maf, k, elsewhere) for k in keids]
            wait_for(lambda: len(silent.connections) == len(keids), "all are asked for")
            assert outcome(world.maf, contact)[0] == "ok"
            assert not any(w.done() for w in waiting)
            assert {w.result(30)[0] for w in waiting} == {"failed"}


def test_MEF_RP_9_a_flood_from_one_address_keeps_no_device_of_another_out(tmp_path):
    """KeIDs are made up at 127.0.0.2 as fast as it can; devices at 127.0.0.1 come for the first time meanwhile."""
    with World(tmp_path) as world:
        stop = threading.Event()

        def flood(first):
            for i in itertools.count(first, 8):
                if stop.is_set():
                    return
                outcome(world.maf, dict(KEID, kmid=f"{i:032X}@{MEF_FQDN}"), elsewhere)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            floods = [pool.submit(flood, n) for n in range(4)]
            try:
                wait_for(lambda: world.maf.log().count("reason=unknown") > 60, "the flood is on")
                for n in range(5):
                    device = world.add_device(f"//in.provider.com/cse1/Cnew{n}")
                    assert outcome(world.maf, enrol(world.mef, device))[0] == "ok"
            finally:
                stop.set()
        assert not any(f.exception() for f in floods)


def test_MEF_FC_11_MAF_GEN_5_what_was_fetched_is_good_as_long_as_the_maf_lets_it(tmp_path):
    """And not a second time, although the MEF would give the key again."""
    with World(tmp_path, maf_settings=[("maf", "max-provisioned-lifetime", "5")]) as world:
        contact = enrol(world.mef, world.device)
        assert outcome(world.maf, contact)[0] == "ok"
        wait_for(lambda: outcome(world.maf, contact)[0] == "failed", "the KeID has ended")
        assert f"reason=expired identity=\"{contact['kmid']}\"" in world.maf.log()
        assert world.maf.log().count("audit: key-fetched") == 1
        with OpensslPeer(world.maf, enrol(world.mef, world.device)) as peer:
            answer = register(peer, DEVICE).json()["sec:mafcr"]
        assert answer["et"] <= time.strftime("%Y%m%dT%H%M%S", time.gmtime(time.time() + 5))


LIES = [
    {"status": True},
    {"status": True, "credential": "AAAA", "enroleeID": DEVICE, "lifetime": "20991231T235959"},
    {"status": True, "credential": "A" * 43 + "=", "enroleeID": "//other.example.com/cse1/Cae1", "lifetime": "20991231T235959"},
    {"status": True, "credential": "A" * 43 + "=", "enroleeID": "maf.example.com", "lifetime": "20991231T235959"},
    {"status": True, "credential": "A" * 43 + "=", "enroleeID": DEVICE, "lifetime": "20000101T000000"},
    {"status": True, "credential": "A" * 43 + "=", "enroleeID": DEVICE, "lifetime": "19700101T000000"},
    {"status": True, "credential": "A" * 43 + "=", "enroleeID": DEVICE, "lifetime": "tomorrow"},
    {"status": False, "errorString": "x"},
    ["status"], {}, None,
]


class Liar:
    """A server with the MAF's Kpm that answers every request as it is told: openssl s_server, and HTTP by hand."""

    def __init__(self, kpm):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        self.answer, self.asked, self.wait = b"", 0, lambda: None
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-nocert", "-tls1_2", "-psk", kpm,
                                         "-cipher", "PSK-AES128-CBC-SHA256", "-quiet"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        # a connection to see whether it listens would be one of those that it serves
        wait_for(lambda: f":{self.port:04X} 00000000:0000 0A" in pathlib.Path("/proc/net/tcp").read_text(), "s_server listens")
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        head = b""
        while True:
            octets = os.read(self.process.stdout.fileno(), 65536)
            if not octets:
                return
            head += octets
            while b"\r\n\r\n" in head:
                one, head = head.split(b"\r\n\r\n", 1)
                self.asked += 1
                rqi = [line.split(b": ")[1] for line in one.split(b"\r\n") if line.lower().startswith(b"x-m2m-ri: ")][0]
                self.wait()
                self.process.stdin.write(self.answer.replace(b"RQI", rqi))

    def tell(self, body, rsc=2000, header=b""):
        text = json.dumps(body).encode() if not isinstance(body, bytes) else body
        self.answer = (b"HTTP/1.1 200 OK\r\nX-M2M-RSC: %d\r\nX-M2M-RI: RQI\r\nContent-Type: application/json\r\n%s"
                       b"Content-Length: %d\r\n\r\n" % (rsc, header, len(text))) + text

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.thread.join(timeout=10)
        self.process.stdout.close()


@pytest.fixture
def liar(maf):
    credential = maf.mef.add_client(FQDN + ".liar")
    server = Liar(credential["km"])
    path = maf.dir.parent / "kpm"
    path.touch(mode=0o600)
    path.write_text(credential["km"] + "\n")

    def add(permit):
        maf.adm("mef", "add", MEF_FQDN, "--https", f"127.0.0.1:{server.port}", "--kmid", "any", "--km-file", str(path),
                "--permit", permit)

    add("//in.provider.com/...")
    server.add = add
    yield server
    path.unlink()
    server.close()


ZEROS = {"km": "00" * 32}
TRUTH = {"status": True, "credential": "A" * 43 + "=", "enroleeID": DEVICE, "lifetime": "20991231T235959"}


def test_MEF_RP_6_a_lying_mef_gets_nobody_in(maf, liar):
    # the answer with which everything is right gets in: the others fail for what they say
    liar.tell(TRUTH)
    assert outcome(maf, dict(ZEROS, kmid=f"{'A' * 32}@{MEF_FQDN}"))[0] == "ok"
    for i, lie in enumerate([*LIES, b"{", b"{\"status\": true} x", b"\xff" * 100, b"[" * 5000]):
        liar.tell(lie)
        contact = dict(ZEROS, kmid=f"{i:032X}@{MEF_FQDN}")
        seen = liar.asked
        assert outcome(maf, contact)[0] == "failed", lie
        assert liar.asked > seen, lie
        wait_for(lambda: f"{i:032x}@" in maf.log(), "the refusal is on record")
    liar.tell(b"x" * 200000)  # more than is taken: no answer at all
    assert outcome(maf, dict(ZEROS, kmid=f"{'B' * 32}@{MEF_FQDN}"))[0] == "failed"
    wait_for(lambda: "the connection failed" in maf.log(), "the MEF is said not to answer")
    assert len(maf.worker_pids()) == 1 and "ended:" not in maf.log()


@pytest.mark.parametrize("operator,why", [
    (lambda maf, liar: maf.adm("mef", "remove", MEF_FQDN), "removed while it was asked"),
    (lambda maf, liar: liar.add("//elsewhere.example.com/..."), "does not vouch for|replaced while it was asked"),
], ids=("removed", "replaced"))
def test_MEF_FC_2_a_mef_that_is_removed_while_it_is_asked(maf, liar, operator, why):
    liar.tell(TRUTH)
    liar.wait = lambda: operator(maf, liar)
    assert outcome(maf, dict(ZEROS, kmid=f"{'A' * 32}@{MEF_FQDN}"))[0] == "failed"
    assert re.search(why, maf.log()) and maf.adm_json("client", "list") == []


def test_MEF_RP_6_what_we_lack_ourselves_is_not_blamed_on_the_mef(maf, liar):
    """The database is held by another process for longer than anybody waits for it: neither KeID nor MEF is left alone after that."""
    contact = dict(ZEROS, kmid=f"{'A' * 32}@{MEF_FQDN}")
    liar.tell(TRUTH)
    with sqlite3.connect(maf.dir / "maf.db", isolation_level=None, check_same_thread=False) as db:
        liar.wait = lambda: db.execute("BEGIN IMMEDIATE")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(outcome, maf, contact)
            wait_for(lambda: "fetch of" in maf.log(), "our own failure is told")
            liar.wait = lambda: None
            db.execute("ROLLBACK")
            assert waiting.result(30)[0] == "failed"
    assert f"MEF {MEF_FQDN}:" not in maf.log()
    assert outcome(maf, contact)[0] == "ok"


def test_MEF_RP_9_a_handshake_waits_on_while_the_configuration_is_read_again(maf, liar):
    def reload():
        mark = maf.log_mark()
        maf.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "ready" in maf.log_since(mark), "another worker has taken over")

    liar.tell(TRUTH)
    liar.wait = reload
    assert outcome(maf, dict(ZEROS, kmid=f"{'A' * 32}@{MEF_FQDN}"))[0] == "ok"


def retrieved(maf, liar, keid, octets, header=b""):
    """The outcome when the first question is answered with "not found" and the second with a key of so many octets."""
    key = {"rn": keid, "et": "20991231T235959", "cr": DEVICE, "suid": 21, "adfq": ADMIN, "kyv": base64.b64encode(bytes(octets)).decode()}
    told = iter([({"status": False, "errorString": "no such KeID"}, 4004, header), ({"sec:skr": key}, 2000, b"")])
    liar.wait, asked = lambda: liar.tell(*next(told)), liar.asked
    how = outcome(maf, {"kmid": f"{keid}@{MEF_FQDN}", "km": "00" * max(octets, 1)})[0]
    assert liar.asked - asked == 2
    return how


def test_MEF_RP_8_a_key_of_a_length_that_none_has(maf, liar):
    for octets, how in ((32, "ok"), (1, "failed"), (0, "failed"), (15, "failed"), (66, "failed")):
        assert retrieved(maf, liar, f"{octets:032x}", octets) == how


def test_MEF_RP_8_the_second_question_on_a_connection_of_its_own(maf, liar):
    assert retrieved(maf, liar, "a" * 32, 32, b"Connection: close\r\n") == "ok"


def test_mafadm_mef(maf):
    path = maf.dir.parent / "kpm"
    path.touch(mode=0o600)
    path.write_text("00" * 32)
    good = {"--https": "127.0.0.1:1", "--kmid": "k", "--km-file": str(path), "--permit": "//in.provider.com/..."}

    def add(fqdn=MEF_FQDN, **changes):
        options = good | {"--" + k: v for k, v in changes.items()}
        maf.adm("mef", "add", fqdn, *[x for pair in options.items() for x in pair])

    for changes, why in (({"https": "localhost:1"}, "numeric"), ({"https": "127.0.0.1"}, "address:port"), ({"permit": "in.provider.com"}, "neither"),
                         ({"kmid": "k@other.example.com"}, "not of"), ({"fqdn": FQDN}, "this MAF itself")):
        with pytest.raises(Exception, match=why):
            add(**changes)
    add()
    add(https="[::1]:8443", kmid="k2@" + MEF_FQDN)
    [shown] = maf.adm_json("mef", "list")
    assert shown["address"] == "[::1]:8443" and shown["kpmid"] == "k2@" + MEF_FQDN and shown["vouchesFor"] == ["//in.provider.com/..."]
    maf.adm("mef", "remove", MEF_FQDN)
    assert maf.adm_json("mef", "list") == []
    with pytest.raises(Exception, match="no MEF"):
        maf.adm("mef", "remove", MEF_FQDN)
