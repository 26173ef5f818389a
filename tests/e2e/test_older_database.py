"""A database that an older release wrote: the daemon of this one takes it over with everything in it, and then knows what is new."""
import json

import pytest
from harness.build import program
from harness.maf import ADMIN, FQDN, Maf, run
from harness.mef import MEF_FQDN, Mef
from harness.peers import OpensslPeer, http
from harness.walk import LATER, World, enrol, register

OLDER = range(1, int(run([program("test-older-database"), "mafd", ".", "0"])))


def make_older(server, steps):
    run([program("test-older-database"), server.daemon, str(server.dir), str(steps)], env=server.token.env())


@pytest.mark.parametrize("steps", OLDER)
def test_a_maf_takes_over_an_older_database(softhsm, tmp_path, steps):
    maf = Maf(softhsm, tmp_path / "maf")
    source, target = maf.add_client("//sp.example.com/cse1/Csource"), maf.add_client("//sp.example.com/cse1/Ctarget")
    with maf, OpensslPeer(maf, source) as peer:
        assert register(peer, source["id"]).rsc == 2001
        body = {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]]}
        key = peer.request(http("POST", "/-", source["id"], json.dumps({"sec:skr": body}).encode(), 20003)).json()["sec:skr"]["rn"]
    make_older(maf, steps)
    with maf:
        assert maf.adm_json("check")["credential"] == {"good": 2, "bad": 0}
        with OpensslPeer(maf, target) as peer:
            assert peer.request(http("GET", f"/-/{key}", target["id"])).rsc == 2000
        maf.adm("ca", "init", "--domain", "sp.example.com")
        assert maf.adm_json("mef", "list") == []


@pytest.mark.parametrize("steps", OLDER)
def test_a_mef_takes_over_an_older_database(softhsm, tmp_path, steps):
    mef = Mef(softhsm, tmp_path / "mef")
    device = mef.add_client("//sp.example.com/cse1/Cdevice")
    make_older(mef, steps)
    with mef:
        mef.allow(device["id"], FQDN)
        with OpensslPeer(mef, device) as peer:
            keid = peer.exported[:16].hex().upper()
        assert mef.adm_json("enrolment", "show", f"{keid}@{MEF_FQDN}")["enroleeID"] == device["id"]


def test_a_walk_begun_before_an_update_goes_on_after_it(tmp_path):
    """The newest step alone: what was provided and assigned stays good."""
    with World(tmp_path) as world:
        contact = enrol(world.mef, world.device)
        with OpensslPeer(world.maf, contact) as peer:
            kmid = register(peer, contact["id"]).json()["sec:mafcr"]["aski"]
        world.maf.stop()
        make_older(world.maf, OLDER[-1])
        world.maf.start()
        for name in (contact["kmid"], kmid):
            OpensslPeer(world.maf, dict(contact, kmid=name)).close()
