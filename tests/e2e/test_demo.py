"""The demonstration, from nothing: two devices get a Kc from a MAF and talk with it; on either kind of token; provisioned by a MEF."""
import os
import subprocess

import pytest
from harness.build import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--tpm"], ["--mef"]], ids=["softhsm", "swtpm", "mef"])
def test_demo(options, tmp_path):
    env = dict(os.environ, TMPDIR=str(tmp_path))
    done = subprocess.run([ROOT / "ci" / "demo", *options], capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "keys (raw, hex, base64): 0 found" in done.stdout and "valve: openssl here" in done.stdout
    assert list(tmp_path.iterdir()) == []
