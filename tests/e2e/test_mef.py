"""mefd as a whole: no Kpm, Ke or Km in memory or on disk; kill -9 between enrolment and fetch; many enrolments at once."""
import base64
import concurrent.futures
import os
import signal

import pytest
from harness.maf import ADMIN, wait_for
from harness.mef import MEF_FQDN, Mef, usage_key
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.search_keys import files, memory, search
from harness.token import Token
from test_custody import prepared_forms

ENROLEE, MAF = "//sp.example.com/cse1/Cdevice", "maf.example.com"
LATER = "20991231T235959"


def fetch(mef, maf, keid, suid=21):
    with OpensslPeer(mef, maf) as peer:
        return peer.request(http("GET", f"/fetchCredentials/{keid}/{suid}", maf["id"], host=MEF_FQDN))


def enrol(mef, device):
    """KeID and Ke of one session."""
    with OpensslPeer(mef, device) as peer:
        return f"{peer.exported[:16].hex().upper()}@{MEF_FQDN}", peer.exported[16:]


def clients(mef):
    device, maf = mef.add_client(ENROLEE), mef.add_client(MAF)
    mef.allow(ENROLEE, MAF)
    return device, maf


@pytest.mark.parametrize("kind,custody", [("softhsm", "session"), ("softhsm", "psk"), ("softokn", "session")])
def test_MAF_GEN_11_no_secret_of_an_enrolment_in_memory_or_on_disk(kind, custody, tmp_path):
    with Mef(Token(kind, tmp_path / "token"), tmp_path / "mef", custody=custody, workers=2) as mef:
        device, maf = clients(mef)
        secrets = [s for c in (device, maf) for s in prepared_forms(bytes.fromhex(c["km"]))]
        with OpensslPeer(mef, device) as peer:
            body = b'{"sec:mefcr":{"et":"%s","adfq":"%s"}}' % (LATER.encode(), ADMIN.encode())
            assert peer.request(http("POST", "/-", ENROLEE, body, 20005, host=MEF_FQDN)).rsc == 2001
        for _ in range(5):
            keid, ke = enrol(mef, device)
            assert fetch(mef, maf, keid).rsc == 2000
            secrets += [ke, usage_key(ke, 21, MAF)]
        with OpensslPeer(mef, device) as peer:
            body = b'{"sec:skr":{"et":"%s","adfq":"%s","suid":21,"tgis":["%s"]}}' % (LATER.encode(), ADMIN.encode(), MAF.encode())
            assert peer.request(http("POST", "/-", ENROLEE, body, 20003, host=MEF_FQDN)).rsc == 2001
            secrets.append(peer.exported[16:])
            with OpensslPeer(mef, maf) as other:
                answer = other.request(http("GET", f"/-/{peer.exported[:16].hex()}", MAF, host=MEF_FQDN))
                assert base64.b64decode(answer.json()["sec:skr"]["kyv"]) == peer.exported[16:]
        with OpensslPeer(mef, maf) as idle:
            assert idle.request(http("GET", f"/fetchCredentials/{keid}/21", MAF, host=MEF_FQDN)).rsc == 2000
            hits = [h for pid in mef.pids() for h in search(memory(pid), secrets)]
        disk = search(files(mef.dir), secrets) + search([("log", mef.log_path.read_bytes())], secrets)
    disk += search(files(mef.dir), secrets)
    assert not disk, disk
    if kind == "softokn":
        print(f"softokn, custody {custody}: {len(hits)} plain copies in the memory of mefd")
    else:
        assert not hits, hits


def test_MEF_EK_1_a_client_that_knows_it_is_enrolled_is(softhsm, tmp_path):
    """The fetch comes as early as it can: right after the handshake, through another worker, from several threads."""
    with Mef(softhsm, tmp_path / "mef", workers=3) as mef:
        device, maf = clients(mef)

        def walk(_):
            keid, ke = enrol(mef, device)
            answer = fetch(mef, maf, keid)
            return answer.rsc == 2000 and base64.b64decode(answer.json()["credential"]) == usage_key(ke, 21, MAF)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert all(pool.map(walk, range(40)))


@pytest.mark.slow
def test_crash_leaves_what_clients_were_told(softhsm, tmp_path):
    with Mef(softhsm, tmp_path / "mef", workers=2) as mef:
        device, maf = clients(mef)
        enrolled = []

        def several():
            for _ in range(3):
                try:
                    enrolled.append(enrol(mef, device))
                except (HandshakeFailed, EOFError):
                    continue

        for n in range(2):
            several()
            victim = mef.worker_pids()[n]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: len(mef.worker_pids()) == 2 and victim not in mef.worker_pids(), "the worker came back")
        several()
        mef.stop(signal.SIGKILL)
        mef.start()
        several()
        assert len(enrolled) >= 6
        for keid, ke in enrolled:
            answer = fetch(mef, maf, keid)
            assert answer.rsc == 2000 and base64.b64decode(answer.json()["credential"]) == usage_key(ke, 21, MAF)


def test_a_configuration_of_the_other_daemon_is_refused(softhsm, tmp_path):
    mef = Mef(softhsm, tmp_path / "mef")
    conf = mef.dir / "mefd.conf"
    conf.write_text(conf.read_text().replace("[mef]", "[maf]"))
    with pytest.raises(Exception, match=r"\[maf\] fqdn: unknown key"):
        mef.adm("check")


def test_mefadm_shows_and_checks(softhsm, tmp_path):
    with Mef(softhsm, tmp_path / "mef") as mef:
        device, maf = clients(mef)
        keid, _ = enrol(mef, device)
        assert mef.adm_json("enrolee", "list") == [mef.adm_json("enrolee", "show", ENROLEE)]
        assert mef.adm_json("enrolee", "show", ENROLEE)["allowed"] == [{"suid": 21, "target": MAF}]
        shown = mef.adm_json("enrolment", "show", keid)
        assert shown["enroleeID"] == ENROLEE and shown["kpmid"] == device["kmid"] and not shown["fetched"]
        assert [e["relativeKeID"] for e in mef.adm_json("enrolment", "list")] == [keid.split("@")[0]]
        counts = mef.adm_json("check")
        assert counts["enrolment"] == {"good": 1, "bad": 0} and counts["enrolee"]["good"] == 1 and counts["command"]["good"] == 0
        mef.adm("enrolment", "revoke", keid)
        assert mef.adm_json("enrolment", "list") == []
