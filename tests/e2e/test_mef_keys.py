"""What must not be left of a key that a MEF provided: after a renewal, a deregistration, a revocation in the middle."""
import json
import pathlib
import sqlite3
import time

import pytest
from harness.maf import ADMIN, wait_for
from harness.peers import OpensslPeer, http
from harness.walk import LATER, World, enrol, register
from test_mef_trouble import outcome

NUMBERS = iter(range(10 ** 6))


def timestamp(seconds):
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(time.time() + seconds))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def device(world):
    return world.add_device(f"//in.provider.com/cse1/C{next(NUMBERS)}")


def update(peer, device, registration):
    return peer.request(http("PUT", f"/-/{registration}", device["id"], b'{"sec:mafcr":{"lbl":["x"]}}'))


def registered(world, device):
    """First contact and registration: the credential with the KeID, the one with the KmID, the registration."""
    keid = enrol(world.mef, device)
    with OpensslPeer(world.maf, keid) as peer:
        a = register(peer, device["id"]).json()["sec:mafcr"]
    return keid, dict(keid, kmid=a["aski"]), a["ri"]


def renewed(world, device, registration):
    keid = enrol(world.mef, device)
    with OpensslPeer(world.maf, keid) as peer:
        kmid = update(peer, device, registration).json()["sec:mafcr"]["aski"]
    return keid, dict(keid, kmid=kmid)


def test_MAF_CU_7_MEF_RP_7_a_renewal_ends_the_old_key_under_both_names(world, device):
    """Who has the old Km must not get a new KmID for it."""
    old_keid, old_kmid, registration = registered(world, device)
    new_keid, new_kmid = renewed(world, device, registration)
    OpensslPeer(world.maf, new_kmid).close()
    assert outcome(world.maf, old_kmid)[0] == "failed"
    assert outcome(world.maf, old_keid)[0] == "failed"
    for one in (new_keid, new_kmid):
        assert outcome(world.maf, one)[0] == "ok"


def test_MAF_CU_7_only_the_new_kmid_ends_others(world, device):
    """Of two renewals the first KmID is used late: that ends nothing, least of all the second."""
    _, first, registration = registered(world, device)
    _, second = renewed(world, device, registration)
    third_keid, third = renewed(world, device, registration)
    OpensslPeer(world.maf, second).close()
    for one in (first, second, third_keid, third):
        assert outcome(world.maf, one)[0] == "ok"
    for one in (first, second):
        assert outcome(world.maf, one)[0] == "failed"


def test_MAF_CU_7_a_renewal_ends_what_an_expired_registration_left(world, device):
    """Registered twice with one KeID, since the first registration ended by itself; then renewed."""
    keid = enrol(world.mef, device)
    body = json.dumps({"sec:mafcr": {"et": timestamp(2), "adfq": ADMIN}}).encode()
    with OpensslPeer(world.maf, keid) as peer:
        first = peer.request(http("POST", "/-", device["id"], body, 20002)).json()["sec:mafcr"]
        OpensslPeer(world.maf, dict(keid, kmid=first["aski"])).close()
        wait_for(lambda: peer.request(http("GET", f"/-/{first['ri']}", device["id"])).rsc == 4004, "it expires")
        second = register(peer, device["id"]).json()["sec:mafcr"]
    _, new = renewed(world, device, second["ri"])
    assert outcome(world.maf, dict(keid, kmid=first["aski"]))[0] == "ok"
    OpensslPeer(world.maf, new).close()
    for kmid in (keid["kmid"], first["aski"], second["aski"]):
        assert outcome(world.maf, dict(keid, kmid=kmid))[0] == "failed"


def test_MEF_RP_7_MAF_CD_3_the_last_deregistration_ends_the_key_under_all_names(world, device):
    """Two stakeholders, one KeID, two KmIDs: one Km."""
    other = f"other{next(NUMBERS)}.example.com"
    world.maf.adm("stakeholder", "add", other)
    world.maf.adm("stakeholder", "policy", other, "--permit", device["id"])
    keid = enrol(world.mef, device)
    with OpensslPeer(world.maf, keid) as peer:
        a, b = (register(peer, device["id"], admin).json()["sec:mafcr"] for admin in (ADMIN, other))
        for one in (a, b):
            assert peer.request(http("DELETE", f"/-/{one['ri']}", device["id"])).rsc == 2002
    for kmid in (a["aski"], b["aski"], keid["kmid"]):
        assert outcome(world.maf, dict(keid, kmid=kmid))[0] == "failed"


def test_MEF_RP_7_a_keid_that_is_revoked_while_it_registers(world, device):
    """The request has read the credential when the revocation comes; what it stores then must not outlive it."""
    keid = enrol(world.mef, device)
    key = keid["kmid"].lower()
    put = "UPDATE credential SET state = ?, mac = ? WHERE kmid_key = ?"
    with OpensslPeer(world.maf, keid) as peer, sqlite3.connect(world.maf.dir / "maf.db", isolation_level=None) as db:
        def row():
            return db.execute("SELECT state, mac FROM credential WHERE kmid_key = ?", (key,)).fetchone()

        active = row()
        world.maf.adm("client", "revoke", keid["kmid"])
        revoked = row()
        db.execute(put, (*active, key))
        db.execute("BEGIN IMMEDIATE")
        peer.send(http("POST", "/-", device["id"], json.dumps({"sec:mafcr": {"et": LATER, "adfq": ADMIN}}).encode(), 20002))
        [worker] = world.maf.worker_pids()
        wait_for(lambda: pathlib.Path(f"/proc/{worker}/wchan").read_text() == "hrtimer_nanosleep", "it waits for the database")
        db.execute(put, (*revoked, key))
        db.execute("COMMIT")
        assert peer.response().rsc == 4106
    states = [c["state"] for c in world.maf.adm_json("client", "list") if c["id"] == device["id"]]
    assert states == ["revoked"]


def test_MEF_RP_6_so_many_keids_of_a_client(world, device):
    """A device enrols in a loop, and starts a handshake here with each KeID; a KmID that came of one stays."""
    first, kmid, _ = registered(world, device)
    contacts = [first]
    for _ in range(16):
        contacts.append(enrol(world.mef, device))
        assert outcome(world.maf, dict(contacts[-1], km="00" * 32))[0] == "failed"
    kept = {c["kmid"] for c in world.maf.adm_json("client", "list") if c["id"] == device["id"]} - {kmid["kmid"]}
    [gone] = [c for c in contacts if c["kmid"] not in kept]  # the oldest: of one second any
    assert len(kept) == 16 and contacts[-1] != gone
    assert outcome(world.maf, kmid)[0] == "ok"
    assert outcome(world.maf, gone)[0] == "failed"  # and is not fetched again
    assert "was given before" in world.maf.log()
