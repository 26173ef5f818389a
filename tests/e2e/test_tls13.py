"""TLS 1.3 where mafd.conf allows it: peers that we did not write, our own client, what is refused, and custody."""
import base64
import json
import sqlite3
import re

import pytest
from harness.client import Client
from harness.maf import ADMIN, Maf
from harness.peers import LABEL, HandshakeFailed, OpensslPeer, Peer, http
from harness.search_keys import files, memory, search
from harness.tls13 import secrets_of
from harness.token import Token

LATER = "20991231T235959"
DHE, PSK_ONLY = "-KX-ALL:+ECDHE-PSK:+DHE-PSK", "-KX-ALL:+PSK"


class Openssl13(Peer):
    """s_client in TLS 1.3. It prints no exported keys there before it has read something, so none are asked for."""

    def __init__(self, maf, credential, extra=()):
        super().__init__(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{maf.port}", "-tls1_3", "-psk_identity", credential["kmid"],
             "-psk", credential["km"], "-ign_eof", "-nocommands", "-servername", maf.fqdn, "-keymatexport", LABEL,
             "-keymatexportlen", "48", *extra], rb"Keying material: [0-9A-F]+\n---\n")
        if ":error:" in self.preamble:
            self.close()
            raise HandshakeFailed(self.preamble)

    def _exported(self):
        return bytes.fromhex(re.search(r"Keying material: ([0-9A-F]{96})", self.preamble).group(1))


class Gnutls13(Peer):
    def __init__(self, maf, credential, exchange=DHE):
        super().__init__(
            ["gnutls-cli", "--port", str(maf.port), "--pskusername", credential["kmid"], "--pskkey", credential["km"],
             "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS1.3:{exchange}", "--sni-hostname", maf.fqdn, "--no-ca-verification",
             "--keymatexport", LABEL, "--keymatexportsize", "48", "127.0.0.1"], rb"- Simple Client Mode:\n\n")

    def _exported(self):
        return bytes.fromhex(re.search(r"Key material: ([0-9a-f]{96})", self.preamble).group(1))


PEERS = {
    "openssl": Openssl13,
    "openssl-groups": lambda maf, c: Openssl13(maf, c, ["-groups", "P-521:X25519"]),
    "openssl-no-dhe": lambda maf, c: Openssl13(maf, c, ["-allow_no_dhe_kex"]),
    "openssl-ccm8": lambda maf, c: Openssl13(maf, c, ["-ciphersuites", "TLS_AES_128_CCM_8_SHA256"]),
    "gnutls-dhe": Gnutls13,
    "gnutls-psk-only": lambda maf, c: Gnutls13(maf, c, PSK_ONLY),
}


@pytest.fixture(scope="module", params=[(k, c) for k in ("softhsm", "softokn", "swtpm-plain") for c in ("session", "psk")],
                ids="-".join)
def maf13(request, tmp_path_factory):
    kind, custody = request.param
    base = tmp_path_factory.mktemp("tls13")
    with Maf(Token(kind, base / "token"), base / "maf", custody=custody, settings=[("maf", "tls-max", "1.3")]) as running:
        yield running


def create(source):
    return http("POST", "/-", source["id"], b'{"sec:mafcr":{"et":"%s","adfq":"%s"}}' % (LATER.encode(), ADMIN.encode()), 20002)


