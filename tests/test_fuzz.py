"""Runs each libFuzzer target for a minute from its seeds: no crash, no sanitizer report, no input that takes long."""
import subprocess

import pytest

from harness.build import ROOT, build_dir

SECONDS = 60
SUBJECTS = sorted(p.name for p in (ROOT / "tests" / "fuzz" / "corpus").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS)
def test_fuzz(subject, tmp_path):
    found = tmp_path / "found"
    found.mkdir()
    program = build_dir("fuzz") / "bin" / f"fuzz-{subject}"
    result = subprocess.run([str(program), f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
                             f"-artifact_prefix={tmp_path}/", str(found), str(ROOT / "tests" / "fuzz" / "corpus" / subject)],
                            capture_output=True, text=True, timeout=SECONDS + 120)
    assert result.returncode == 0, result.stderr[-4000:]
    assert "DONE" in result.stderr or "Done" in result.stderr
