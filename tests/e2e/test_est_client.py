"""`maf credential enrol`: certificates from a MEF by EST, for keys in the client's token."""
import base64
import json
import subprocess
import time

import pytest
from harness.authorities import Authority
from harness.est import Device, EstMef, Liar, Relay, SP, certs_only, reply
from harness.maf import ADMIN, Failed, Maf, run, wait_for
from harness.mef import MEF_FQDN
from harness.token import Token
from harness.walk import MAF_FQDN, introduce

ID = f"//{SP}/cse1/Cae7"


@pytest.fixture(scope="module")
def mef(tmp_path_factory):
    base = tmp_path_factory.mktemp("est-client")
    with EstMef(Token("softhsm", base / "token"), base / "mef", workers=2) as running:
        yield running


class World:
    n = 0

    def __init__(self, mef, folder, kind="softhsm", allow=True, relay=None, **options):
        World.n += 1
        self.mef, self.id = mef, f"//{SP}/cse2/C{World.n}"
        self.kpm = mef.enrolee(self.id, **options) if allow else mef.add_client(self.id)
        self.device = Device(Token(kind, folder / "device-token"), folder / "home", self.id, mef, relay)
        self.device.import_km(self.kpm["kmid"], self.kpm["km"])

    def issued(self):
        return json.loads(self.mef.adm("cert", "list", "--name", self.id, "--json"))

    def sessions(self):
        """Who got certificates, by which operation."""
        return [line.split("client=")[1].split() for line in self.mef.log().splitlines()
                if "certificate-issued" in line and f"name={self.id} " in line]


def pending_key(device):
    """The public key of the request that was not answered yet."""
    csr = device.maf("csr", "--flavour", "ae")
    return run(["openssl", "req", "-noout", "-pubkey"], input=csr)


def certified_key(world, n=0):
    pem = json.loads(world.mef.adm("cert", "show", world.issued()[n]["serial"], "--json"))["certificate"]
    return run(["openssl", "x509", "-noout", "-pubkey"], input=pem)


@pytest.mark.parametrize("kind", ["softhsm", "softokn", "swtpm-plain"])
def test_MEF_HS_2_first_with_kpm_then_with_the_latest_certificate(mef, tmp_path, kind):
    w = World(mef, tmp_path, kind, lifetime="30d")
    first = w.device.enrol()
    assert first["unchanged"] is False and len(w.device.certificates()) == 1
    assert w.device.enrol() == {**first, "unchanged": True}
    assert w.device.enrol("--renew")["unchanged"] is False
    assert w.device.enrol("--renew")["unchanged"] is False
    by_certificate = [f"33-{w.id}", "by=simplereenroll"]
    assert w.sessions() == [[w.kpm["kmid"], "by=simpleenroll"], by_certificate, by_certificate]
    assert len({c["key"] for c in w.issued()}) == 3  # a new key for each
    listed = w.device.certificates()
    assert len(listed) == 3 and sum(c["current"] for c in listed) <= 1
    # The second was used for the third: the first is no longer accepted.
    assert json.loads(mef.adm("check", "--json"))["latest certificate"]["bad"] == 0


def test_a_certificate_is_renewed_near_its_end(mef, tmp_path):
    w = World(mef, tmp_path, lifetime="400s")
    w.device.enrol()  # backdated by 300 s: more than a third is left
    assert w.device.enrol()["unchanged"] is True
    mef.adm("cert", "allow", w.id, "--flavour", "ae", "--stakeholder", ADMIN, "--lifetime", "140s")
    w.device.enrol("--renew")
    assert w.device.enrol()["unchanged"] is False


def test_kpm_serves_again_when_the_certificate_has_expired(mef, tmp_path):
    w = World(mef, tmp_path, lifetime="2s")
    until = w.device.enrol()["expires"]
    wait_for(lambda: time.strftime("%Y%m%dT%H%M%S", time.gmtime()) >= until, "the certificate does not end")
    assert "credential enrol" in w.device.certificates()[0]["warning"]
    w.device.enrol()
    assert w.sessions() == [[w.kpm["kmid"], "by=simpleenroll"]] * 2
    assert len(w.device.certificates()) == 1  # the one that has expired is gone


