"""`maf enrol`: the whole walk of remote provisioning with mefd, mafd and libmaf; what interrupts it, and renewal."""
import json
import time

import pytest
from harness.client import BINDINGS, Client
from harness.maf import ADMIN, Failed, wait_for
from harness.token import KINDS, Token
from harness.walk import DEVICE, MAF_FQDN, World

TARGET = "//in.provider.com/cse1/Ctarget"


def device_of(world, directory, kind="softhsm", **options):
    """A client that has its Kpm and nothing else."""
    device = Client(Token(kind, directory / "device-token"), directory / "device", DEVICE, world.maf, mef=world.mef, **options)
    device.import_km(world.device["kmid"], world.device["km"])
    return device


def now():
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime())


def key_of(device):
    """Registers a key with the exporter, by the KmID: what the walk is for."""
    return device.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", TARGET)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
def test_MEF_RP_2_from_kpm_to_kc(kind, binding, tmp_path):
    with World(tmp_path, kind) as world:
        device = device_of(world, tmp_path, kind, binding=binding, mef_binding=binding)
        enrolled = device.enrol()
        assert enrolled["changed"] and not enrolled["pending"]
        assert enrolled["kmid"].endswith("@" + MAF_FQDN) and enrolled["keid"].endswith("@" + world.mef.fqdn)
        assert key_of(device)["keyIdentifier"].endswith("@" + MAF_FQDN)
        again = device.enrol()
        assert not again["changed"] and again["kmid"] == enrolled["kmid"]


@pytest.mark.parametrize("options,tls_max", [
    ({"tls_max": "1.3"}, "1.3"),
    ({"format": "cbor", "custody": "psk"}, "1.2"),
    ({"binding": "coaps", "mef_binding": "wss", "format": "cbor"}, "1.2"),
])
def test_MEF_RP_2_in_other_ways(options, tls_max, softhsm, tmp_path):
    with World(tmp_path, maf_settings=[("maf", "tls-max", tls_max)], mef_settings=[("mef", "tls-max", tls_max)]) as world:
        device = device_of(world, tmp_path, **options)
        device.enrol()
        key_of(device)
        assert device.enrol("--renew")["changed"]
        key_of(device)


def test_what_the_home_shows(softhsm, tmp_path):
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        assert device.json("status")["enrolments"] == []
        enrolled = device.enrol("--label", "x")
        status = device.json("status")
        assert status["mef"] == world.mef.fqdn
        shown, = status["enrolments"]
        assert shown == {k: v for k, v in enrolled.items() if k != "changed"}
        kpm, km = sorted(status["credentials"], key=lambda c: c["credentialID"])
        assert kpm["credentialID"] == "10-" + world.device["kmid"] and kpm["current"]
        assert km["credentialID"] == "11-" + enrolled["kmid"] and km["current"] and km["expires"] == enrolled["expires"]
        assert status["registrations"][0]["adminFQDN"] == ADMIN
        registration, = world.maf.adm_json("registration", "list")
        assert registration["labels"] == ["x"] and registration["assignedSymmKeyID"] == enrolled["kmid"]


def test_deregistration_ends_it_at_both_ends(softhsm, tmp_path):
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        first = device.enrol()
        device.maf("deregister", "--stakeholder", ADMIN)
        status = device.json("status")
        assert status["enrolments"] == [] and status["registrations"] == [] and len(status["credentials"]) == 1
        assert device.enrol()["kmid"] != first["kmid"]


def test_forgetting_the_kmid_forgets_the_enrolment(softhsm, tmp_path):
    """And the next walk finds the registration that the MAF still has."""
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        first = device.enrol()
        device.maf("credential", "forget", first["kmid"])
        assert device.json("status")["enrolments"] == []
        second = device.enrol()
        assert second["keid"] != first["keid"] and second["kmid"] != first["kmid"]
        device.maf("credential", "forget", second["keid"])
        assert [c["credentialID"] for c in device.json("credential", "list")] == ["10-" + world.device["kmid"]]
        second = device.enrol()
        assert [r["assignedSymmKeyID"] for r in world.maf.adm_json("registration", "list")] == [second["kmid"]]


