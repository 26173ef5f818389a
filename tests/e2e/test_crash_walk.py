"""kill -9 at every step of the walk of remote provisioning: `maf enrol` run again completes it, and nobody has to help.

A step is a TLS record between device and MEF, MAF and MEF, or device and MAF. In each round one party is killed when one record is about to
arrive, which it never does. What a service manager would start again is started again; the device just walks again."""
import os
import random
import signal
import subprocess

import pytest
from harness.client import Client
from harness.maf import ADMIN, wait_for
from harness.token import KINDS, Token
from harness.tripwire import Tripwire
from harness.walk import DEVICE, World, introduce


class Stage:
    """Device, MEF and MAF, each with a token of its own, and a wire through all that they say to each other."""

    def __init__(self, directory, kind="softhsm"):
        self.world = World(directory, kind)
        self.mef, self.maf, self.wire = self.world.mef, self.world.maf, Tripwire()
        for server in (self.mef, self.maf):  # comes back where it was
            server.configure("https", "listen", f"127.0.0.1:{server.port}")
        to_mef, between, to_maf = (f"127.0.0.1:{self.wire.relay(s.port).port}" for s in (self.mef, self.mef, self.maf))
        introduce(self.maf, self.mef, between, credential=self.world.maf_at_mef)
        self.device = Client(Token(kind, directory / "token"), directory / "home", DEVICE, self.maf, address=to_maf, mef=self.mef,
                             mef_address=to_mef)
        self.device.import_km(self.world.device["kmid"], self.world.device["km"])
        self.target = Client(Token("softhsm", directory / "token2"), directory / "target", "//in.provider.com/cse1/Ctarget", self.maf)
        known = self.maf.add_client(self.target.id)
        self.target.import_km(known["kmid"], known["km"])
        self.walking = None

    def kill_device(self):
        if self.walking is not None:
            self.walking.kill()

    def kills(self, who):
        """Of a server: its worker; its supervisor, with all. Ways to be dead at once."""
        if who == "device":
            return [self.kill_device]
        server = getattr(self, who)
        return [lambda: [os.kill(pid, signal.SIGKILL) for pid in server.worker_pids()], server.crash]

    def revive(self):
        """What a service manager does."""
        for server in (self.mef, self.maf):
            if server.process is None:
                server.start()

    def enrol(self, *options):
        """One run of the command."""
        self.revive()
        self.walking = subprocess.Popen([*self.device.command(), "enrol", "--stakeholder", ADMIN, *options], env=self.device.token.env(),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self.walking.communicate(timeout=60)[1]
        # 3: try again later. A MAF that cannot ask its MEF refuses as one that was told no.
        assert self.walking.returncode in (0, 3, -signal.SIGKILL) or "refused the handshake" in said, said
        return self.walking.returncode == 0

    def walk(self, *options):
        """Until it is done; the bound is only against hanging for ever."""
        if not self.enrol(*options):
            wait_for(self.enrol, "the walk does not complete", 60)

    def check(self):
        """Nothing is in the way: one registration, one KmID, both ends mean the same, and it is good for distributing a key."""
        self.wire.arm(None, None)
        self.revive()
        [registration] = self.maf.adm_json("registration", "list")
        kmids = [c["kmid"] for c in self.device.json("credential", "list") if c["credentialID"].startswith("11-")]
        assert [registration["assignedSymmKeyID"]] == kmids and registration["id"] == DEVICE
        key = self.device.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", self.target.id)["keyIdentifier"]
        self.target.maf("key", "retrieve", key)
        assert [k["check"] for k in self.target.json("key", "list") if k["keyIdentifier"] == key] == \
            [k["check"] for k in self.device.json("key", "list") if k["keyIdentifier"] == key]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()
        self.world.__exit__()


def records_of_a_renewal(stage):
    stage.wire.arm(None, None)
    stage.walk("--renew")
    assert stage.wire.count > 30  # four handshakes, a fetch, an update, the first use
    return stage.wire.count


@pytest.mark.slow
@pytest.mark.parametrize("who", ["device", "mef", "maf"])
def test_MEF_RP_2_MEF_RP_5_killed_at_every_record(who, tmp_path):
    with Stage(tmp_path) as stage:
        stage.walk()
        records = records_of_a_renewal(stage)
        rounds = [(at, kill) for at in range(records) for kill in stage.kills(who)]
        for n, (at, kill) in enumerate(rounds):
            stage.wire.arm(at, kill)
            stage.walk("--renew")
            if n % 5 == 0 or n == len(rounds) - 1:
                stage.check()
        assert stage.wire.acted > 0.9 * len(rounds)  # a walk may need a record less than another


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_MEF_RP_2_killed_here_and_there_in_a_first_walk(kind, tmp_path):
    """The device is new each time; up to three parties are killed in one walk, at random."""
    chance = random.Random(6)
    with Stage(tmp_path, kind) as stage:
        for _ in range(6):
            def again(left):
                kill = chance.choice(stage.kills(chance.choice(("device", "mef", "maf"))))
                stage.wire.arm(chance.randrange(40), lambda: (kill(), left and again(left - 1)))
            again(2)
            stage.walk()
            stage.check()
            stage.device.maf("deregister", "--stakeholder", ADMIN)
        assert stage.wire.acted >= 6
