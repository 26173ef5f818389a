"""kill -9 at every step of the walk of remote provisioning: walked again, it completes, and nobody has to help.

A step is a TLS record between device and MEF, MAF and MEF, or device and MAF. In each round one party is killed when one record is
about to arrive, which it never does. What a service manager would start again is started again; the device just walks again."""
import base64
import json
import os
import signal
import types

import pytest
from harness.maf import ADMIN, wait_for
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.tripwire import Tripwire
from harness.walk import DEVICE, LATER, MAF_FQDN, World, enrol, introduce, register


class ToolDevice:
    """openssl s_client, with the patience of a device: what a step gave is kept, and a step that fails is taken again."""

    def __init__(self, mef, maf, credential):
        self.mef, self.maf, self.credential = mef, maf, credential
        self.contact = self.kmid = None

    def start_again(self):
        """Its enrolment is over; the MAF still has its registration."""
        self.contact = self.kmid = None

    def walk(self):
        """True when all is done, False when a step failed."""
        try:
            if self.contact is None:
                self.contact = enrol(self.mef, self.credential)
            if self.kmid is None:
                self.kmid = self.register()
            return True
        except (HandshakeFailed, EOFError, TimeoutError, json.JSONDecodeError):  # the last: what s_client says of its end
            return False

    def register(self):
        with OpensslPeer(self.maf, self.contact) as peer:
            answer = register(peer, DEVICE)
            if answer.rsc == 4117:  # an earlier response was lost, or this is a renewal
                [name] = peer.request(http("GET", "/-?fu=1", DEVICE)).json()["m2m:uril"]
                body = json.dumps({"sec:mafcr": {"lbl": ["again"]}}).encode()
                answer = peer.request(http("PUT", f"/-/{name}", DEVICE, body, content_type="application/json"))
            assert answer.rsc in (2001, 2004), answer
            return answer.json()["sec:mafcr"]["aski"]

    def register_key(self, target):
        with OpensslPeer(self.maf, dict(self.contact, kmid=self.kmid)) as peer:
            body = json.dumps({"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target]}}).encode()
            answer = peer.request(http("POST", "/-", DEVICE, body, 20003))
            assert answer.rsc == 2001, answer
            return answer.json()["sec:skr"]["rn"], peer.exported[16:]


def kill_worker(server):
    for pid in server.worker_pids():
        os.kill(pid, signal.SIGKILL)


def revive(server):
    """What a service manager does."""
    if server.process is None:
        server.start()


class Stage:
    """MEF and MAF at ports that stay, and a wire through all that is said."""

    def __init__(self, directory, kind):
        self.world = World(directory, kind)
        self.mef, self.maf, self.wire = self.world.mef, self.world.maf, Tripwire()
        for server in (self.mef, self.maf):
            server.configure("https", "listen", f"127.0.0.1:{server.port}")
        to_mef, between, to_maf = (self.wire.relay(s.port) for s in (self.mef, self.mef, self.maf))
        introduce(self.maf, self.mef, f"127.0.0.1:{between.port}", credential=self.world.maf_at_mef)
        self.at_mef = types.SimpleNamespace(port=to_mef.port, fqdn=self.mef.fqdn, label=self.mef.label)
        self.at_maf = types.SimpleNamespace(port=to_maf.port, fqdn=self.maf.fqdn, label=self.maf.label)
        self.target = self.maf.add_client("//in.provider.com/cse1/Ctarget")

    def kills(self, who):
        """The worker's process, then the supervisor's with all."""
        server = getattr(self, who)
        return [lambda: kill_worker(server), server.crash]

    def walk(self, device):
        """Until it is done; the bound is only against hanging for ever."""
        def done():
            for server in (self.mef, self.maf):
                revive(server)
            return device.walk()
        wait_for(done, "the walk does not complete")

    def check(self, device):
        """The KmID is good for what a KmID is good for, and there is one registration."""
        name, value = device.register_key(self.target["id"])
        with OpensslPeer(self.maf, self.target) as peer:
            assert base64.b64decode(peer.request(http("GET", f"/-/{name}", self.target["id"])).json()["sec:skr"]["kyv"]) == value
        assert [r["id"] for r in self.maf.adm_json("registration", "list")] == [DEVICE]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()
        self.world.__exit__()


@pytest.mark.slow
@pytest.mark.parametrize("who", ["mef", "maf"])
def test_MEF_RP_2_MEF_RP_5_killed_at_every_record(who, tmp_path):
    with Stage(tmp_path, "softhsm") as stage:
        device = ToolDevice(stage.at_mef, stage.at_maf, stage.world.device)
        stage.walk(device)
        stage.check(device)
        device.start_again()
        stage.wire.arm(None, None)
        stage.walk(device)  # a renewal, as all that follow
        records = stage.wire.count
        assert records > 30  # three handshakes, a fetch, a registration that is updated
        for at in range(records):
            for kill in stage.kills(who):
                device.start_again()
                stage.wire.arm(at, kill)
                stage.walk(device)
            stage.check(device)
        assert stage.wire.acted == 2 * records
