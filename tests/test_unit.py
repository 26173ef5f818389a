"""Runs every unit test of every build that ci/test made (gcc; clang with sanitizers), one pytest case each."""
import json
import subprocess

import pytest

from harness.build import build_dir, release_build

PRESETS = ("release", "sanitize")


def ctest_names():
    for preset in PRESETS:
        path = release_build() if preset == "release" else build_dir(preset)
        if preset != "release" and not (path / "CTestTestfile.cmake").exists():
            continue
        shown = subprocess.run(["ctest", "--test-dir", str(path), "--show-only=json-v1"], capture_output=True,
                               text=True, check=True)
        for test in json.loads(shown.stdout)["tests"]:
            marks = [] if preset == "release" else [pytest.mark.slow]
            yield pytest.param(path, test["name"], id=f"{preset}-{test['name']}", marks=marks)


@pytest.mark.parametrize("path,name", ctest_names())
def test_unit(path, name):
    result = subprocess.run(["ctest", "--test-dir", str(path), "-R", f"^{name}$", "--output-on-failure",
                             "--no-tests=error"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-6000:]
