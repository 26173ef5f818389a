"""Certificates in the course of time: CRLs, revocation and expiry under open sessions, new certificates, and warnings."""
import os
import re
import signal
import subprocess
import time

import pytest
from harness.authorities import Authority, Certified, openssl
from harness.build import program
from harness.maf import ADMIN, FQDN, Failed, Maf, run, wait_for
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.token import Token

LATER = b"20991231T235959"
CLIENT = {"extendedKeyUsage": "clientAuth"}


@pytest.fixture
def maf(softhsm, tmp_path):
    """Not started yet."""
    maf = Maf(softhsm, tmp_path / "maf")
    maf.certified = Certified(maf, tmp_path / "pki")
    yield maf
    maf.stop()


def register(peer, client):
    body = b'{"sec:mafcr":{"et":"%s","adfq":"%s"}}' % (LATER, ADMIN.encode())
    assert peer.request(http("POST", "/-", client["id"], body, 20002)).rsc in (2001, 4105)


def alive(peer, client):
    """Whether the session still serves; one that has ended answers once more, with a refusal, or not at all."""
    try:
        return peer.request(http("GET", "/-", client["id"])).rsc == 2000
    except EOFError:
        return False


def refused(maf, client):
    try:
        OpensslPeer(maf, client).close()
        return False
    except HandshakeFailed:
        return True


def move(source, path):
    """In place, at once, as a tool that fetches CRLs would."""
    os.replace(source, path)


def test_a_new_crl_ends_sessions(maf, tmp_path):
    a, b = (maf.certified.ae(f"//sp.example.com/cse1/C{n}") for n in "ab")
    ca, path = maf.certified.clients, tmp_path / "crls.pem"
    ca.crl(path)
    maf.configure("clients", "crls", str(path))
    with maf, OpensslPeer(maf, a) as peer_a, OpensslPeer(maf, b) as peer_b:
        register(peer_a, a)
        register(peer_b, b)
        move(ca.crl(tmp_path / "new.pem", revoked=[b["certificate"]]), path)
        wait_for(lambda: not alive(peer_b, b), "the session outlives its certificate")
        assert alive(peer_a, a) and refused(maf, b) and not refused(maf, a)
        mark = maf.log_mark()
        move(pathlib_write(tmp_path / "bad.pem", "rubbish"), path)
        wait_for(lambda: "[clients] crls" in maf.log_since(mark), "a bad file is not reported")
        assert alive(peer_a, a) and refused(maf, b) and not refused(maf, a), "what was read before stays"
        move(ca.crl(tmp_path / "old.pem", last_update="20200101000000Z", next_update="20200102000000Z"), path)
        wait_for(lambda: refused(maf, a), "a CRL that has ended is good for nothing")
        assert not alive(peer_a, a)


def test_a_long_crl(maf, tmp_path):
    """Fifty thousand certificates, and ours."""
    a, b = (maf.certified.ae(f"//sp.example.com/cse1/C{n}") for n in "ab")
    path = maf.certified.clients.crl(tmp_path / "crls.pem", revoked=[b["certificate"]], others=50000)
    assert path.stat().st_size > 1 << 20
    maf.configure("clients", "crls", str(path))
    with maf:
        assert not refused(maf, a) and refused(maf, b)


def pathlib_write(path, text):
    path.write_text(text)
    return path


def test_revoked_and_expired_clients_lose_their_sessions(maf):
    a = maf.certified.ae("//sp.example.com/cse1/Ca")
    b = maf.certified.ae("//sp.example.com/cse1/Cb", expires="3s")
    with maf, OpensslPeer(maf, a) as peer_a, OpensslPeer(maf, b) as peer_b:
        assert alive(peer_a, a)
        wait_for(lambda: not alive(peer_b, b), "the session outlives its client's record")
        assert alive(peer_a, a)
        maf.adm("client", "revoke", a["name"])
        assert not alive(peer_a, a) and refused(maf, a)
        maf.certified.add("ae", None, [a["id"]])  # anew: the same certificate serves again
        assert not refused(maf, a)


def test_a_certificate_ends_and_its_session_with_it(maf):
    ca = maf.certified.clients
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 5))
    made = ca.issue("short", "URI:m2m://sp.example.com/cse1/Cshort", extensions=CLIENT, not_after=end)
    maf.certified.add("ae", None, ["//sp.example.com/cse1/Cshort"])
    client = {"certificate": made, "id": "//sp.example.com/cse1/Cshort", "anchors": str(maf.certified.authority.path)}
    maf.start()
    with OpensslPeer(maf, client) as peer:
        register(peer, client)
        wait_for(lambda: not alive(peer, client), "the session outlives its certificate")
    assert refused(maf, client)


