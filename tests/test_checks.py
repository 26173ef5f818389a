"""What a machine can say about the source itself: format, clang-tidy, man pages, layering, generated documents."""
import pathlib
import re
import subprocess
import sys

import pytest

from harness.build import ROOT, build_dir

FOLDERS = ("src", "hsm", "tpm", "provisioning", "tests", "docs")


def sources(*endings):
    return sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*") if p.suffix in endings)


def test_format():
    files = [str(p) for p in sources(".c", ".h")]
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]


def tidy_groups():
    """clang-tidy is slow: the product's files, in groups that two processes can share."""
    files = [p for p in sources(".c") if "tests" not in p.parts]
    return [files[i::8] for i in range(8)]


@pytest.mark.slow
@pytest.mark.parametrize("group", range(8))
def test_tidy(group):
    # One process a file: in a process of several, clang-tidy 14 finds va_list faults that are not there.
    said = ""
    for path in tidy_groups()[group]:
        result = subprocess.run(["clang-tidy", "-p", str(build_dir("sanitize")), "--quiet", str(path)],
                                capture_output=True, text=True)
        said += result.stdout if result.returncode != 0 else ""
    assert not said, said[-5000:]


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "man").glob("*.[1-9]")), ids=lambda p: p.name)
def test_man_page(page):
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_every_key_of_the_configuration_is_in_its_man_page():
    keys = re.findall(r"(?:TEXT|NUMBER)\(\"[\w+]+\", \"([a-z-]+)\"", (ROOT / "src" / "daemon" / "config_keys.c").read_text())
    assert len(keys) > 15
    pages = "".join((ROOT / "docs" / "man" / f"{name}.conf.5").read_text() for name in ("mafd", "mefd"))
    assert [k for k in keys if not re.search(rf"^\.It Cm.*\b{k}\b", pages, re.M)] == []


# A module may include only what stands before it (docs/architecture.md).
LAYERS = ["util", "se", "tls", "provider", "onem2m", "pki", "coap", "derive", "store", "maf", "mef", "bind", "est", "client", "daemon", "cli"]
# se and tls know nothing of oneM2M, bind and client nothing of each other, client nothing of the server side.
FORBIDDEN = {"client": {"store", "maf", "mef", "bind", "est"}, "onem2m": {"se", "tls"}, "store": {"coap"}, "maf": {"coap"}, "mef": {"coap"}}


def test_layers():
    bad = []
    for path in sources(".c", ".h"):
        parts = path.relative_to(ROOT).parts
        if parts[0] != "src":
            continue
        module = parts[1]
        for name in re.findall(r'#include "([a-z0-9]+)/', path.read_text()):
            if name in LAYERS and (LAYERS.index(name) > LAYERS.index(module) or name in FORBIDDEN.get(module, ())):
                bad.append(f"{path.relative_to(ROOT)} includes {name}/")
    assert not bad, bad


def test_plugins_know_only_their_table():
    for path in sources(".c", ".h"):
        if path.relative_to(ROOT).parts[0] in ("hsm", "tpm"):
            used = set(re.findall(r'#include "([a-z0-9]+)/', path.read_text()))
            assert used <= {"se", "util", "hsm", "tpm"}, f"{path}: {used}"


def test_maf_command_uses_only_the_public_header():
    for path in (ROOT / "src" / "cli").glob("maf*.[ch]"):
        if path.name.startswith("mafadm"):
            continue
        for name in re.findall(r'#include "([^"]+)"', path.read_text()):
            assert name.startswith("cli/") or name == "openmaf.h", f"{path.name} includes {name}"


def test_top_level():
    result = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    top = {line.split("/")[0] for line in result.stdout.splitlines()}
    allowed = {"CMakeLists.txt", "CMakePresets.json", "src", "hsm", "tpm", "provisioning", "tests", "ci", "docs",
               "README.md", "LICENSE"}
    assert {t for t in top if not t.startswith(".")} <= allowed


def test_conformance_table_is_current():
    result = subprocess.run([sys.executable, str(ROOT / "docs" / "conformance.py"), "--check"], capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stdout + result.stderr
