"""Custody at the device: while `maf enrol` walks, none of Kpm, Ke and Km is in its memory, nor in a file of its home.

Ke and Km are known here because the psk suites have no forward secrecy: who knows Kpm computes both from the octets on the wire."""
import base64
import subprocess

import pytest
from harness.client import Client
from harness.eavesdrop import Eavesdropper
from harness.maf import ADMIN
from harness.mef import MEF_FQDN, usage_key
from harness.peers import OpensslPeer, http
from harness.search_keys import files, memory, search
from harness.token import Token
from harness.tripwire import Tripwire
from harness.walk import DEVICE, MAF_FQDN, World
from test_custody import prepared_forms


class Watch:
    """Searches the memory of a process each time that it waits for a record which is on its way to it or from it."""

    def __init__(self, kpm, at_mef):
        self.ear, self.at_mef, self.pid = Eavesdropper(kpm), at_mef, None
        self.secrets, self.ke, self.hits, self.searched = prepared_forms(kpm), None, [], 0

    def see(self, record, relay):
        if relay is self.at_mef:
            self.ear.hear(record)
        if self.ke is None and self.ear.master is not None:
            self.ke = self.ear.exported("EXPORTER-oneM2M-Bootstrap", 48)[16:]
            self.secrets += [self.ke, *prepared_forms(usage_key(self.ke, 21, MAF_FQDN))]
        self.hits += search(memory(self.pid), self.secrets)
        self.searched += 1


@pytest.mark.parametrize("kind,custody", [("softhsm", "session"), ("softhsm", "psk"), ("softokn", "session"), ("swtpm", "session")])
def test_MAF_GEN_11_MEF_EK_2_no_secret_of_the_walk_at_the_device(kind, custody, tmp_path):
    wire = Tripwire()
    with World(tmp_path) as world:
        to_mef, to_maf = (wire.relay(s.port) for s in (world.mef, world.maf))
        watch = Watch(bytes.fromhex(world.device["km"]), to_mef)
        device = Client(Token(kind, tmp_path / "device-token"), tmp_path / "device", DEVICE, world.maf, custody=custody,
                        address=f"127.0.0.1:{to_maf.port}", mef=world.mef, mef_address=f"127.0.0.1:{to_mef.port}")
        device.import_km(world.device["kmid"], world.device["km"])
        with wire.lock:  # no record before the process is known
            wire.see = watch.see
            walking = subprocess.Popen([*device.command(), "enrol", "--stakeholder", ADMIN], env=device.token.env(), stderr=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, text=True)
            watch.pid = walking.pid
        said = walking.communicate(timeout=120)[1]
        assert walking.returncode == 0, said
        wire.see = None
        wire.close()
        assert watch.searched > 30
        # what was computed from the wire is what the MEF gives to the MAF
        keid = device.json("status")["enrolments"][0]["keid"]
        with OpensslPeer(world.mef, world.maf_at_mef) as peer:
            fetched = peer.request(http("GET", f"/fetchCredentials/{keid}/21", MAF_FQDN, host=MEF_FQDN)).json()
        assert base64.b64decode(fetched["credential"]) == usage_key(watch.ke, 21, MAF_FQDN)
    disk = search(files(device.home), watch.secrets) + search(files(device.token.dir), watch.secrets)
    assert not disk, disk
    if kind == "softokn":
        # softokn keeps plain copies of loaded keys of its own (docs/custody.md)
        print(f"softokn, custody {custody}: {len(watch.hits)} plain copies in the memory of maf")
    else:
        assert not watch.hits, watch.hits
