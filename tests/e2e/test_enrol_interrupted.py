"""`maf enrol` interrupted: killed or without disk at each step, its answers lost, servers away. What helps is to run it again."""
import signal
import subprocess

import pytest
from harness.build import release_build
from harness.client import Client
from harness.maf import ADMIN, Failed
from harness.relay import Relay
from harness.token import Token
from harness.walk import DEVICE, World
from test_enrol import device_of, key_of


def enrol_interrupted(device, call, how, n, *options):
    """Runs the walk with a fault at the n-th such call. Tells whether it came so far."""
    env = {**device.token.env(), "LD_PRELOAD": str(release_build() / "lib" / "test-interrupt.so"),
           "INTERRUPT": f"{call}:{how}:{n}"}
    command = [*device.command(), "enrol", "--stakeholder", ADMIN, *options]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode in ((0, 3) if how == "fails" else (0, -signal.SIGKILL)), done.stderr
    return done.returncode != 0


def settled(device, world):
    """One registration, one KmID, and both ends mean the same."""
    enrolled = device.enrol()
    assert not enrolled["pending"]
    registration, = world.maf.adm_json("registration", "list")
    assert registration["assignedSymmKeyID"] == enrolled["kmid"]
    kms = [c["kmid"] for c in device.json("credential", "list") if c["credentialID"].startswith("11-")]
    assert kms == [enrolled["kmid"]]
    key_of(device)
    return enrolled


# (calls in a first walk, calls in a renewal): three connections, and two syncs around each rename
CALLS = {"rename": (5, 5), "fsync": (10, 11), "connect": (3, 3), "unlink": (0, 1)}


@pytest.mark.slow
@pytest.mark.parametrize("call,how", [(c, h) for c in CALLS for h in ("before", "after", "fails") if (c, h) != ("connect", "fails")])
def test_MEF_RP_2_interrupted_at_each_call_that_matters(call, how, softhsm, tmp_path):
    """Killed before or after it, or the call fails: the first walk, then renewals. In those the client always has a KmID that
    works, the old one or the new one."""
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        first, renewal = CALLS[call]
        for n in range(1, first + 1):
            assert enrol_interrupted(device, call, how, n)
            settled(device, world)
            device.maf("deregister", "--stakeholder", ADMIN)
        assert not enrol_interrupted(device, call, how, first + 2)
        for n in range(1, renewal + 1):
            assert enrol_interrupted(device, call, how, n, "--renew")
            key_of(device)
            settled(device, world)
        assert not enrol_interrupted(device, call, how, renewal + 2, "--renew")


@pytest.mark.parametrize("lost", [1, 2])
def test_MEF_RP_4_the_answer_of_the_maf_is_lost(lost, softhsm, tmp_path):
    """1: the MAF has made the registration and assigned a KmID; 2: it has seen the KmID used. The client knows neither."""
    with World(tmp_path) as world, Relay(world.maf.port, {lost}) as relay:
        device = device_of(world, tmp_path, address=relay.address)
        with pytest.raises(Failed) as failed:
            device.enrol()
        assert failed.value.returncode == 3 and relay.lost == 1
        assert device.json("status")["enrolments"][0]["warning"].startswith("interrupted")
        registration, = world.maf.adm_json("registration", "list")
        enrolled = settled(device, world)
        assert enrolled["kmid"] == registration["assignedSymmKeyID"]  # the one that the client was not told


@pytest.mark.parametrize("lost", [1, 2])
def test_MEF_RP_5_the_answer_to_a_renewal_is_lost(lost, softhsm, tmp_path):
    with World(tmp_path) as world, Relay(world.maf.port) as relay:
        device = device_of(world, tmp_path, address=relay.address)
        first = device.enrol()
        relay.lose.add(relay.count + lost)
        with pytest.raises(Failed):
            device.enrol("--renew")
        key_of(device)
        assert settled(device, world)["kmid"] != first["kmid"]


