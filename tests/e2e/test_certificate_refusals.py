"""Client certificates with each rule of TS-0003 10.1 and 8.1.2 broken once: one alert for all, a line in the log for each."""
import json
import re

import pytest
from harness.authorities import Authority, Certificate, Certified
from harness.maf import Maf, wait_for
from harness.peers import GnutlsPeer, HandshakeFailed, OpensslPeer
from harness.token import Token

AE = "//sp.example.com/cse1/C{}"
CLIENT = {"extendedKeyUsage": "clientAuth"}
OF_CA = {"basicConstraints": "critical,CA:TRUE", "keyUsage": "critical,digitalSignature,keyCertSign"}
_n = iter(range(10 ** 6))


class World:
    """A MAF with CRLs; clients get certificates of `clients`, of an authority below it, or of one that is limited by nothing."""

    def __init__(self, base):
        self.base = base
        self.maf = Maf(Token("softhsm", base / "token"), base / "maf")
        self.certified = Certified(self.maf, base / "pki")
        self.root = self.certified.clients
        self.middle = Authority(base / "middle", "Middle CA", issuer=self.root, extensions={"basicConstraints": "critical,CA:TRUE,pathlen:0"})
        self.weak = Authority(base / "weak", "Weak CA", issuer=self.root, digest="sha384")
        self.free = Authority(base / "free", "Free CA")
        self.stranger = Authority(base / "stranger", "Stranger")
        self.silent = Authority(base / "silent", "Silent CA", constraints="critical,permitted;URI:sp.example.com")
        self.out = self.root.issue("revoked", f"URI:m2m:{AE.format('revoked')}", extensions=CLIENT)
        crls = [a.crl(base / f"{a.name}.crl", revoked=[self.out] if a is self.root else [])
                for a in (self.root, self.middle, self.weak, self.free)]
        (base / "crls.pem").write_text("".join(c.read_text() for c in crls))
        self.maf.configure("clients", "crls", str(base / "crls.pem"))

    def client(self, certificate):
        return {"certificate": certificate, "id": "x", "anchors": str(self.certified.authority.path)}

    def alert(self, certificate, peer=OpensslPeer, **how):
        with pytest.raises(HandshakeFailed) as failed:
            peer(self.maf, self.client(certificate), **how)
        return failed.value.output


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(tmp_path_factory.mktemp("refusals"))
    with w.maf:
        yield w


def known(w, anchor=None, identity=None, **options):
    """An AE that the MAF knows, without a certificate as yet: (AE-ID, its name in a certificate)."""
    identity = identity or AE.format(next(_n))
    w.certified.add("ae", None, [identity], anchor=[anchor or w.root], **options)
    return identity, f"URI:m2m:{identity}"


def leaf(ca=None, san=None, anchor=None, extensions=(), **how):
    """Breaks what the arguments say, of a certificate that is good otherwise."""
    def make(w):
        authority = getattr(w, ca or "root")
        good = known(w, anchor=getattr(w, anchor) if anchor else w.root)[1]
        return authority.issue("x", san(good) if san else good, extensions={**CLIENT, **dict(extensions)}, **how)
    return make


def with_key(*args):
    def make(w):
        return w.root.issue("x", known(w)[1], extensions=CLIENT, key=w.root.new_key(f"odd{next(_n)}", *args))
    return make


def ambiguous(w):
    return w.root.issue("x", known(w)[1] + "," + known(w)[1], extensions=CLIENT)


def forged(w):
    """By somebody who says that he is the authority, and has a key of his own."""
    liar = Authority(w.base / f"liar{next(_n)}", w.root.name)
    return liar.issue("x", known(w)[1], extensions=CLIENT)


def without_its_issuer(w):
    made = w.middle.issue("x", known(w)[1], extensions=CLIENT)
    return Certificate(made.path, made.key, [])


def too_long(w):
    below = Authority(w.base / f"below{next(_n)}", "Below", issuer=w.middle)
    return below.issue("x", known(w)[1], extensions=CLIENT)


def revoked(w):
    known(w, identity=AE.format("revoked"))
    return w.out


def revoked_client(w):
    identity, san = known(w)
    w.maf.adm("client", "revoke", f"33-{identity}")
    return w.root.issue("x", san, extensions=CLIENT)


def expired_client(w):
    _, san = known(w, expires="1s")
    made = w.root.issue("x", san, extensions=CLIENT)
    wait_for(lambda: not admitted(w, made), "the client never expired")
    return made


def admitted(w, certificate):
    try:
        OpensslPeer(w.maf, w.client(certificate)).close()
    except HandshakeFailed:
        return False
    return True


def another_key(w):
    one = w.root.issue("x", "URI:urn:x:y", extensions=CLIENT)
    return w.root.issue("x", known(w, fingerprint=one.fingerprint())[1], extensions=CLIENT)