def key_for(source, target):
    body = {"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]]}}
    return http("POST", "/-", source["id"], json.dumps(body).encode(), 20003)


@pytest.mark.parametrize("name", PEERS)
def test_a_key_by_the_exporter_of_tls13(maf13, name):
    """Registered over TLS 1.3 and fetched over TLS 1.3, it is what the foreign client exported."""
    source = maf13.add_client(f"//sp.example.com/cse1/Cs{name}")
    target = maf13.add_client(f"//sp.example.com/cse1/Ct{name}")
    with PEERS[name](maf13, source) as peer:
        assert peer.request(create(source)).rsc == 2001
        answer = peer.request(key_for(source, target))
        assert answer.rsc == 2001, answer
        exported = peer.exported
    assert answer.json()["sec:skr"]["rn"] == exported[:16].hex().upper()
    with PEERS[name](maf13, target) as peer:
        fetched = peer.request(http("GET", f"/-/{exported[:16].hex().upper()}", target["id"]))
        assert fetched.rsc == 2000

    assert base64.b64decode(fetched.json()["sec:skr"]["kyv"]) == exported[16:]


def test_MAF_HS_6_unknown_and_wrong_keys_look_alike(maf13):
    known = maf13.add_client("//sp.example.com/cse1/Cknown")
    revoked = maf13.add_client("//sp.example.com/cse1/Crevoked")
    maf13.adm("client", "revoke", revoked["kmid"])
    said = set()
    for kmid, km in ((known["kmid"], "00" * 32), ("nobody@" + maf13.fqdn, known["km"]), (revoked["kmid"], revoked["km"]),
                     ("not a KmID", known["km"])):
        with pytest.raises(HandshakeFailed) as e:
            Openssl13(maf13, {"kmid": kmid, "km": km})
        said.add(re.search(r"alert [a-z ]+:", e.value.output).group())
    assert len(said) == 1, said


def test_a_credential_without_forms_is_as_an_unknown_one(softhsm, tmp_path):
    """As one of a database that was made before there were any; TLS 1.2 goes on."""

    maf = Maf(softhsm, tmp_path / "maf", settings=[("maf", "tls-max", "1.3")])
    client = maf.add_client("//sp.example.com/cse1/Cold")
    db = sqlite3.connect(maf.dir / "maf.db")
    db.execute("DELETE FROM credential_tls13")
    db.commit()
    db.close()
    with maf:
        with pytest.raises(HandshakeFailed):
            Openssl13(maf, client)
        assert f"reason=no-tls13-form identity=\"{client['kmid']}\"" in maf.log()
        with OpensslPeer(maf, client) as peer:
            assert peer.request(create(client)).rsc == 2001


def test_tls13_is_off_by_default(maf):
    client = maf.add_client("//sp.example.com/cse1/Cae1")
    with pytest.raises(HandshakeFailed, match="protocol version"):
        Openssl13(maf, client)


@pytest.mark.parametrize("binding", ["https", "wss", "coaps-tcp", "coaps"])
def test_our_client(maf13, binding, tmp_path):
    """libmaf registers a key that the MAF then has; DTLS stays at 1.2."""
    suffix = binding.replace("-", "")
    source, target = (maf13.add_client(f"//sp.example.com/cse1/C{role}{suffix}") for role in ("a", "b"))
    clients = []
    for i, c in enumerate((source, target)):
        token = maf13.token if maf13.token.kind == "softhsm" else Token("softhsm", tmp_path / f"token{i}")
        client = Client(token, tmp_path / f"home{i}", c["id"], maf13, binding=binding, tls_max="1.3")
        client.import_km(c["kmid"], c["km"])
        client.register()
        clients.append(client)
    made = clients[0].json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target["id"])
    got = clients[1].json("key", "retrieve", made["keyIdentifier"])
    assert got["check"] == made["check"]


@pytest.mark.parametrize("custody", ["session", "psk"])
def test_MAF_GEN_11_no_secret_of_a_key_in_memory_or_on_disk(softhsm, custody, tmp_path):
    """None of the secrets that follow from Km alone: early secret, binder and finished keys, those of psk_ke."""
    with Maf(softhsm, tmp_path / "maf", custody=custody, workers=2, settings=[("maf", "tls-max", "1.3")]) as maf:
        source = maf.add_client("//sp.example.com/cse1/Csource")
        target = maf.add_client("//sp.example.com/cse1/Ctarget")
        secrets = [s for c in (source, target) for s in secrets_of(bytes.fromhex(c["km"]))]
        with Openssl13(maf, source) as peer:
            assert peer.request(create(source)).rsc == 2001
        for name in list(PEERS) * 3:
            with PEERS[name](maf, source) as peer:
                assert peer.request(key_for(source, target)).rsc == 2001
                secrets.append(peer.exported[16:])
        with Gnutls13(maf, target, PSK_ONLY) as idle:
            assert idle.request(http("GET", "/-/cb", target["id"])).status > 0
            hits = [h for pid in maf.pids() for h in search(memory(pid), secrets)]
        hits += search(files(maf.dir), secrets) + search([("log", maf.log_path.read_bytes())], secrets)
    assert not hits, hits
