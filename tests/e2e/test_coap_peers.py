"""CoAP with clients that we did not write: coap-client-openssl and coap-client-gnutls, each with the real Km."""
import base64
import json
import os
import re
import subprocess

import pytest
from harness import coap
from harness.coap import CoapPeer
from harness.maf import ADMIN, Maf
from harness.peers import OpensslPeer, http
from harness.token import Token

LATER = "20991231T235959"
METHODS = {1: "get", 2: "post", 3: "put", 4: "delete"}


@pytest.fixture(scope="module")
def maf(tmp_path_factory):
    """coap-client sends the host of its URI as server name, so this MAF answers to localhost too."""
    base = tmp_path_factory.mktemp("peers")
    with Maf(Token("softhsm", base / "token"), base / "maf", settings=[("maf", "aliases", "localhost")]) as running:
        yield running


class Said:
    """What coap-client logs of a response. It knows no oneM2M options; they are critical, so it goes no further than the log."""

    def __init__(self, line):
        found = re.match(r"v:1 t:\w+ c:(\d)\.(\d\d) i:\w+ \{\w*\} \[(.*?)\](?: :: '(.*)')?$", line)
        assert found, line
        self.code = (int(found.group(1)), int(found.group(2)))
        rsc = re.search(r"307:((?:\\x[0-9A-F]{2})+)", found.group(3))
        self.rsc = int(rsc.group(1).replace("\\x", ""), 16)
        self.payload = found.group(4)


def coap_client(tool, maf, client, code, path, ty=None, content=None, scheme="coaps"):
    port = maf.coaps_port if scheme == "coaps" else maf.coaps_tcp_port
    options = [f"279,{client['id']}", "283,r1", "271,3"] + ([f"267,0x{ty:04x}"] if ty else [])
    command = [f"coap-client-{tool}", "-v", "7", "-B", "1", "-u", client["kmid"].encode(), "-k", bytes.fromhex(client["km"]),
               "-m", METHODS[code], "-A", "50", *[word for option in options for word in ("-O", option)]]
    if content is not None:
        command += ["-t", "50", "-e", json.dumps(content)]
    result = subprocess.run([*command, f"{scheme}://localhost:{port}/_/{maf.fqdn}/{path}"], capture_output=True, timeout=60)
    lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
    answers = [line for line in lines if line.startswith("v:1 t:") and re.search(r" c:[245]\.", line)]
    assert len(answers) == 1, lines
    return Said(answers[0])


def km_without_nul(maf, identity):
    """coap-client takes the key as text."""
    km = bytes(os.urandom(32)).replace(b"\0", b"\1")
    path = maf.dir.parent / "km"
    path.touch(mode=0o600)
    path.write_text(km.hex())
    kmid = json.loads(maf.adm("client", "add", "--id", identity, "--stakeholder", ADMIN, "--km-file", str(path), "--json"))["kmid"]
    path.unlink()
    return {"id": identity, "kmid": kmid, "km": km.hex()}


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
@pytest.mark.parametrize("tool", ["openssl", "gnutls"])
def test_register_and_retrieve(tool, scheme, maf):
    source = km_without_nul(maf, f"//sp.example.com/{tool}-{scheme[-3:]}/Csource")
    target = km_without_nul(maf, f"//sp.example.com/{tool}-{scheme[-3:]}/Ctarget")
    registered = coap_client(tool, maf, source, 2, "-", 20002, {"sec:mafcr": {"et": LATER, "adfq": ADMIN}}, scheme)
    assert (registered.code, registered.rsc) == ((2, 1), 2001)
    value = os.urandom(32)
    attributes = {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]], "kyv": base64.b64encode(value).decode()}
    key = coap_client(tool, maf, source, 2, "-", 20003, {"sec:skr": attributes}, scheme)
    assert (key.code, key.rsc) == ((2, 1), 2001)
    name = json.loads(key.payload)["sec:skr"]["rn"]
    got = coap_client(tool, maf, target, 1, f"-/{name}", scheme=scheme)
    assert (got.code, got.rsc) == ((2, 5), 2000)
    assert base64.b64decode(json.loads(got.payload)["sec:skr"]["kyv"]) == value
    assert coap_client(tool, maf, source, 1, f"-/{name}", scheme=scheme).rsc in (4103, 4004)
    gone = coap_client(tool, maf, source, 4, f"-/{name}", scheme=scheme)
    assert (gone.code, gone.rsc) == ((2, 2), 2002)
    assert name not in str(maf.adm_json("key", "list"))


def options(client, path, ty=None, body=False):
    found = [(coap.URI_PATH, s.encode()) for s in path.split("/")]
    found += [(coap.FR, client["id"].encode()), (coap.RQI, b"r1"), (coap.RVI, b"3")]
    return found + ([(coap.TY, coap.uint(ty))] if ty else []) + ([(coap.CONTENT_FORMAT, coap.uint(50))] if body else [])


def create(peer, client, ty, member, attributes):
    return peer.request(2, options(client, "-", ty, True), json.dumps({member: attributes}).encode())


@pytest.mark.parametrize("tcp", [False, True])
def test_MAF_KT_1_source_on_coap_and_target_on_https_have_the_same_key(tcp, maf):
    source, target = (maf.add_client(f"//sp.example.com/both{tcp:d}/C{name}") for name in ("source", "target"))
    with CoapPeer(maf, source, tcp=tcp) as peer:
        assert create(peer, source, 20002, "sec:mafcr", {"et": LATER, "adfq": ADMIN}).rsc == 2001
        key = create(peer, source, 20003, "sec:skr", {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]]})
        assert key.rsc == 2001
        assert json.loads(key.payload)["sec:skr"]["rn"] == peer.exported[:16].hex().upper()
        assert key.all(coap.LOCATION_PATH)[-1].decode() == peer.exported[:16].hex().upper()
    name, value = peer.exported[:16].hex().upper(), peer.exported[16:]
    with OpensslPeer(maf, target) as peer:
        assert base64.b64decode(peer.request(http("GET", f"/-/{name}", target["id"])).json()["sec:skr"]["kyv"]) == value


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("block", [16, 64, 256, 1024])
def test_blocks_of_another_implementation(block, tcp, maf):
    client = maf.add_client(f"//sp.example.com/block{block}-{tcp:d}/Cx")
    labels = [f"key{i}:{i:0100}" for i in range(20)]
    with CoapPeer(maf, client, tcp=tcp, block=block) as peer:
        answer = create(peer, client, 20002, "sec:mafcr", {"et": LATER, "adfq": ADMIN, "lbl": labels})
        assert answer.rsc == 2001, answer
        assert json.loads(answer.payload)["sec:mafcr"]["lbl"] == labels
        got = peer.request(1, options(client, "-/" + json.loads(answer.payload)["sec:mafcr"]["ri"]))
        assert got.rsc in (2000, 4004, 4103), got


def test_non_confirmable_of_another_implementation(maf):
    client = maf.add_client("//sp.example.com/non/Cx")
    with CoapPeer(maf, client) as peer:
        assert peer.request(1, options(client, "-"), kind="NON").rsc == 2000
