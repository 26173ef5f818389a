"""Certificate provisioning by EST (RFC 7030, TS-0003 8.3.6) with clients that we did not write: openssl, curl, Python's ssl."""
import base64
import json
import os
import subprocess

import pytest
from harness.authorities import Certified
from harness.est import EstMef, KpmPeer, PythonPeer, SP, certificates, holder, key, message, request, serial
from harness.maf import ADMIN, Failed, run
from harness.mef import MEF_FQDN, Mef
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.token import Token

ENROLEE = f"//{SP}/cse1/Cae7"
SAN = f"URI:m2m:{ENROLEE}"
OTHER = f"//{SP}/cse1/Cother"


@pytest.fixture(scope="module", params=["softhsm", "swtpm-plain"])
def mef(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("est")
    with EstMef(Token(request.param, base / "token"), base / "mef", workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def soft(tmp_path_factory):
    base = tmp_path_factory.mktemp("est-soft")
    with EstMef(Token("softhsm", base / "token"), base / "mef") as running:
        yield running


class Enrolee:
    """One of its own for a test that gets certificates."""
    n = 0

    def __init__(self, mef, folder, **options):
        Enrolee.n += 1
        self.mef, self.folder, self.id = mef, folder, f"//{SP}/cse1/C{Enrolee.n}"
        self.san = f"URI:m2m:{self.id}"
        self.kpm = mef.enrolee(self.id, **options)

    def peer(self):
        return KpmPeer(self.mef, self.kpm, self.folder)

    def new_key(self):
        return key(self.folder / f"key-{len(list(self.folder.glob('key-*.pem')))}.pem")

    def ask(self, peer, private, path="simpleenroll", san=None, subject=None, **kwargs):
        csr = request(private, subject or self.id, san or self.san, challenge=peer.unique, **kwargs)
        return peer.est("POST", path, csr)

    def certificate(self, peer, private, path="simpleenroll"):
        answer = self.ask(peer, private, path)
        assert answer.status == 200, answer
        (got,) = certificates(answer, self.folder)
        return holder(got, private)

    def first(self):
        with self.peer() as peer:
            return self.certificate(peer, self.new_key())


@pytest.fixture
def enrolee(soft, tmp_path):
    return Enrolee(soft, tmp_path)


def test_the_whole_way_with_a_kpm(mef, tmp_path):
    """CA certificates, CSR attributes, enrolment; then a session with the certificate, and its renewal (spec/mef §8)."""
    e = Enrolee(mef, tmp_path, lifetime="30d")
    with e.peer() as peer:
        answer = peer.est("GET", "cacerts")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pkcs7-mime")
        assert answer.headers["content-transfer-encoding"] == "base64"
        cas = {p.read_text() for p in certificates(answer, tmp_path)}
        assert cas == {(mef.dir / "ca" / f"{n}.pem").read_text() for n in ("maf", "entity")}
        answer = peer.est("GET", "csrattrs")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/csrattrs")
        said = run(["openssl", "asn1parse", "-inform", "DER", "-in", str(write(tmp_path / "attrs", base64.b64decode(answer.body)))])
        for word in ("challengePassword", "Extension Request", "Subject Alternative Name", "prime256v1", "ecdsa-with-SHA256"):
            assert word in said
        assert f"m2m:{e.id}".encode() in base64.b64decode(answer.body)
        private = e.new_key()
        answer = e.ask(peer, private)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pkcs7-mime; smime-type=certs-only")
        assert not set(answer.body) & set(b" \r\n")
        (got,) = certificates(answer, tmp_path)
        run(["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", str(mef.dir / "ca" / "entity.pem"), str(got)])
        assert f"URI:m2m:{e.id}" in run(["openssl", "x509", "-in", str(got), "-noout", "-ext", "subjectAltName"])
        with pytest.raises(Failed):
            run(["openssl", "x509", "-in", str(got), "-noout", "-checkend", str(31 * 86400)])
    with PythonPeer(mef, holder(got, private)) as peer:
        second = e.certificate(peer, e.new_key(), "simplereenroll")
    with PythonPeer(mef, second) as peer:
        assert peer.est("GET", "csrattrs").status == 200
    log = mef.log()
    for path in (got, second.path):
        assert f"serial={serial(path)} flavour=ae name={e.id}" in log
    assert "certificate-used" in log


def write(path, octets):
    path.write_bytes(octets)
    return path


def test_MEF_HS_2_the_latest_certificate_counts_once_it_was_used(enrolee):
    first = enrolee.first()
    with PythonPeer(enrolee.mef, first) as old_session:
        second = enrolee.certificate(old_session, enrolee.new_key(), "simplereenroll")
        # The answer may be lost: until the second is used, the first serves.
        with PythonPeer(enrolee.mef, first) as peer:
            assert peer.est("GET", "cacerts").status == 200
        assert old_session.est("GET", "cacerts").status == 200
        with PythonPeer(enrolee.mef, second) as peer:
            assert peer.est("GET", "cacerts").status == 200
        # From then on no handshake with the first, nor a request in the session that it has.
        assert old_session.est("GET", "cacerts").status == 403
    with pytest.raises((HandshakeFailed, OSError, EOFError)):
        with PythonPeer(enrolee.mef, first) as peer:
            peer.est("GET", "cacerts")
    assert "reason=certificate-not-the-latest" in enrolee.mef.log()
    with PythonPeer(enrolee.mef, second) as peer:
        assert peer.est("GET", "cacerts").status == 200
    with enrolee.peer() as peer:  # a Kpm is no certificate
        assert peer.est("GET", "cacerts").status == 200


def test_MEF_HS_2_a_revoked_certificate_is_refused_without_any_crl(enrolee):
    first = enrolee.first()
    with PythonPeer(enrolee.mef, first) as peer:
        assert peer.est("GET", "cacerts").status == 200
        enrolee.mef.adm("cert", "revoke", serial(first.path))
        assert peer.est("GET", "cacerts").status == 403


def test_a_lost_answer_is_given_again(enrolee):
    private = enrolee.new_key()
    with enrolee.peer() as peer:
        one = enrolee.certificate(peer, private)
    with enrolee.peer() as peer:  # another session, so another challenge
        again = enrolee.certificate(peer, private)
    assert serial(one.path) == serial(again.path)
    with PythonPeer(enrolee.mef, one) as peer:
        renewed = enrolee.certificate(peer, private, "simplereenroll")
        assert serial(renewed.path) != serial(one.path)
        assert serial(enrolee.certificate(peer, private, "simplereenroll").path) == serial(renewed.path)
    assert len(json.loads(enrolee.mef.adm("cert", "list", "--name", enrolee.id, "--json"))) == 2


def test_the_challenge_is_that_of_this_session(enrolee):
    private = enrolee.new_key()
    with enrolee.peer() as other, enrolee.peer() as peer:
        assert other.unique != peer.unique
        csr = request(private, enrolee.id, enrolee.san)
        answer = peer.est("POST", "simpleenroll", csr)
        assert answer.status == 400 and b"challengePassword" in answer.body
        for challenge in (other.unique, peer.unique[:-1], peer.unique.lower(), "x"):
            answer = peer.est("POST", "simpleenroll", request(private, enrolee.id, enrolee.san, challenge=challenge))
            assert answer.status == 403 and answer.body.count(b"\n") == 1, answer
        assert enrolee.ask(peer, private).status == 200


def test_who_may_have_which_certificate(soft, enrolee, tmp_path):
    stranger = soft.add_client(OTHER)
    with KpmPeer(soft, stranger, tmp_path) as peer:
        assert len(certificates(peer.est("GET", "cacerts"), tmp_path)) == 1
        assert peer.est("GET", "csrattrs").status == 403
        csr = request(key(tmp_path / "k.pem"), OTHER, f"URI:m2m:{OTHER}", challenge=peer.unique)
        answer = peer.est("POST", "simpleenroll", csr)
        assert answer.status == 403 and b"no certificate is foreseen" in answer.body
    with enrolee.peer() as peer:
        private = enrolee.new_key()
        for san in (f"URI:m2m:{OTHER}", f"DNS:cse1.{SP}", f"DNS:{MEF_FQDN}", f"{enrolee.san},URI:m2m:{OTHER}", "URI:urn:x:y"):
            assert enrolee.ask(peer, private, san=san).status == 403, san
        assert peer.est("POST", "simpleenroll", request(private, enrolee.id, None, challenge=peer.unique)).status == 400
    soft.adm("cert", "forbid", enrolee.id)
    with enrolee.peer() as peer:
        assert enrolee.ask(peer, enrolee.new_key()).status == 403
    assert f'certificate-refused client={enrolee.kpm["kmid"]}' in soft.log()


def test_a_revoked_client_gets_no_further_certificates(soft, enrolee):
    """Not with its Kpm either: a MAF that trusts the authority would accept them."""
    enrolee.first()
    soft.adm("client", "revoke", f"33-{enrolee.id}")
    with enrolee.peer() as peer:
        assert enrolee.ask(peer, enrolee.new_key()).status == 403
    soft.adm("cert", "allow", enrolee.id, "--flavour", "ae", "--stakeholder", ADMIN)
    with enrolee.peer() as peer:
        assert enrolee.ask(peer, enrolee.new_key()).status == 200


def test_a_name_that_is_another_clients_by_now_is_refused(soft, tmp_path):
    """The old holder, with its own Kpm, would get a certificate that stands for the new one."""
    node, old, new = "urn:gsma:imei:90420156-025764-0", Enrolee(soft, tmp_path), Enrolee(soft, tmp_path)
    soft.adm("cert", "allow", old.id, "--flavour", "node", "--name", node, "--stakeholder", ADMIN)
    soft.adm("client", "revoke", f"34-{node}")
    soft.adm("cert", "allow", new.id, "--flavour", "node", "--name", node, "--stakeholder", ADMIN)
    for who, status in ((old, 403), (new, 200)):
        with who.peer() as peer:
            assert who.ask(peer, who.new_key(), "node/simpleenroll", san=f"URI:{node}", subject=node).status == status


def test_a_refused_permission_leaves_nothing(soft, enrolee):
    before = soft.adm("client", "list")
    for wrong in ([enrolee.id, "--flavour", "cse", "--name", f"cse9.{SP}"], ["maf.example.com", "--flavour", "node", "--name", "urn:x:1"]):
        with pytest.raises(Failed):
            soft.adm("cert", "allow", *wrong, "--stakeholder", ADMIN)
    assert soft.adm("client", "list") == before


def test_labels_choose_among_several_names(soft, tmp_path):
    e = Enrolee(soft, tmp_path)
    node = "urn:gsma:imei:90420156-025763-0"
    soft.adm("cert", "allow", e.id, "--flavour", "node", "--name", node, "--stakeholder", ADMIN)
    with e.peer() as peer:
        assert len(certificates(peer.est("GET", "cacerts"), tmp_path)) == 3
        assert len(certificates(peer.est("GET", "node/cacerts"), tmp_path)) == 2
        assert node.encode() in base64.b64decode(peer.est("GET", "node/csrattrs").body)
        assert node.encode() not in base64.b64decode(peer.est("GET", "csrattrs").body)
        private = e.new_key()
        assert e.ask(peer, private, "ae/simpleenroll", san=f"URI:{node}", subject=node).status == 403
        answer = e.ask(peer, private, "node/simpleenroll", san=f"URI:{node}", subject=node)
        assert answer.status == 200
        assert e.ask(peer, private).status == 403  # one key, one holder
        (got,) = certificates(answer, tmp_path)
    with PythonPeer(soft, holder(got, private)) as peer:
        assert peer.est("GET", "cse/csrattrs").status == 403
        assert peer.est("GET", "csrattrs").status == 200
    assert json.loads(soft.adm("cert", "allowed", "--json"))


def test_renewal_is_for_the_same_subject(enrolee):
    with enrolee.peer() as peer:
        answer = enrolee.ask(peer, enrolee.new_key(), "simplereenroll")
        assert answer.status == 400 and b"simpleenroll" in answer.body
    first = enrolee.first()
    with PythonPeer(enrolee.mef, first) as peer:
        answer = enrolee.ask(peer, enrolee.new_key(), "simplereenroll", subject="x")
        assert answer.status == 400 and b"subject" in answer.body
    with enrolee.peer() as peer:  # with Kpm too
        enrolee.certificate(peer, enrolee.new_key(), "simplereenroll")


def test_what_http_can_get_wrong(soft, enrolee):
    with enrolee.peer() as peer:
        csr = request(enrolee.new_key(), enrolee.id, enrolee.san, challenge=peer.unique)
        post = lambda body, **kwargs: peer.est("POST", "simpleenroll", body, **kwargs)
        for path in ("serverkeygen", "fullcmc", "simpleenroll/", "x/simpleenroll", "fqdn/cacerts", "ae/ae/cacerts", ""):
            assert peer.est("GET", path).status == 404, path
        assert peer.est("GET", "simpleenroll").headers["allow"] == "POST"
        assert peer.est("POST", "cacerts", b"x").status == 405
        assert peer.est("DELETE", "cacerts").status == 405
        assert peer.est("GET", "cacerts?x=y").status == 400
        assert peer.est("GET", "cacerts", headers=["Authorization: Basic eDp5"]).status == 400
        assert peer.est("GET", "cacerts", host="other.example.com").status == 404
        assert post(csr, content_type="application/octet-stream").status == 415
        assert post(csr, headers=["Content-Encoding: gzip"]).status == 415
        assert post(b"").status == 400
        assert post(b"\x30\x03\x02\x01\x01").status == 400
        assert post(csr + b"x").status == 400
        assert post(b"\0" * 20000).status == 413
        raw = message("POST", "simpleenroll", csr)
        assert peer.request(raw.replace(b"MII", b"M*I")).status == 400
        assert peer.request(raw.replace(b"\r\n\r\nMII", b"\r\n\r\n\0II")).status == 400
        assert post(csr, content_type="Application/PKCS10; charset=us-ascii").status == 200
        # oneM2M is where it was
        body = b'{"sec:mefcr":{"et":"20991231T235959","adfq":"%s"}}' % ADMIN.encode()
        assert peer.request(http("POST", "/-", enrolee.id, body, 20005, host=MEF_FQDN)).rsc == 2001


def test_what_a_request_can_get_wrong(enrolee):
    with enrolee.peer() as peer:
        for curve, digest in (("P-384", "sha256"), ("P-256", "sha384")):
            private = key(enrolee.folder / f"{curve}{digest}.pem", curve)
            assert enrolee.ask(peer, private, digest=digest).status == 400
        assert enrolee.ask(peer, enrolee.new_key(), more="basicConstraints = CA:TRUE").status == 400
        good = bytearray(request(enrolee.new_key(), enrolee.id, enrolee.san, challenge=peer.unique))
        good[-1] ^= 1
        assert peer.est("POST", "simpleenroll", bytes(good)).status == 400  # no proof of possession


def test_a_name_gets_ten_certificates_a_day(enrolee):
    with enrolee.peer() as peer:
        for _ in range(10):
            enrolee.certificate(peer, enrolee.new_key())
        answer = enrolee.ask(peer, enrolee.new_key())
    assert answer.status == 429 and int(answer.headers["retry-after"]) > 0


def test_without_est_there_is_nothing(softhsm, tmp_path):
    mef = EstMef(softhsm, tmp_path / "mef")
    mef.configure("est", "enabled", "no")
    device = mef.enrolee(ENROLEE)
    with mef, OpensslPeer(mef, device) as peer:
        assert peer.request(http("GET", "/.well-known/est/cacerts", ENROLEE, host=MEF_FQDN)).status == 404


def test_est_without_what_it_needs_does_not_start(softhsm, tmp_path):
    mef = Mef(softhsm, tmp_path / "mef", settings=[("est", "enabled", "yes")])
    with pytest.raises(RuntimeError, match=r"\[est\] enabled.*mefadm ca init"):
        mef.start()
    mef.adm("ca", "init", "--domain", SP)
    with pytest.raises(RuntimeError, match=r"\[est\] enabled.*\[certificate\] is needed"):
        mef.start()
    Certified(mef, tmp_path / "ca")  # by another authority
    with pytest.raises(RuntimeError, match=r"\[est\] enabled.*not of its authority 'maf'"):
        mef.start()
    path = mef.dir / "mefd.conf"
    path.write_text(path.read_text().replace("[https]\n", "[https]\n#", 1).replace("listen = 127.0.0.1:0", "# listen", 1))
    with pytest.raises(RuntimeError, match=r"\[est\] enabled.*\[https\] needs an address"):
        mef.start()


def test_strongswan(lenient, tmp_path):
    """pki(1) of strongSwan, an EST client. It knows neither tls-unique nor RFC 7627, and reads nameConstraints with DNS names
    only, which critical they are; so it is told to pass over what it does not know."""
    e = Enrolee(lenient, tmp_path)
    private = e.new_key()
    with e.peer() as peer:
        answer = peer.est("POST", "simpleenroll", request(private, e.id, e.san))
    first = certificates(answer, tmp_path)[0]
    csr = write(tmp_path / "csr.der", request(e.new_key(), e.id, e.san))
    conf = tmp_path / "strongswan.conf"
    conf.write_text("libstrongswan {\n x509 {\n  enforce_critical = no\n }\n}\n")
    command = ["pki", "--est", "--url", f"https://localhost:{lenient.port}", "--cacert", str(lenient.anchor), "--cacert",
               str(lenient.dir / "ca" / "entity.pem"), "--cert", str(first), "--key", str(private), "--in", str(csr), "--outform", "pem"]
    got = subprocess.run(command, capture_output=True, timeout=60, env={"PATH": os.environ["PATH"], "STRONGSWAN_CONF": str(conf)},
                         cwd=tmp_path)
    assert got.returncode == 0, got
    renewed = write(tmp_path / "renewed.pem", got.stdout)
    run(["openssl", "verify", "-CAfile", str(lenient.dir / "ca" / "entity.pem"), str(renewed)])
    assert f"serial={serial(renewed)} flavour=ae name={e.id} client=33-{e.id} by=simplereenroll" in lenient.log()


def curl(mef, certificate, path, *options):
    command = ["curl", "-sS", "--fail-with-body", "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0",
               "--cacert", str(mef.anchor), "--cert", str(certificate.path), "--key", str(certificate.key), "--connect-to",
               f"{MEF_FQDN}:443:127.0.0.1:{mef.port}", *options, f"https://{MEF_FQDN}/.well-known/est/{path}"]
    return subprocess.run(command, capture_output=True, timeout=60)


def test_curl_and_openssl(soft, tmp_path):
    """As RFC 7030 appendix A does it. curl knows no tls-unique before it sends: it cannot enrol here."""
    e = Enrolee(soft, tmp_path)
    first = e.first()
    got = curl(soft, first, "cacerts")
    assert got.returncode == 0, got
    assert b"BEGIN CERTIFICATE" in subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=base64.b64decode(got.stdout), capture_output=True).stdout
    assert curl(soft, first, "csrattrs").returncode == 0
    body = write(tmp_path / "body", base64.encodebytes(request(e.new_key(), e.id, e.san)))
    post = ["--data-binary", f"@{body}", "-H", "Content-Type: application/pkcs10"]
    refused = curl(soft, first, "simpleenroll", *post)
    assert refused.returncode == 22 and b"challengePassword" in refused.stdout


@pytest.fixture(scope="module")
def lenient(tmp_path_factory):
    """For clients that cannot link a request to its session."""
    base = tmp_path_factory.mktemp("est-lenient")
    settings = [("est", "require-challenge-password", "no"), ("mef", "require-extended-master-secret", "no")]
    with EstMef(Token("softhsm", base / "token"), base / "mef", settings=settings).serve_localhost() as running:
        yield running


def test_curl_enrols_where_no_challenge_is_wanted(lenient, tmp_path):
    e = Enrolee(lenient, tmp_path)
    with e.peer() as peer:
        private = e.new_key()
        said = base64.b64decode(peer.est("GET", "csrattrs").body)
        assert bytes.fromhex("06092a864886f70d010907") not in said
        answer = peer.est("POST", "simpleenroll", request(private, e.id, e.san))
        assert answer.status == 200
        # One that is there must be right all the same.
        assert peer.est("POST", "simpleenroll", request(e.new_key(), e.id, e.san, challenge="wrong")).status == 403
    first = holder(certificates(answer, tmp_path)[0], private)
    body = write(tmp_path / "body", base64.encodebytes(request(e.new_key(), e.id, e.san)))
    post = ["--data-binary", f"@{body}", "-H", "Content-Type: application/pkcs10"]
    got = curl(lenient, first, "simplereenroll", *post)
    assert got.returncode == 0, got
    assert b"BEGIN CERTIFICATE" in subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=base64.b64decode(got.stdout), capture_output=True).stdout
