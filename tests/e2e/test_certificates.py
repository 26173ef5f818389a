"""A MAF with certificates beside pre-shared keys, seen by clients that we did not write: curl, openssl, gnutls-cli, libcoap."""
import base64
import json
import re
import subprocess

import pytest
from harness.authorities import Certified
from harness.coap import CoapPeer
from harness.maf import ADMIN, FQDN, Maf, run
from harness.peers import LABEL, GnutlsPeer, HandshakeFailed, OpensslPeer, http
from harness.token import Token

LATER = "20991231T235959"
OTHER = "other.example.com"
_n = iter(range(10 ** 6))


@pytest.fixture(scope="module", params=[("softhsm", "session"), ("softhsm", "psk"), ("softokn", "session")], ids="-".join)
def maf(request, tmp_path_factory):
    kind, custody = request.param
    base = tmp_path_factory.mktemp("certificates")
    maf = Maf(Token(kind, base / "token"), base / "maf", custody=custody, settings=[("maf", "aliases", f"localhost {OTHER}")])
    maf.certified = Certified(maf, base / "pki")
    maf.certified.serve("certificate2", "second", [OTHER], "pkcs11:object=second;type=private")
    with maf:
        yield maf


def ae(maf, name):
    return maf.certified.ae(f"//sp.example.com/cse{next(_n)}/C{name}")


def psk(maf, name):
    return maf.add_client(f"//sp.example.com/cse{next(_n)}/C{name}")


def curl(maf, client, method, path, member=None, attributes=None, ty=None):
    """One request in a session of its own; returns the response status code of oneM2M and the content."""
    own = client["certificate"]
    command = ["curl", "-sS", "-i", "--http1.1", "--cert", str(own.sent), "--key", str(own.key), "--cacert", client["anchors"],
               "--resolve", f"{FQDN}:{maf.port}:127.0.0.1", "-X", method, "-H", f"X-M2M-Origin: {client['id']}", "-H", "X-M2M-RI: r1",
               "-H", "X-M2M-RVI: 3"]
    if member:
        command += ["-H", "Content-Type: application/json" + (f";ty={ty}" if ty else ""), "-d", json.dumps({member: attributes})]
    head, _, body = run([*command, f"https://{FQDN}:{maf.port}/{path}"]).partition("\n\n")
    rsc = int(re.search(r"(?i)x-m2m-rsc: *(\d+)", head).group(1))
    return rsc, next(iter(json.loads(body).values())) if body else None


def test_curl_does_all_procedures(maf, tmp_path):
    source, target = ae(maf, "source"), ae(maf, "target")
    path = tmp_path / "cfg.json"
    path.write_text(json.dumps({"krgc": [{"adfq": ADMIN, "suid": 32}]}))
    maf.adm("client", "config", "--id", source["id"], "--stakeholder", ADMIN, "--file", str(path))
    rsc, registration = curl(maf, source, "POST", "-", "sec:mafcr", {"et": LATER, "adfq": ADMIN}, 20002)
    assert rsc == 2001
    rsc, cfg = curl(maf, source, "GET", f"-/{registration['ri']}?atrl=mccf")
    assert rsc == 2000 and cfg["mccf"]["krgc"]
    assert curl(maf, source, "PUT", f"-/{registration['ri']}", "sec:mafcr", {"lbl": ["floor:1"]})[0] == 2004
    value = bytes(range(32))
    attributes = {"et": LATER, "adfq": ADMIN, "suid": 34, "tgis": [target["id"]], "kyv": base64.b64encode(value).decode()}
    rsc, key = curl(maf, source, "POST", "-", "sec:skr", attributes, 20003)
    assert rsc == 2001
    rsc, got = curl(maf, target, "GET", f"-/{key['rn']}")
    assert rsc == 2000 and base64.b64decode(got["kyv"]) == value
    assert curl(maf, source, "PUT", f"-/{key['rn']}", "sec:skr", {"tgis": [source["id"]]})[0] == 2004
    assert curl(maf, target, "GET", f"-/{key['rn']}")[0] == 4103
    assert curl(maf, source, "DELETE", f"-/{key['rn']}")[0] == 2002
    assert curl(maf, source, "DELETE", f"-/{registration['ri']}")[0] == 2002
    assert curl(maf, source, "POST", "-", "sec:skr", attributes, 20003)[0] == 4103


