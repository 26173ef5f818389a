"""A fleet comes back after a power cut: 5 000 devices handshake within a few seconds, and every one is served."""
import json
import os
import subprocess

import pytest
from harness.build import program
from harness.maf import ADMIN, FQDN, Maf
from harness.token import Token

DEVICES = 5000


def resident(pids):
    """MiB of private memory."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith(("Private_Clean", "Private_Dirty")))
    return total // 1024


@pytest.mark.slow
@pytest.mark.parametrize("custody", ["psk", "session"])
def test_restart_storm(custody, tmp_path):
    with Maf(Token("softhsm", tmp_path / "token"), tmp_path / "maf", custody=custody, workers=2,
             settings=[("coaps", "listen", "127.0.0.1:0"), ("coaps", "max-sessions", "4000"),
                       ("coaps", "max-sessions-per-address", "10000")]) as maf:
        fleet = tmp_path / "fleet"
        fleet.touch(mode=0o600)
        fleet.write_text("".join(f"//sp.example.com/cse1/C{i} km-{i}@{FQDN} {os.urandom(32).hex()}\n" for i in range(DEVICES)))
        maf.adm("client", "import", str(fleet), "--stakeholder", ADMIN)
        workers, before = maf.worker_pids(), resident(maf.worker_pids())
        port = (maf.dir / "run" / "coaps.port").read_text().strip()
        grown = []
        for _ in range(3):
            storm = subprocess.run([program("test-storm"), "127.0.0.1", port, FQDN, str(fleet), str(DEVICES)],
                                   capture_output=True, text=True, timeout=240)
            assert storm.returncode == 0, storm.stderr
            assert json.loads(storm.stdout)["served"] == DEVICES
            assert maf.worker_pids() == workers, "a worker died"
            grown.append(resident(workers) - before)
        print(f"custody {custody}: {storm.stdout.strip()}, memory grew by {grown} MiB")
        # keys of 4096 devices stay loaded in each worker, and what the sessions of the first storm were made of is used
        # again by those of the others: how much that is, depends on how many of them were open at once
        assert grown[0] < 600
        assert grown[2] < 1.2 * grown[1]