def test_a_certificate_that_the_mef_did_not_issue_is_followed_by_a_first_one(mef, tmp_path):
    """It came in a bundle of the MEF's operator: simplereenroll has nothing to renew."""
    w = World(mef, tmp_path)
    other = Authority(tmp_path / "other", "Other CA", constraints=f"critical,permitted;URI:{SP}")
    public = tmp_path / "public.pem"
    public.write_text(pending_key(w.device))
    cert = other.issue("x", f"URI:m2m:{w.id}", public=public, extensions={"extendedKeyUsage": "clientAuth"})
    mef.adm("bundle", "--stakeholder", ADMIN, "--flavour", "ae", "--name", w.id, "--cert-file", str(cert.path), "--anchors", str(mef.anchor),
            "--out", str(tmp_path / "bundle"))
    w.device.maf("credential", "import", "--bundle", str(tmp_path / "bundle"))
    conf = w.device.home / "maf.conf"
    conf.write_text(conf.read_text().replace("[mef]\n", f"[mef]\nkmid = {w.kpm['kmid']}\n"))
    w.device.enrol("--renew")
    assert w.sessions() == [[w.kpm["kmid"], "by=simpleenroll"]]
    assert "there is no certificate that this would renew" in mef.log()


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interruption_costs_no_second_key_and_no_second_certificate(mef, tmp_path, when):
    """before: the MEF is not there; after: it has issued the certificate, and the answer is lost."""
    mark = mef.log_mark()
    w = World(mef, tmp_path, relay="127.0.0.1:9")
    if when == "before":
        with pytest.raises(Failed) as failed:
            w.device.enrol()
        assert failed.value.returncode == 3
    else:
        with Relay(mef.port, lambda: f"name={w.id} " in mef.log_since(mark)) as relay:
            move(w.device, relay.address)
            with pytest.raises(Failed) as failed:
                w.device.enrol()
            assert failed.value.returncode == 3
        assert len(w.issued()) == 1
    key = pending_key(w.device)
    assert not w.device.certificates()
    move(w.device, f"127.0.0.1:{mef.port}")
    w.device.enrol()
    assert len(w.issued()) == 1 and certified_key(w) == key
    if when == "after":
        assert f"certificate-given-again serial={w.issued()[0]['serial']}" in mef.log()


