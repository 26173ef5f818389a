"""kill -9 of a worker or of mafd at any moment: no acknowledged registration is lost, no RelativeKeyID is given twice."""
import base64
import json
import os
import random
import signal
import threading

import pytest
from harness.maf import ADMIN, Maf, wait_for
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.token import Token

LATER = "20991231T235959"


class Registrar(threading.Thread):
    """Registers keys without pause over sessions that break; keeps what was acknowledged."""

    def __init__(self, maf, source, target):
        super().__init__()
        self.maf, self.source, self.target = maf, source, target
        self.acknowledged, self.end = {}, threading.Event()

    def run(self):
        while not self.end.is_set():
            try:
                with OpensslPeer(self.maf, self.source) as peer:
                    self.one(peer, None)
                    for _ in range(5):
                        self.one(peer, os.urandom(32))
            except (HandshakeFailed, EOFError, TimeoutError):
                continue

    def one(self, peer, value):
        attributes = {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [self.target["id"]]}
        if value is not None:
            attributes["kyv"] = base64.b64encode(value).decode()
        answer = peer.request(http("POST", "/-", self.source["id"], json.dumps({"sec:skr": attributes}).encode(), 20003))
        if answer.rsc == 2001:
            name = answer.json()["sec:skr"]["rn"]
            assert name not in self.acknowledged, "given twice"
            self.acknowledged[name] = value if value is not None else peer.exported[16:]


def serves(maf, client):
    try:
        OpensslPeer(maf, client).close()
        return True
    except HandshakeFailed:
        return False


def run_with_kills(maf, kill, rounds):
    source = maf.add_client("//sp.example.com/cse1/Csource")
    target = maf.add_client("//sp.example.com/cse1/Ctarget")
    with OpensslPeer(maf, source) as peer:
        body = {"sec:mafcr": {"et": LATER, "adfq": ADMIN}}
        assert peer.request(http("POST", "/-", source["id"], json.dumps(body).encode(), 20002)).rsc == 2001
    registrar = Registrar(maf, source, target)
    registrar.start()
    chance = random.Random(7)
    try:
        for _ in range(rounds):
            before = len(registrar.acknowledged)
            more = chance.randrange(1, 12)
            wait_for(lambda: len(registrar.acknowledged) >= before + more or not registrar.is_alive(), "no progress")
            kill()
    finally:
        registrar.end.set()
        registrar.join(timeout=60)
    assert not registrar.is_alive()
    wait_for(lambda: serves(maf, target), "the MAF does not come back")
    with OpensslPeer(maf, target) as peer:
        for name, value in registrar.acknowledged.items():
            answer = peer.request(http("GET", f"/-/{name}", target["id"]))
            assert answer.rsc == 2000 and base64.b64decode(answer.json()["sec:skr"]["kyv"]) == value, name
    listed = [k["relativeKeyID"] for k in maf.adm_json("key", "list")]
    assert len(listed) == len(set(listed)) and set(registrar.acknowledged) <= set(listed)
    maf.adm("check")


@pytest.mark.parametrize("kind", ["softhsm", "softokn", "swtpm"])
def test_MAF_GEN_10_worker_killed(kind, tmp_path):
    with Maf(Token(kind, tmp_path / "token"), tmp_path / "maf", workers=2) as maf:
        def kill():
            pids = maf.worker_pids()
            if pids:
                os.kill(random.Random(len(pids)).choice(pids), signal.SIGKILL)
        run_with_kills(maf, kill, 12)
        assert maf.process.poll() is None


def test_MAF_GEN_10_mafd_killed(tmp_path):
    maf = Maf(Token("softhsm", tmp_path / "token"), tmp_path / "maf", workers=2, settings=[("https", "listen", "127.0.0.1:0")])
    maf.start()
    port = maf.port
    maf.configure("https", "listen", f"127.0.0.1:{port}")

    def kill():
        maf.crash()
        maf.start()
        assert maf.port == port

    try:
        run_with_kills(maf, kill, 6)
    finally:
        maf.stop()


def test_terminate_drains_and_exits_cleanly(maf):
    workers = maf.worker_pids()
    assert maf.stop(signal.SIGTERM) == 0
    assert not any(os.path.exists(f"/proc/{p}") for p in workers)


def test_reload_takes_new_settings_and_keeps_serving(maf):
    client = maf.add_client("//sp.example.com/cse1/Ca")
    before = set(maf.worker_pids())
    maf.configure("daemon", "workers", "2")
    mark = maf.log_mark()
    maf.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "ready" in maf.log_since(mark), "no reload")
    wait_for(lambda: not before & set(maf.worker_pids()) and len(maf.worker_pids()) == 2, "old workers stay")
    with OpensslPeer(maf, client) as peer:
        assert peer.request(http("GET", "/-", client["id"])).rsc == 2000


def test_reload_with_a_bad_configuration_keeps_the_old_one(maf):
    client = maf.add_client("//sp.example.com/cse1/Ca")
    maf.configure("daemon", "workers", "many")
    mark = maf.log_mark()
    maf.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "workers" in maf.log_since(mark), "the error was not reported")
    with OpensslPeer(maf, client) as peer:
        assert peer.request(http("GET", "/-", client["id"])).rsc == 2000
