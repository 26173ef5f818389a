"""The story of the README, with `maf` at both ends, and with third-party TLS stacks at one end."""
import hashlib
import hmac
import json
import re
import subprocess

import pytest
from harness.build import program
from harness.client import BINDINGS, Client
from harness.maf import ADMIN, FQDN, Failed, Maf
from harness.peers import LABEL, GnutlsPeer, OpensslPeer, http
from harness.token import Token

LATER = "20991231T235959"


def check_value(key):
    """The key check value that `maf` shows (maf(1))."""
    return hmac.new(key, b"openmaf key check value", hashlib.sha256).digest()[:8].hex()


@pytest.fixture(scope="module", params=[(k, c) for k in ("softhsm", "softokn", "swtpm-plain") for c in ("session", "psk")],
                ids="-".join)
def world(request, tmp_path_factory):
    kind, custody = request.param
    base = tmp_path_factory.mktemp("story")
    with Maf(Token(kind, base / "token"), base / "maf", custody=custody) as maf:
        yield maf, base, kind, custody


_n = iter(range(10 ** 6))


def make_client(world, registered=True, **how):
    maf, base, kind, custody = world
    n = next(_n)
    identity = f"//sp.example.com/cse{n}/Cae{n}"
    credential = maf.add_client(identity)
    client = Client(Token(kind, base / f"token{n}"), base / f"home{n}", identity, maf, custody=custody, **how)
    client.import_km(credential["kmid"], credential["km"])
    if registered:
        client.register()
    client.credential = credential
    return client


@pytest.mark.parametrize("to", BINDINGS)
@pytest.mark.parametrize("by", BINDINGS)
def test_MAF_KR_15_both_ends_hold_the_same_exporter_key(world, by, to):
    """Whatever binding the Source speaks, and whatever the Target."""
    source, target = make_client(world, binding=by), make_client(world, binding=to)
    key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target.id)
    got = target.json("key", "retrieve", key["keyIdentifier"], "--show-value")
    assert got["check"] == key["check"] == check_value(bytes.fromhex(got["value"]))
    assert source.json("key", "list")[0]["check"] == target.json("key", "list")[0]["check"]


@pytest.mark.parametrize("binding", BINDINGS)
def test_MAF_KR_2_generated_key(world, binding):
    source, target = make_client(world, binding=binding, format="cbor"), make_client(world, binding=binding)
    key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "34", "--target", target.id, "--generate",
                      "--label", "floor:1", "--expires", "30d")
    got = target.json("key", "retrieve", key["keyIdentifier"])
    assert got["check"] == key["check"] and got["suid"] == 34 and "value" not in got


