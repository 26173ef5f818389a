"""A MAF and its clients with their keys in a TPM (docs/tpm.md): what goes wrong with one, and what it says of itself."""
import base64
import contextlib
import copy
import json
import os
import signal
import time

import pytest
from harness.client import Client
from harness.maf import ADMIN, Failed, Maf, wait_for
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.token import Token

LATER = "20991231T235959"


@contextlib.contextmanager
def killed(token):
    token.away()
    yield
    token.back()


@contextlib.contextmanager
def stopped(token):
    """It is there, but does not answer."""
    pid = int(token.process["SWTPM_PID"])
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def serves(maf, client):
    try:
        OpensslPeer(maf, client).close()
        return True
    except HandshakeFailed:
        return False


def register_key(peer, source, target):
    body = {"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]],
                        "kyv": base64.b64encode(os.urandom(32)).decode()}}
    return peer.request(http("POST", "/-", source["id"], json.dumps(body).encode(), 20003))


@pytest.mark.parametrize("custody", ["session", "psk"])
@pytest.mark.parametrize("gone", [killed, stopped])
def test_gone_and_back(gone, custody, tmp_path):
    """While the TPM is away everything that needs it fails, nothing hangs; when it is back all goes on, without a restart,
    and with the keys that were in use before."""
    token = Token("swtpm", tmp_path / "token")
    token.uri += ";timeout=1"
    with Maf(token, tmp_path / "maf", custody=custody, workers=2) as maf:
        source, target = (maf.add_client(f"//sp.example.com/cse1/C{name}") for name in ("source", "target"))
        pids = maf.pids()
        with OpensslPeer(maf, source) as peer:
            body = {"sec:mafcr": {"et": LATER, "adfq": ADMIN}}
            assert peer.request(http("POST", "/-", source["id"], json.dumps(body).encode(), 20002)).rsc == 2001
            for _ in range(2):
                # Each worker asks the TPM again after a second at most: the one of this session may come later than the other.
                wait_for(lambda: register_key(peer, source, target).rsc == 2001, "the session does not come back")
                with gone(token):
                    assert not serves(maf, source) and not serves(maf, target)
                    assert register_key(peer, source, target).rsc // 1000 == 5
                    with pytest.raises(Failed, match="TPM2_|connection with swtpm|does not answer"):
                        maf.adm("check")
                back = time.monotonic()
                wait_for(lambda: serves(maf, source) and serves(maf, target), "the MAF does not come back")
                print(f"{gone.__name__}, custody {custody}: serves {time.monotonic() - back:.2f} s after the TPM is back")
        assert maf.pids() == pids
        maf.adm("check")


def test_status_tells_what_it_is(tmp_path):
    token = Token("swtpm", tmp_path / "token")
    with Maf(token, tmp_path / "maf") as maf:
        credential = maf.add_client("//sp.example.com/cse1/Ca")
        client = Client(Token("swtpm-plain", tmp_path / "client"), tmp_path / "home", credential["id"], maf)
        for status, quirks in ((maf.adm_json("token", "status"), ""), (client.json("token", "status"), "not-encrypted")):
            assert status["plugin"] == "tpm2" and status["manufacturer"] == "IBM" and status["firmware"].count(".") == 3
            assert status["grade"] == "hmac" and status["state"] == "" and status["quirks"] == quirks
            assert {"HMAC", "SHA-256", "P-256"} <= set(status["algorithms"].split())
        assert "state:         good" in maf.adm("token", "status")


def test_a_wrong_pin_says_so_and_locks_nothing(tmp_path):
    token = Token("swtpm", tmp_path / "token")
    with Maf(token, tmp_path / "maf") as maf:
        pin = (tmp_path / "token" / "pin")
        right = pin.read_text()
        pin.write_text("a wrong PIN")
        for _ in range(40):
            with pytest.raises(Failed, match="PIN is wrong"):
                maf.adm("check")
        pin.write_text(right)
        assert maf.adm_json("token", "status")["state"] == ""
        assert serves(maf, maf.add_client("//sp.example.com/cse1/Ca"))


def test_a_whole_life_behind_a_resource_manager(tmp_path):
    """One TPM, with tpm2-abrmd before it, for the MAF and for both clients, each with keys of its own in it."""
    token = Token("tabrmd", tmp_path / "token")
    with Maf(token, tmp_path / "maf", workers=2) as maf:
        clients = []
        for i, name in enumerate(("source", "target")):
            credential = maf.add_client(f"//sp.example.com/cse1/C{name}")
            theirs = copy.copy(token)
            theirs.uri += f";handle=0x81020{i}00"
            clients.append(Client(theirs, tmp_path / name, credential["id"], maf))
            clients[-1].import_km(credential["kmid"], credential["km"])
            clients[-1].register()
        source, target = clients
        key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target.id)
        got = target.json("key", "retrieve", key["keyIdentifier"], "--show-value")
        assert got["check"] == key["check"]