BROKEN = {
    "curve": (with_key("P-384"), "key"),
    "explicit-curve": (with_key("P-256", "explicit"), "key"),
    "compressed-point": (with_key("P-256", "named_curve", "compressed"), "key"),
    "hash": (leaf(digest="sha384"), "hash"),
    "hash-of-a-ca": (leaf("weak"), "hash"),
    "no-key-usage": (leaf(extensions={"keyUsage": None}), "key-usage"),
    "key-usage": (leaf(extensions={"keyUsage": "critical,keyAgreement"}), "key-usage"),
    "ca": (leaf(extensions=OF_CA), "key-usage"),
    "purpose": (leaf(extensions={"extendedKeyUsage": "serverAuth"}), "purpose"),
    "wildcard": (leaf(san=lambda good: good + ",DNS:*.example.com"), "wildcard"),
    "wildcard-ae": (leaf(san=lambda good: "URI:m2m://sp.example.com/cse1/*"), "wildcard"),
    "no-name": (leaf(san=lambda good: None), "name"),
    "other-kind-of-name": (leaf(san=lambda good: "email:a@example.com"), "name"),
    "unknown": (leaf(san=lambda good: good + "x"), "unknown"),
    "letter-case": (leaf(san=lambda good: good.replace("cse1", "CSE1")), "unknown"),
    "dns-for-uri": (leaf(san=lambda good: "DNS:sp.example.com"), "unknown"),
    "two-clients": (ambiguous, "ambiguous"),
    "stranger": (leaf("stranger"), "path"),
    "anchor-of-another-client": (leaf(anchor="stranger"), "path"),
    "forged": (forged, "path"),
    "issuer-not-sent": (without_its_issuer, "path"),
    "path-too-long": (too_long, "path"),
    "expired": (leaf(not_before="20200101000000Z", not_after="20210101000000Z"), "expired"),
    "not-yet-valid": (leaf(not_before="20980101000000Z", not_after="20990101000000Z"), "not-yet-valid"),
    "name-constraints": (lambda w: w.root.issue("x", known(w, identity="//sp.elsewhere/c/Ca")[1], extensions=CLIENT), "name-constraints"),
    "no-name-constraints": (leaf("free", anchor="free"), "no-name-constraints"),
    "revoked": (revoked, "revoked"),
    "no-crl": (leaf("silent", anchor="silent"), "status"),
    "client-revoked": (revoked_client, "client-revoked"),
    "client-expired": (expired_client, "client-expired"),
    "pinned-key": (another_key, "fingerprint"),
}


def audited(log):
    return re.findall(r"audit: handshake-refused reason=certificate-(\S+) name=\"[^\"]*\" certificate=[0-9a-f]{64} why=\"[^\"]+\"", log)


def refusal(w, certificate):
    """The reason that the log gives; asks again when there were too many lines about refusals in this second."""
    found = []

    def told():
        mark = w.maf.log_mark()
        said = w.alert(certificate)
        assert "alert" in said, said
        found.extend(audited(w.maf.log_since(mark)))
        return found

    wait_for(told, "no line about the refusal")
    return found[0]


def alerts(output):
    return re.findall(r"alert [a-z ]+(?=:)|SSL alert number \d+", output)


@pytest.mark.parametrize("name", BROKEN)
def test_MAF_HS_4_broken(world, name):
    make, reason = BROKEN[name]
    certificate = make(world)
    assert refusal(world, certificate) == reason
    said = world.alert(certificate)
    assert set(alerts(said)) == {"alert handshake failure", "SSL alert number 40"}, said


def test_MAF_HS_4_none_at_all(world):
    """Says no more either; and a certificate is needed, as is the private key for it."""
    with pytest.raises(HandshakeFailed) as failed:
        OpensslPeer(world.maf, {"kmid": "x", "km": "00"}, suite="ECDHE-ECDSA-AES128-SHA256")
    assert "SSL alert number 40" in failed.value.output
    with pytest.raises(HandshakeFailed, match=r"alert \[40\]"):
        GnutlsPeer(world.maf, world.client(BROKEN["stranger"][0](world)))


def test_MAF_HS_4_good_ones_are_let_in(world):
    """Beside all that: below an intermediate, with any scheme or none, with the key that is wanted, by each flavour."""
    identity, san = known(world)
    ca = world.middle
    for certificate in (ca.issue("x", san, extensions=CLIENT), ca.issue("x", f"URI:coaps:{identity}", extensions=CLIENT),
                        ca.issue("x", f"URI:{identity}", extensions=CLIENT), ca.issue("x", san),
                        ca.issue("x", san + ",email:a@example.com", extensions=CLIENT)):
        OpensslPeer(world.maf, world.client(certificate)).close()
    made = world.root.issue("x", f"URI:m2m:{AE.format('pinned')}", extensions=CLIENT)
    known(world, identity=AE.format("pinned"), fingerprint=made.fingerprint())
    OpensslPeer(world.maf, world.client(made)).close()
    for flavour, name, san in (("cse", "cse9.example.com", "DNS:CSE9.example.com"), ("node", "urn:gsma:imei:1", "URI:urn:gsma:imei:1"),
                               ("device", "0.2.481.1:100.3030", "otherName:0.2.481.1;UTF8:100.3030"), ("device", "urn:x:1", "URI:urn:x:1")):
        authority = world.root if flavour == "cse" else world.free
        ids = ["//sp.example.com/cse9"] if flavour == "cse" else [AE.format("a"), "//sp.example.com/cse8"]
        world.certified.add(flavour, name, ids, anchor=[authority])
        OpensslPeer(world.maf, world.client(authority.issue("x", san, extensions=CLIENT))).close()
    listed = {c["certificate"]: c for c in json.loads(world.maf.adm("client", "list", "--json")) if "certificate" in c}
    assert listed["31-0.2.481.1:100.3030"]["ids"] == [AE.format("a"), "//sp.example.com/cse8"]