def test_the_answer_of_the_mef_is_lost(softhsm, tmp_path):
    with World(tmp_path) as world, Relay(world.mef.port, {1}) as relay:
        device = device_of(world, tmp_path, mef_address=relay.address)
        with pytest.raises(Failed, match="enrolment at the MEF"):
            device.enrol()
        assert device.json("status")["enrolments"] == []
        settled(device, world)


def test_servers_that_are_away(softhsm, tmp_path):
    """Temporary, and said of the server that it is; nothing that was gained is lost."""
    with World(tmp_path) as world:
        maf, mef = Relay(world.maf.port), Relay(world.mef.port)
        device = device_of(world, tmp_path, address=maf.address, mef_address=mef.address)
        mef.close()
        with pytest.raises(Failed, match=f"{mef.address}.*Connection refused") as failed:
            device.enrol()
        assert failed.value.returncode == 3
        mef = Relay(world.mef.port)
        device.configure("mef", "https", mef.address)
        maf.close()
        with pytest.raises(Failed, match=f"{maf.address}.*Connection refused") as failed:
            device.enrol()
        assert failed.value.returncode == 3
        keid = device.json("status")["enrolments"][0]["keid"]
        mef.close()  # is not needed again
        with Relay(world.maf.port) as maf:
            device.configure("maf", "https", maf.address)
            assert settled(device, world)["keid"] == keid


def test_MEF_RP_6_a_keid_that_the_mef_has_lost(softhsm, tmp_path):
    """Between the steps the MEF forgets the enrolment: the client makes another one."""
    with World(tmp_path) as world:
        with Relay(world.maf.port) as maf:
            device = device_of(world, tmp_path, address=maf.address)
        with pytest.raises(Failed):
            device.enrol()
        keid = device.json("status")["enrolments"][0]["keid"]
        world.mef.adm("enrolment", "revoke", keid)
        device.configure("maf", "https", f"127.0.0.1:{world.maf.port}")
        assert settled(device, world)["keid"] != keid


def test_MEF_RP_7_a_kmid_that_the_maf_has_revoked(softhsm, tmp_path):
    """Key and KeID with it: the client says what to do, and the walk begins again."""
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        first = device.enrol()
        world.maf.adm("client", "revoke", first["kmid"])
        with pytest.raises(Failed, match="'maf enrol --stakeholder admin.example.com' brings another KmID"):
            key_of(device)
        second = settled(device, world)
        assert second["kmid"] != first["kmid"] and second["keid"] != first["keid"]


def test_refusals_say_whose_they_are(softhsm, tmp_path):
    with World(tmp_path) as world:
        device = device_of(world, tmp_path)
        world.maf.adm("stakeholder", "policy", ADMIN, "--forbid", DEVICE)
        with pytest.raises(Failed, match="registration with the provisioned key: maf.example.com refused: 4103"):
            device.enrol()
        world.maf.adm("stakeholder", "policy", ADMIN, "--permit", DEVICE)
        device.enrol()
        stranger = Client(Token("softhsm", tmp_path / "t2"), tmp_path / "stranger", DEVICE, world.maf, mef=world.mef)
        with pytest.raises(Failed, match="no credential for mef.example.com"):
            stranger.enrol()
        stranger.import_km(world.device["kmid"], "11" * 32)
        with pytest.raises(Failed, match=f"mef.example.com at .* refused the handshake.*KpmID {world.device['kmid']}"):
            stranger.enrol()
        alone = Client(stranger.token, tmp_path / "alone", DEVICE, world.maf)
        with pytest.raises(Failed, match=r"section \[mef\] of maf.conf"):
            alone.enrol()


def test_a_key_that_the_mef_does_not_give_to_this_maf(softhsm, tmp_path):
    """No right at the MEF: the MAF's handshake fails, and no second try is made for the same reason."""
    with World(tmp_path) as world:
        world.mef.adm("enrolee", "forbid", DEVICE, "--target", "maf.example.com", "--suid", "21")
        device = device_of(world, tmp_path)
        with pytest.raises(Failed, match="maf.example.com at .* refused the handshake.*KeID"):
            device.enrol()
