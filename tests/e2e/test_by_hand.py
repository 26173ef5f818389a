"""Devices that are a shell script and tools that we did not write, from Kpm to a distributed key (by_hand/walk.sh)."""
import os
import pathlib
import subprocess

import pytest
from harness.maf import ADMIN
from harness.walk import MAF_FQDN, World

WALK = pathlib.Path(__file__).parent / "by_hand" / "walk.sh"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    # coap-client names the host of its URI as server, so the MAF answers to localhost too
    with World(tmp_path_factory.mktemp("by-hand"), maf_settings=[("maf", "aliases", "localhost")]) as running:
        yield running


def environment(world, name, binding, tmp_path):
    """Two devices that the MEF knows and the MAF permits."""
    port = "coaps_port" if binding == "coaps" else "port"
    env = {"MEF": f"127.0.0.1:{getattr(world.mef, port)}", "MAF": f"127.0.0.1:{getattr(world.maf, port)}",
           "MEF_FQDN": world.mef.fqdn, "MAF_FQDN": MAF_FQDN, "ADMIN": ADMIN}
    for role in ("SOURCE", "TARGET"):
        identity = f"//in.provider.com/{name}/C{role.lower()}"
        device = world.add_device(identity)
        kpm = tmp_path / role
        kpm.write_text(device["km"])
        env |= {role: identity, role + "_KPMID": device["kmid"], role + "_KPM": str(kpm)}
    return env


@pytest.mark.parametrize("binding", ["https", "coaps"])
@pytest.mark.parametrize("tool", ["openssl", "gnutls"])
def test_MEF_RP_2_MEF_EK_1_MAF_CR_6_a_device_by_hand(world, tool, binding, tmp_path):
    env = environment(world, f"{tool}-{binding}", binding, tmp_path)
    done = subprocess.run([WALK, tool, binding], env={**os.environ, **env}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("retrieved it: the same 32 octets\n")
    # both were enrolled, known by KeID, then by KmID; and the key is the Source's for the Target
    listed = {c["kmid"]: c["id"] for c in world.maf.adm_json("client", "list")}
    for role in ("SOURCE", "TARGET"):
        assert sum(i == env[role] and k.endswith("@" + MAF_FQDN) for k, i in listed.items()) == 1