@pytest.mark.parametrize("kind", ["softokn", "swtpm-plain"])
def test_kill_9_at_any_moment(mef, tmp_path, kind):
    """Not with SoftHSM, which rewrites the token's file in place at a login: a kill then may lose the token."""
    w = World(mef, tmp_path, kind)
    for milliseconds in (1, 10, 30, 90, 270):
        child = subprocess.Popen([*w.device.command(), "credential", "enrol", "--flavour", "ae", "--renew"], env=w.device.token.env(),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(timeout=milliseconds / 1000)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(timeout=30)
        w.device.enrol()
    assert w.device.enrol()["unchanged"] is True
    pending = [c for c in w.device.json("credential", "list") if c["kind"] == "certificate" and not c["imported"]]
    assert len(pending) <= 1


def move(device, address):
    path = device.home / "maf.conf"
    lines = path.read_text().splitlines()
    at = lines.index("[mef]")
    where = next(i for i in range(at, len(lines)) if lines[i].startswith("https"))
    lines[where] = f"https = {address}"
    path.write_text("\n".join(lines) + "\n")


def test_what_the_mef_refuses(mef, tmp_path):
    w = World(mef, tmp_path, allow=False)
    with pytest.raises(Failed, match="no certificate is foreseen") as failed:
        w.device.enrol()
    assert failed.value.returncode == 1
    mef.adm("cert", "allow", w.id, "--flavour", "node", "--name", "urn:x:y", "--stakeholder", ADMIN)
    with pytest.raises(Failed, match="certificate of another name"):
        w.device.enrol()
    w.device.json("credential", "enrol", "--flavour", "node", "--name", "urn:x:y")
    assert [c["credentialID"] for c in w.device.certificates()] == ["34-urn:x:y"]


def test_where_est_is(mef, tmp_path):
    w = World(mef, tmp_path)
    port = mef.port
    for uri in ("http://mef.example.com/", "https://other.example.com/.well-known/est", "https://mef.example.com.evil/",
                "https://mef.example.com/est", "https://mef.example.com/.well-known/estx", f"https://{MEF_FQDN}:0/", f"https://{MEF_FQDN}/.well-known/est?x"):
        with pytest.raises(Failed, match="is not|malformed port"):
            w.device.enrol("--uri", uri)
    with pytest.raises(Failed, match="has no EST"):
        w.device.enrol("--uri", f"https://{MEF_FQDN}:{port}/.well-known/est/x")
    move(w.device, "127.0.0.1:9")
    w.device.enrol("--uri", f"https://{MEF_FQDN}:{port}/.well-known/est/ae/")


def test_the_walk_with_a_certificate_that_the_mef_gave(tmp_path):
    """From Kpm to a certificate, from the certificate to an enrolment, from that to a registration at the MAF (MEF-EK-1)."""
    identity = f"//{SP}/cse1/Cwalk"
    with EstMef(Token("softhsm", tmp_path / "mef-token"), tmp_path / "mef") as mef, \
            Maf(Token("softhsm", tmp_path / "maf-token"), tmp_path / "maf") as maf:
        introduce(maf, mef, vouches=f"//{SP}/...")
        kpm = mef.enrolee(identity)
        mef.allow(identity, MAF_FQDN)
        maf.adm("stakeholder", "policy", ADMIN, "--permit", identity)
        device = Device(Token("softhsm", tmp_path / "token"), tmp_path / "home", identity, mef, maf=f"127.0.0.1:{maf.port}")
        device.import_km(kpm["kmid"], kpm["km"])
        device.enrol()
        mark = mef.log_mark()
        device.maf("enrol", "--stakeholder", ADMIN)
        log = mef.log_since(mark)
        assert "certificate-used" in log and f"enrolee={identity}" in log
        assert [c["kmid"] for c in device.json("credential", "list") if c.get("kmid", "").endswith("@" + MAF_FQDN)]


class Lies:
    """What a MEF could send that has a Kpm and an authority."""

    def __init__(self, folder):
        self.folder = folder
        self.entity = Authority(folder / "ca", "Entity CA", constraints=f"critical,permitted;URI:{SP},permitted;DNS:{SP}")
        self.other = Authority(folder / "ca2", "Other CA", constraints=f"critical,permitted;URI:{SP},permitted;DNS:{SP}")
        self.server = Authority(folder / "ca3", "MEF CA", constraints=f"critical,permitted;DNS:{MEF_FQDN}")

    def public(self, body):
        der = base64.b64decode(body)
        path = self.folder / "public.pem"
        path.write_bytes(subprocess.run(["openssl", "req", "-inform", "DER", "-noout", "-pubkey"], input=der, capture_output=True,
                                        check=True).stdout)
        return path

    def certificate(self, body, authority=None, san=f"URI:m2m:{ID}", public=True, **kwargs):
        kwargs.setdefault("extensions", {"extendedKeyUsage": "clientAuth"})
        public = self.public(body) if public else None
        return (authority or self.entity).issue("x", san, public=public, **kwargs).path

    def enrol(self, *paths):
        return reply("application/pkcs7-mime; smime-type=certs-only", certs_only(*paths))

    def cacerts(self, _=None):
        return reply("application/pkcs7-mime", certs_only(self.entity.path, self.server.path))

    def session(self, last, cacerts=None, csrattrs=None):
        return [cacerts or self.cacerts, csrattrs or (lambda _: reply("text/plain", b"", "404 Not Found")), last]


LIES = {
    "another key": (lambda l: l.session(lambda b: l.enrol(l.certificate(b, public=False))), "another key"),
    "another authority": (lambda l: l.session(lambda b: l.enrol(l.certificate(b, l.other))), "none of the MEF's authorities"),
    "another name": (lambda l: l.session(lambda b: l.enrol(l.certificate(b, san=f"URI:m2m://{SP}/cse1/Cother"))), "what the MEF answered"),
    "for servers": (lambda l: l.session(lambda b: l.enrol(l.certificate(b, extensions={"extendedKeyUsage": "serverAuth"}))), "what the MEF|authorities"),
    "two of them": (lambda l: l.session(lambda b: l.enrol(l.certificate(b), l.entity.path)), "2 certificates instead of the one"),
    "no certificate": (lambda l: l.session(lambda b: reply("application/pkcs7-mime", b"\x30\x00")), "not CMS"),
    "not base64": (lambda l: l.session(lambda b: reply("text/plain", b"").replace(b"text/plain", b"application/pkcs7-mime")), "base64|CMS"),
    "another type": (lambda l: l.session(lambda b: reply("application/json", b"{}")), "is not application/pkcs7-mime"),
    "a leaf as authority": (lambda l: l.session(lambda b: l.enrol(l.certificate(b)),
                                                cacerts=lambda _: reply("application/pkcs7-mime", certs_only(l.entity.issue("y", f"DNS:a.{SP}").path))),
                            "no CA certificate"),
    "attributes": (lambda l: l.session(lambda b: b"", csrattrs=lambda _: reply("application/csrattrs", b"\x30\x03\x02\x01\x01")), "CSR attributes"),
    "too much": (lambda l: l.session(lambda b: reply("application/pkcs7-mime", b"\0" * 40000)), "closed the connection|longer than"),
    "trouble": (lambda l: l.session(lambda b: reply("text/plain", b"not now\nmore", "503 No")), "refused simpleenroll: HTTP status 503: not now$"),
    "consent": (lambda l: l.session(lambda b: reply("text/plain", b"", "202 Accepted", "Retry-After: 60\r\n")), "operator's consent"),
    "another session": (lambda l: l.session(lambda b: b"", cacerts=lambda _: l.cacerts().replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n")),
                        "ended the session"),
}


@pytest.fixture(scope="module")
def lied_to(tmp_path_factory):
    base = tmp_path_factory.mktemp("lies")
    device = Device(Token("softhsm", base / "token"), base / "home", ID, None, "127.0.0.1:9")
    kmid, kpm = f"kpm@{MEF_FQDN}", "0f" * 32
    device.import_km(kmid, kpm)
    return device, Liar(kmid, kpm), Lies(base)


def told(device, liar, answers):
    address = liar.serve(answers)
    try:
        move(device, address)
        return device.enrol()
    finally:
        liar.stop()


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_of_a_mef_is_taken_in(lied_to, lie):
    device, liar, lies = lied_to
    answers, says = LIES[lie]
    with pytest.raises(Failed, match=says) as failed:
        told(device, liar, answers(lies))
    assert failed.value.returncode == (3 if lie in ("trouble", "consent", "another session", "too much") else 1)
    assert not device.certificates()


def test_the_truth_is(lied_to, tmp_path):
    """What the lies differ from: the same frame with a good certificate, from a MEF that is not ours."""
    _, _, lies = lied_to
    device = Device(Token("softhsm", tmp_path / "token"), tmp_path / "home", ID, None, "127.0.0.1:9")
    kmid, kpm = f"kpm@{MEF_FQDN}", "1f" * 32
    device.import_km(kmid, kpm)
    told(device, Liar(kmid, kpm), lies.session(lambda b: lies.enrol(lies.certificate(b))))
    assert len(device.certificates()) == 1