def test_register_walks_under_rpsk(softhsm, tmp_path):
    with World(tmp_path) as world:
        bundle = tmp_path / "bundle.json"
        world.maf.adm("bundle", "--stakeholder", ADMIN, "--mef", world.mef.fqdn, "--label", "l", "--out", str(bundle))
        with pytest.raises(Failed, match="mafadm mef add"):
            world.maf.adm("bundle", "--stakeholder", ADMIN, "--mef", "other.example.com")
        for what in (["--mef", world.mef.fqdn], ["--kmid", world.device["kmid"]]):
            with pytest.raises(Failed, match="a bundle of a MEF brings a certificate"):
                world.mef.adm("bundle", "--stakeholder", ADMIN, *what)
        device = device_of(world, tmp_path)
        device.maf("credential", "import", "--bundle", str(bundle))
        with pytest.raises(Failed, match="'maf enrol --stakeholder admin.example.com' gets one"):
            key_of(device)
        registered = device.register()
        assert registered["labels"] == ["l"]
        assert device.json("status")["enrolments"][0]["kmid"]
        key_of(device)
        with pytest.raises(Failed, match="4117"):
            device.register()
        # a pre-provisioned Km that came later is not what the administrator wants used
        other = world.maf.add_client(DEVICE)
        device.import_km(other["kmid"], other["km"])
        mark = world.maf.log_mark()
        key_of(device)
        assert other["kmid"] not in world.maf.log_since(mark)


def test_a_configuration_that_has_lapsed_begins_nothing(softhsm, tmp_path):
    with World(tmp_path) as world:
        bundle = tmp_path / "bundle.json"
        device = device_of(world, tmp_path)
        enrolled = device.enrol()
        world.maf.adm("bundle", "--stakeholder", ADMIN, "--mef", world.mef.fqdn, "--expires", "1s", "--out", str(bundle))
        device.maf("credential", "import", "--bundle", str(bundle))
        end = json.loads(bundle.read_text())["clientRegCfg"]["et"]
        wait_for(lambda: now() >= end, "the configuration has lapsed")
        with pytest.raises(Failed, match="lapsed at"):
            device.enrol("--renew")
        assert device.enrol()["kmid"] == enrolled["kmid"]  # what is there goes on
        assert len(world.mef.adm_json("enrolment", "list")) == 1


# ---- renewal ----

def test_MAF_CU_7_the_old_kmid_works_until_the_new_one_was_used(softhsm, tmp_path):
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        first = device.enrol()
        second = device.enrol("--renew")
        assert second["changed"] and second["kmid"] != first["kmid"] and second["keid"] != first["keid"]
        states = {c["kmid"]: c["state"] for c in world.maf.adm_json("client", "list") if "kmid" in c}
        assert states[first["kmid"]] == "revoked" and states[second["kmid"]] == "active"
        assert [c["kmid"] for c in device.json("credential", "list") if c["kmid"].endswith(MAF_FQDN)] == [second["kmid"]]
        key_of(device)


def test_MEF_EK_2_renewed_when_the_end_is_near(softhsm, tmp_path):
    """A life of seconds, of which the second half is for renewal."""
    with World(tmp_path) as world:
        device = device_of(world, tmp_path, expiry="4s")
        first = device.enrol()
        wait_for(lambda: "expires soon" in device.json("status")["enrolments"][0].get("warning", ""), "the end is near")
        assert device.enrol()["kmid"] != first["kmid"]


def test_MEF_EK_2_an_enrolment_key_that_expired_on_the_way(softhsm, tmp_path):
    with World(tmp_path) as world:
        device = device_of(world, tmp_path, expiry="1s", address="127.0.0.1:1")
        with pytest.raises(Failed, match="Connection refused"):
            device.enrol()
        keid = device.json("status")["enrolments"][0]["keid"]
        end = device.json("status")["enrolments"][0]["expires"]
        device.configure("maf", "https", f"127.0.0.1:{world.maf.port}")
        wait_for(lambda: now() >= end, "the key has expired")
        device.configure("mef", "enrolment-expiry", "1h")
        assert device.enrol()["keid"] != keid