@pytest.mark.parametrize("format", ["json", "cbor"])
@pytest.mark.parametrize("binding", BINDINGS)
def test_MAF_CR_8_the_whole_life(world, tmp_path, binding, format):
    maf = world[0]
    source, target = (make_client(world, binding=binding, format=format) for _ in range(2))
    path = tmp_path / "cfg.json"
    cfg = {"krgc": [{"adfq": ADMIN, "suid": 32}]}
    path.write_text(json.dumps(cfg))
    maf.adm("client", "config", "--id", source.id, "--stakeholder", ADMIN, "--file", str(path))
    assert json.loads(source.maf("config", "--stakeholder", ADMIN, "--json"))["mafClientCfg"] == cfg
    source.maf("update", "--stakeholder", ADMIN, "--label", "new", "--expires", "10d")
    key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "34", "--target", target.id)["keyIdentifier"]
    assert target.json("key", "retrieve", key)["suid"] == 34
    assert key.split("@")[0] in source.json("discover")
    other = make_client(world, binding=binding, format=format)
    source.maf("key", "update", key, "--target", other.id)
    with pytest.raises(Failed, match="4103"):
        target.maf("key", "retrieve", key)
    assert other.json("key", "retrieve", key)
    source.maf("key", "deregister", key)
    with pytest.raises(Failed, match="4004"):
        other.maf("key", "retrieve", key)
    source.maf("deregister", "--stakeholder", ADMIN)
    with pytest.raises(Failed):
        source.maf("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target.id)


FOREIGN = {
    "openssl": OpensslPeer,
    "gnutls": GnutlsPeer,
    # CBC records with the MAC inside: other code in OpenSSL, and no IV from the key block there either (docs/adr/0007)
    "openssl-no-etm": lambda maf, c: OpensslPeer(maf, c, extra=["-no_etm"]),
    "gnutls-no-etm": lambda maf, c: GnutlsPeer(maf, c, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+PSK:%NO_ETM"),
}


@pytest.mark.parametrize("peer_name", FOREIGN)
def test_MAF_KR_10_third_party_source_and_maf_target(world, peer_name):
    """A Source that is not ours registers; its own exporter gives the identifier and the key that `maf` retrieves."""
    maf, peer_class = world[0], FOREIGN[peer_name]
    target = make_client(world)
    source = maf.add_client(f"//sp.example.com/cse1/Cforeign{next(_n)}")
    with peer_class(maf, source) as peer:
        body = {"sec:mafcr": {"et": LATER, "adfq": ADMIN}}
        assert peer.request(http("POST", "/_/maf.example.com/-", source["id"], json.dumps(body).encode(), 20002)).rsc == 2001
        body = {"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target.id]}}
        answer = peer.request(http("POST", "/_/maf.example.com/-", source["id"], json.dumps(body).encode(), 20003))
        assert answer.rsc == 2001
        rel = answer.json()["sec:skr"]["rn"]
        assert rel == peer.exported[:16].hex().upper()
    got = target.json("key", "retrieve", f"{rel}@{FQDN}", "--show-value")
    assert bytes.fromhex(got["value"]) == peer.exported[16:]


def test_MAF_KT_7_maf_source_and_third_party_target(world):
    maf = world[0]
    source = make_client(world)
    target = maf.add_client(f"//sp.example.com/cse1/Cforeign{next(_n)}")
    key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target["id"])
    with GnutlsPeer(maf, target) as peer:
        answer = peer.request(http("GET", f"/_/maf.example.com/-/{key['keyIdentifier'].split('@')[0]}", target["id"]))
    import base64
    value = base64.b64decode(answer.json()["sec:skr"]["kyv"])
    assert check_value(value) == key["check"]


class OpensslServer:
    """`openssl s_server` in the MAF's place: the test reads what the client sends and types the answer."""

    def __init__(self, credential):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-nocert", "-psk", credential["km"], "-psk_identity",
             credential["kmid"], "-cipher", "PSK-AES128-CBC-SHA256", "-tls1_2", "-keymatexport", LABEL, "-keymatexportlen",
             "48", "-servername", FQDN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.text = ""
        self.port = int(self.read(r"ACCEPT 127\.0\.0\.1:(\d+)"))

    def read(self, pattern):
        import os
        import select
        import time
        deadline = time.monotonic() + 30
        while True:
            found = re.search(pattern, self.text, re.S)
            if found:
                return found.group(1)
            assert time.monotonic() < deadline, self.text
            if select.select([self.process.stdout], [], [], 1)[0]:
                more = os.read(self.process.stdout.fileno(), 65536).decode("latin-1")
                assert more, self.text
                self.text += more

    def answer(self, status, headers, body):
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Content-Type: application/json", "", body]
        self.process.stdin.write("\r\n".join(lines).encode())
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def test_MAF_KR_15_maf_against_a_third_party_server(world):
    """The reverse: openssl plays the MAF, and its exporter gives what `maf` then holds in its token."""
    base, kind, custody = world[1:]
    credential = {"kmid": f"km@{FQDN}", "km": "6f" * 32}
    server = OpensslServer(credential)
    try:
        n = next(_n)
        client = Client(Token(kind, base / f"token{n}"), base / f"home{n}", "//sp.example.com/cse1/Cx", fqdn=FQDN,
                        address=f"127.0.0.1:{server.port}", custody=custody)
        client.import_km(credential["kmid"], credential["km"])
        child = subprocess.Popen([program("maf"), "--home", str(client.home), "key", "register", "--stakeholder", ADMIN,
                                  "--suid", "32", "--target", "//sp.example.com/cse1/Cy", "--expires", LATER, "--json"],
                                 env=client.token.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        exported = bytes.fromhex(server.read(r"Keying material: ([0-9A-F]{96})"))
        rqi = server.read(r"(?i)x-m2m-ri: *([^\r\n]+)\r\n.*\r\n\r\n\{.*\}\}")
        rel = exported[:16].hex().upper()
        body = {"sec:skr": {"rn": rel, "ri": rel, "ty": 20003, "pi": "maf", "ct": "20260101T000000", "lt": "20260101T000000",
                            "et": LATER, "cr": client.id, "adfq": ADMIN, "suid": 32, "tgis": ["//sp.example.com/cse1/Cy"]}}
        server.answer(201, ["X-M2M-RSC: 2001", f"X-M2M-RI: {rqi}", "X-M2M-RVI: 3"], json.dumps(body))
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        key = json.loads(out)
        assert key["keyIdentifier"] == f"{rel}@{FQDN}" and key["check"] == check_value(exported[16:])
    finally:
        server.close()