def served(maf, client):
    with OpensslPeer(maf, client) as peer:
        return re.search(r"NotAfter: (.*)", peer.preamble).group(1)


def metric(maf, name):
    text = (maf.dir / "run" / "metrics.prom").read_text()
    return int(re.search(rf"^\w*{name}(?:\{{[^}}]*\}})? (\d+)$", text, re.M).group(1))


def test_a_new_certificate_is_taken_at_a_reload_and_the_end_is_announced(maf):
    client = maf.certified.ae("//sp.example.com/cse1/Ca")
    mark = maf.log_mark()
    with maf:
        wait_for(lambda: "certificate of this daemon ends at" in maf.log_since(mark), "no warning of the end in a week")
        assert maf.log().count("certificate of this daemon ends at") == 1, "by one of the workers"
        wait_for(lambda: (maf.dir / "run" / "metrics.prom").exists(), "no metrics")
        assert 6 * 86400 < metric(maf, "certificate_not_after_seconds") - time.time() < 7 * 86400
        before = served(maf, client)
        public = maf.certified.dir / "maf.pub"
        made = maf.certified.authority.issue(FQDN, f"DNS:{FQDN}", public=public, days=90)
        maf.configure("certificate", "chain", str(made.sent))
        mark = maf.log_mark()
        maf.process.send_signal(signal.SIGHUP)
        wait_for(lambda: served(maf, client) != before, "the certificate is the old one")
        assert "ends at" not in maf.log_since(mark)


def test_certificates_that_are_not_the_maf_s(maf, tmp_path):
    """Each is refused at the start, with the reason."""
    ca, public = maf.certified.authority, maf.certified.dir / "maf.pub"
    key = ca.new_key("elsewhere")
    for names, how, why in ((["DNS:third.example.com"], {}, "names"), (["DNS:*.example.com"], {}, "wildcard"),
                            ([f"DNS:{FQDN}"], {"key": key, "public": None}, "not for the key"),
                            ([f"DNS:{FQDN}"], {"digest": "sha384"}, "SHA-256")):
        made = ca.issue("x", ",".join(names), **{"public": public, **how})
        maf.configure("certificate", "chain", str(made.path))
        with pytest.raises(RuntimeError, match=why):
            maf.start()
        maf.process = None
        maf._start_mark = maf.log_mark()


def test_the_certificate_may_lie_on_the_token(maf, tmp_path):
    made = maf.certified.authority.issue(FQDN, f"DNS:{FQDN}", public=maf.certified.dir / "maf.pub")
    der = tmp_path / "maf.der"
    openssl("x509", "-in", made.path, "-outform", "DER", "-out", der)
    run([program("test-signer"), maf.token.uri, maf.token.pin_source, "served", str(der)], env=maf.token.env())
    maf.configure("certificate", "chain", "token:served")
    client = maf.certified.ae("//sp.example.com/cse1/Ca")
    with maf:
        assert not refused(maf, client)


def test_raw_public_keys_need_a_newer_openssl(maf):
    """RFC 7250 came with OpenSSL 3.2."""
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    maf.configure("clients", "raw-public-keys", "yes")
    if tuple(map(int, version.split(".")[:2])) >= (3, 2):
        maf.start()
        return
    with pytest.raises(RuntimeError, match="OpenSSL 3.2"):
        maf.start()
    maf.process = None
    maf.configure("clients", "raw-public-keys", "no")
    with pytest.raises(Failed, match="OpenSSL 3.2"):
        maf.certified.add("raw", None, ["//sp.example.com/cse1/Craw"], anchor=[], fingerprint="00" * 32)


def test_a_rooted_chain_is_sent_whole(maf, tmp_path):
    """A client that has the root only gets what it needs to reach it."""
    middle = Authority(tmp_path / "middle", "Middle MAF CA", issuer=maf.certified.authority)
    made = middle.issue(FQDN, f"DNS:{FQDN}", public=maf.certified.dir / "maf.pub")
    maf.configure("certificate", "chain", str(made.sent))
    client = maf.certified.ae("//sp.example.com/cse1/Ca")
    with maf:
        assert not refused(maf, client)  # which verifies with the root alone
