"""Custody: after much traffic no key is in the memory of mafd, nor in any file of the MAF (docs/custody.md)."""
import base64
import hashlib
import os
import pathlib
import struct
import subprocess

import pytest
from harness.build import program
from harness.maf import ADMIN, FQDN, Maf, wait_for
from harness.peers import OpensslPeer, http
from harness.search_keys import files, memory, search
from harness.token import Token

LATER = "20991231T235959"


def prepared_forms(km):
    """What Km turns into on its way to the PRF: the premaster, and the HMAC key made of it."""
    n = struct.pack(">H", len(km))
    premaster = n + bytes(len(km)) + n + km
    # The zero half of the premaster is everywhere: look for what follows it, and for the hash.
    return [km, hashlib.sha256(premaster).digest()]


def planted():
    """A process that holds octets, to prove that the search can find them."""
    return subprocess.Popen(["/usr/bin/python3", "-c", "import sys; k = bytes.fromhex(sys.stdin.readline()); t = k.hex() + ' '; "
                             "print('here', flush=True); sys.stdin.readline()"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)


def test_search_finds_a_planted_key(tmp_path):
    key = os.urandom(32)
    child = planted()
    try:
        child.stdin.write(key.hex().encode() + b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"here\n"
        assert search(memory(child.pid), [key])
        assert not search(memory(child.pid), [os.urandom(32)])
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    for form in (key, key.hex().encode(), key.hex().upper().encode(), base64.b64encode(key), base64.b64encode(b"x" + key),
                 base64.b64encode(b"xy" + key)):
        (tmp_path / "planted").write_bytes(b"before" + form + b"after")
        assert search(files(tmp_path), [key]), form


def traffic(maf, handshakes, retrievals):
    """Handshakes with and without an export, and retrievals; returns every secret that was used."""
    source = maf.add_client("//sp.example.com/cse1/Csource")
    target = maf.add_client("//sp.example.com/cse1/Ctarget")
    secrets = [s for c in (source, target) for s in prepared_forms(bytes.fromhex(c["km"]))]
    create = http("POST", "/-", source["id"], b'{"sec:mafcr":{"et":"%s","adfq":"%s"}}' % (LATER.encode(), ADMIN.encode()), 20002)
    body = ('{"sec:skr":{"et":"%s","adfq":"%s","suid":32,"tgis":["%s"]}}' % (LATER, ADMIN, target["id"])).encode()
    keys = []
    with OpensslPeer(maf, source) as peer:
        assert peer.request(create).rsc == 2001
    for _ in range(10):
        with OpensslPeer(maf, source) as peer:
            assert peer.request(http("POST", "/-", source["id"], body, 20003)).rsc == 2001
            keys.append(peer.exported[:16].hex().upper())
            secrets.append(peer.exported[16:])
    value = os.urandom(32)
    own = body[:-2] + b',"kyv":"' + base64.b64encode(value) + b'"}}'
    secrets.append(value)
    with OpensslPeer(maf, source) as peer:
        answer = peer.request(http("POST", "/-", source["id"], own, 20003))
        assert answer.rsc == 2001
        keys.append(answer.json()["sec:skr"]["rn"])
    with OpensslPeer(maf, target) as peer:
        for i in range(retrievals):
            answer = peer.request(http("GET", f"/-/{keys[i % len(keys)]}", target["id"]))
            assert answer.rsc == 2000
    hammer = subprocess.run([program("test-handshakes"), "127.0.0.1", str(maf.port), FQDN, target["kmid"],
                             str(handshakes)], input=target["km"], text=True, capture_output=True, timeout=300)
    assert hammer.returncode == 0, hammer.stderr
    # One session stays open with a key retrieved over it, and one after an export: their buffers count too.
    return secrets, source, target, keys


@pytest.mark.parametrize("custody", ["session", "psk"])
@pytest.mark.parametrize("kind", ["softhsm", "softokn", "swtpm"])
def test_MAF_GEN_11_no_secret_in_memory_or_on_disk(kind, custody, tmp_path):
    # A TPM's handshake takes 60 ms: fewer of them. Each passes all the buffers of tpm2-tss.
    handshakes = 100 if kind == "swtpm" else 1000
    with Maf(Token(kind, tmp_path / "token"), tmp_path / "maf", custody=custody, workers=2) as maf:
        secrets, source, target, keys = traffic(maf, handshakes, 100)
        with OpensslPeer(maf, target) as idle:
            assert idle.request(http("GET", f"/-/{keys[0]}", target["id"])).rsc == 2000
            hits = [h for pid in maf.pids() for h in search(memory(pid), secrets)]
        disk = search(files(maf.dir), secrets) + search([("log", maf.log_path.read_bytes())], secrets)
    disk += search(files(maf.dir), secrets)
    assert not disk, disk
    if kind == "softokn":
        # softokn keeps plain copies of loaded keys of its own; we say so and count them (docs/custody.md).
        print(f"softokn, custody {custody}: {len(hits)} plain copies in the memory of mafd")
    else:
        assert not hits, hits


def test_core_dumps_are_off(maf):
    for pid in maf.pids():
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert any(line.split()[4:6] == ["0", "0"] for line in limits.splitlines() if line.startswith("Max core file size"))


def test_the_master_secret_of_an_ended_session_is_gone(softhsm, tmp_path):
    """With custody = psk OpenSSL holds it, and provider maf computes with it (docs/adr/0009), while the session lives. The HMAC's
    padded forms of it count too."""
    log = tmp_path / "keylog"
    with Maf(softhsm, tmp_path / "maf", custody="psk") as maf:
        client = maf.add_client("//sp.example.com/cse1/Ca")
        pid = maf.worker_pids()[0]
        peers = [OpensslPeer(maf, client, extra=["-keylogfile", str(log)]) for _ in range(3)]
        for peer in peers:
            assert peer.request(http("GET", "/-", client["id"])).rsc == 2000
        masters = [bytes.fromhex(line.split()[2]) for line in log.read_text().splitlines() if line.startswith("CLIENT_RANDOM")]
        assert len(masters) == 3
        assert all(search(memory(pid), [m]) for m in masters)
        for peer in peers:
            peer.close()
        padded = [bytes(b ^ pad for b in m) for m in masters for pad in (0x36, 0x5c)]
        wait_for(lambda: not search(memory(pid), masters + padded), "a master secret stays")