NO_ETM = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:%NO_ETM"
SOURCES = {
    **{suite: lambda maf, c, suite=suite: OpensslPeer(maf, c, suite=suite)
       for suite in ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM", "ECDHE-ECDSA-AES128-CCM8")},
    "openssl-no-etm": lambda maf, c: OpensslPeer(maf, c, extra=["-no_etm"]),
    "gnutls": GnutlsPeer,
    "gnutls-no-etm": lambda maf, c: GnutlsPeer(maf, c, NO_ETM),
}


def register_key(maf, peer, source, target):
    create = json.dumps({"sec:mafcr": {"et": LATER, "adfq": ADMIN}}).encode()
    assert peer.request(http("POST", "/-", source["id"], create, 20002)).rsc == 2001
    body = {"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]]}}
    answer = peer.request(http("POST", "/-", source["id"], json.dumps(body).encode(), 20003))
    assert answer.rsc == 2001, answer
    return answer.json()["sec:skr"]["rn"]


def retrieved(maf, client, name, peer=OpensslPeer):
    with peer(maf, client) as session:
        return base64.b64decode(session.request(http("GET", f"/-/{name}", client["id"])).json()["sec:skr"]["kyv"])


@pytest.mark.parametrize("name", SOURCES)
def test_MAF_HS_5_MAF_KR_10_exporters_agree(maf, name):
    """What a foreign exporter says of the session is what the MAF keeps, octet for octet; a Target with a Km gets it."""
    source, target = ae(maf, "source"), psk(maf, "target")
    with SOURCES[name](maf, source) as peer:
        key = register_key(maf, peer, source, target)
    assert key == peer.exported[:16].hex().upper()
    assert retrieved(maf, target, key) == peer.exported[16:]


@pytest.mark.parametrize("peer", [OpensslPeer, GnutlsPeer])
def test_MAF_HS_4_a_mixed_fleet_shares_keys(maf, peer):
    source, target = psk(maf, "source"), ae(maf, "target")
    with peer(maf, source) as session:
        key = register_key(maf, session, source, target)
    assert retrieved(maf, target, key, peer) == session.exported[16:]


@pytest.mark.parametrize("tcp", [False, True], ids=["dtls", "tcp"])
def test_a_client_that_can_do_both_has_a_pre_shared_key(maf, tcp):
    """Certificates are served behind pre-shared keys, and who has none of those is not asked for one."""
    both = dict(psk(maf, "both"), certificate=ae(maf, "unused")["certificate"])
    with OpensslPeer(maf, both, suite="ECDHE-ECDSA-AES128-SHA256:PSK-AES128-CBC-SHA256") as peer:
        assert "PSK-AES128-CBC-SHA256" in peer.preamble and "Acceptable client certificate" not in peer.preamble
    CoapPeer(maf, both, tcp=tcp).close()


def test_MAF_HS_8_the_server_name_picks_the_certificate(maf):
    def served(name):
        with OpensslPeer(maf, client, sni=name) as peer:
            return re.search(r"subject=CN = (\S+)", peer.preamble).group(1)

    client = ae(maf, "named")
    assert served(FQDN) == served("localhost") == served("MAF.Example.COM") == served("") == FQDN
    assert served(OTHER) == OTHER
    with pytest.raises(HandshakeFailed) as failed:
        served("third.example.com")
    assert "unrecognized name" in failed.value.output


def coap_client(tool, maf, client, port, scheme, path, method, ty=None, content=None):
    own = client["certificate"]
    options = [f"279,{client['id']}", "283,r1", "271,3"] + ([f"267,0x{ty:04x}"] if ty else [])
    command = [f"coap-client-{tool}", "-v", "7", "-B", "1", "-c", str(own.sent), "-j", str(own.key), "-C", client["anchors"], "-m",
               method, "-A", "50", *[word for option in options for word in ("-O", option)]]
    if content is not None:
        command += ["-t", "50", "-e", json.dumps(content)]
    said = subprocess.run([*command, f"{scheme}://localhost:{port}/{path}"], capture_output=True, timeout=60)
    lines = (said.stdout + said.stderr).decode(errors="replace").splitlines()
    answers = [line for line in lines if line.startswith("v:1 t:") and re.search(r" c:[245]\.", line)]
    assert len(answers) == 1, lines
    rsc = re.search(r"307:((?:\\x[0-9A-F]{2})+)", answers[0])
    return int(rsc.group(1).replace("\\x", ""), 16), (re.search(r" :: '(.*)'$", answers[0]) or [None, None])[1]


@pytest.mark.parametrize("maf", [("softhsm", "session")], ids="-".join, indirect=True)
@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
@pytest.mark.parametrize("tool", ["openssl", "gnutls"])
def test_MAF_HS_4_libcoap_with_certificates(maf, tool, scheme):
    source, target = ae(maf, "source"), ae(maf, "target")
    port = maf.coaps_port if scheme == "coaps" else maf.coaps_tcp_port

    def call(client, path, method, *what):
        return coap_client(tool, maf, client, port, scheme, path, method, *what)

    assert call(source, "-", "post", 20002, {"sec:mafcr": {"et": LATER, "adfq": ADMIN}})[0] == 2001
    value = bytes(range(32))
    attributes = {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]], "kyv": base64.b64encode(value).decode()}
    rsc, key = call(source, "-", "post", 20003, {"sec:skr": attributes})
    assert rsc == 2001
    rsc, got = call(target, f"-/{json.loads(key)['sec:skr']['rn']}", "get")
    assert rsc == 2000 and base64.b64decode(json.loads(got)["sec:skr"]["kyv"]) == value


@pytest.fixture(scope="module")
def maf13(tmp_path_factory):
    base = tmp_path_factory.mktemp("certificates13")
    maf = Maf(Token("softhsm", base / "token"), base / "maf", settings=[("maf", "tls-max", "1.3")])
    maf.certified = Certified(maf, base / "pki")
    with maf:
        yield maf


class Openssl13(OpensslPeer):
    """It prints what it exported only after it has read something, with certificates: so ask first."""

    def __init__(self, maf, client):
        own = client["certificate"]
        super(OpensslPeer, self).__init__(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{maf.port}", "-tls1_3", "-cert", str(own.path), "-key", str(own.key),
             "-CAfile", client["anchors"], "-verify_return_error", "-ign_eof", "-nocommands", "-servername", maf.fqdn,
             "-keymatexport", LABEL, "-keymatexportlen", "48"], rb"Keying material: [0-9A-F]+\n---\n")


@pytest.mark.parametrize("peer", [Openssl13, lambda maf, c: GnutlsPeer(maf, c, "NORMAL:-VERS-ALL:+VERS-TLS1.3")],
                         ids=["openssl", "gnutls"])
def test_MAF_KR_10_exporters_agree_in_tls_1_3(maf13, peer):
    source, target = ae(maf13, "source"), ae(maf13, "target")
    with peer(maf13, source) as session:
        key = register_key(maf13, session, source, target)
    assert key == session.exported[:16].hex().upper()
    assert retrieved(maf13, target, key) == session.exported[16:]
