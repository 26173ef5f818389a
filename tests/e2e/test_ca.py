"""The certification authorities of a MAF directory, seen with tools that we did not write."""
import json
import os
import random
import re
import select
import signal
import sqlite3
import subprocess

import pytest
from harness.build import program
from harness.certificates import SP, NAMES, bare_request, certtool, openssl, request
from harness.maf import Failed, Maf
from harness.token import Token


@pytest.fixture(scope="module", params=["softhsm", "softokn", "swtpm-plain"])
def shared(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("ca")
    maf = Maf(Token(request.param, base / "token"), base / "maf")
    maf.adm("ca", "init", "--domain", SP, "--crl-uri", "http://crl.example.com/maf")
    return maf


@pytest.fixture
def ca(softhsm, tmp_path):
    maf = Maf(softhsm, tmp_path / "maf")
    maf.adm("ca", "init", "--domain", SP)
    return maf


def issue(maf, folder, flavour, name, csr=None, **options):
    """Returns what mafadm says of it, and the path of the certificate."""
    n = len(list(folder.glob("*.crt")))
    path = folder / f"{n}.crt"
    csr = csr or bare_request(folder, f"r{n}")[1]
    args = ["cert", "issue", "--flavour", flavour, "--name", name, "--csr", str(csr), "--out", str(path)]
    for option, value in options.items():
        args += ["--" + option, value]
    return json.loads(maf.adm(*args, "--json")), path


def anchor(maf, flavour):
    authority = {"fqdn": "maf", "ae": "entity", "cse": "entity"}.get(flavour, "node")
    return maf.dir / "ca" / f"{authority}.pem"


@pytest.mark.parametrize("flavour,name,san", NAMES)
def test_every_flavour_is_good_for_openssl_and_gnutls(shared, tmp_path, flavour, name, san):
    made, path = issue(shared, tmp_path, flavour, name)
    verify = ["verify", "-x509_strict", "-policy_check", "-CAfile", str(anchor(shared, flavour))]
    openssl(*verify, "-purpose", "sslclient", str(path))
    if flavour == "fqdn":  # a MAF is a server, and a client of MEFs
        openssl(*verify, "-purpose", "sslserver", str(path))
    else:
        with pytest.raises(Failed, match="purpose"):
            openssl(*verify, "-purpose", "sslserver", str(path))
    for file in set(shared.dir.glob("ca/*.pem")) - {anchor(shared, flavour)} - set(shared.dir.glob("ca/*.crl.pem")):
        with pytest.raises(Failed, match="issuer"):
            openssl("verify", "-CAfile", str(file), str(path))
    text = openssl("x509", "-in", str(path), "-noout", "-text")
    assert san in text
    assert "ecdsa-with-SHA256" in text and "ASN1 OID: prime256v1" in text
    assert re.search(r"Key Usage: critical\s+Digital Signature\n", text)
    assert f"http://crl.example.com/maf/{anchor(shared, flavour).stem}.crl" in text
    serial = re.search(r"Serial Number:\s+([0-9a-f:]+)", text).group(1).replace(":", "")
    assert serial == made["serial"] and len(serial) == 32
    assert "Signature Algorithm: ECDSA-SHA256" in certtool("-i", "--infile", str(path))


def test_the_authorities_are_what_the_standard_wants(shared):
    shown = shared.adm_json("ca", "show")
    assert [a["authority"] for a in shown] == ["maf", "entity", "node"]
    for a in shown:
        text = openssl("x509", "-in", a["certificate"], "-noout", "-text")
        assert "CA:TRUE, pathlen:0" in text and "Name Constraints: critical" in text
        assert re.search(r"Key Usage: critical\s+Certificate Sign, CRL Sign\n", text)
        crl = openssl("crl", "-in", a["certificate"].replace(".pem", ".crl"), "-inform", "DER", "-noout", "-text",
                      "-CAfile", a["certificate"])
        assert "No Revoked Certificates" in crl
    keys = {a["key"] for a in shown}
    assert len(keys) == 3
    with pytest.raises(Failed, match="already"):
        shared.adm("ca", "init", "--domain", SP)


def test_serial_numbers_do_not_repeat_nor_follow(shared, tmp_path):
    csr = bare_request(tmp_path, "one")[1]
    serials = [issue(shared, tmp_path, "ae", f"//{SP}/cse1/Cserial", csr)[0]["serial"] for _ in range(20)]
    assert len({s[2:18] for s in serials}) == 20


@pytest.mark.parametrize("flavour,name,why", [
    ("ae", "//other.example.com/cse1/Ca", "outside the domains"), ("cse", "cse1.other.example.com", "outside the domains"),
    ("ae", "Cae", "Absolute"), ("cse", "*.sp.example.com", "FQDN"), ("node", "imei:1", "URN"), ("device", "1.2", "hardware ID"),
    ("fqdn", "other.example.com", "no name of this MAF"), ("cse", "maf.example.com", "the name of this MAF"),
    ("rpk", "x", "flavour")])
def test_names_that_are_not_issued(shared, tmp_path, flavour, name, why):
    before = len(shared.adm_json("cert", "list"))
    with pytest.raises(Failed, match=why):
        issue(shared, tmp_path, flavour, name)
    assert len(shared.adm_json("cert", "list")) == before


def test_a_cse_may_be_named_by_its_id(shared, tmp_path):
    made, path = issue(shared, tmp_path, "cse", f"//{SP}/Cse-9")
    assert made["name"] == f"cse-9.{SP}" and made["credentialID"] == f"32-cse-9.{SP}"


def test_a_request_for_another_name_is_refused(shared, tmp_path):
    csr = request(tmp_path, "other", f"URI:m2m://{SP}/cse1/Cother")[1]
    with pytest.raises(Failed, match="asks for something else"):
        issue(shared, tmp_path, "ae", f"//{SP}/cse1/Cae", csr)
    issue(shared, tmp_path, "ae", f"//{SP}/cse1/Cother", csr)


def test_requests_that_are_bad(shared, tmp_path):
    (tmp_path / "text").write_text("hello")
    (tmp_path / "long").write_bytes(b"0" * 10000)
    good = bare_request(tmp_path, "good")[1].read_text()
    (tmp_path / "twice").write_text(good + good)
    (tmp_path / "changed").write_text(good.replace(good[100:104], "AAAA"))
    for name, why in (("text", "not a certificate"), ("long", "octets"), ("twice", "follows"), ("changed", "changed"),
                      ("missing", "missing")):
        with pytest.raises(Failed, match=why):
            issue(shared, tmp_path, "ae", f"//{SP}/cse1/Cae", tmp_path / name)
    rsa = tmp_path / "rsa.csr"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x", "-out", str(rsa))
    with pytest.raises(Failed, match="elliptic"):
        issue(shared, tmp_path, "ae", f"//{SP}/cse1/Cae", rsa)


def test_one_key_one_holder(ca, tmp_path):
    csr = bare_request(tmp_path, "key")[1]
    first, _ = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca", csr)
    issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca", csr)  # renewal
    for flavour, name in (("ae", f"//{SP}/cse1/Cb"), ("node", "urn:gsma:imei:90420156-025763-0")):
        with pytest.raises(Failed, match="this key is that of"):
            issue(ca, tmp_path, flavour, name, csr)
    ca.adm("cert", "revoke", first["serial"], "--reason", "keyCompromise")
    with pytest.raises(Failed, match="compromised"):
        issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca", csr)


def crl_check(maf, path):
    return openssl("verify", "-crl_check", "-CRLfile", str(maf.dir / "ca" / "entity.crl.pem"), "-CAfile",
                   str(maf.dir / "ca" / "entity.pem"), str(path))


def test_revocation(ca, tmp_path):
    a, a_path = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca")
    b, b_path = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Cb")
    crl_check(ca, a_path)
    shouted = ":".join(a["serial"][i:i + 2] for i in range(0, 32, 2)).upper()
    ca.adm("cert", "revoke", shouted, "--reason", "superseded")
    with pytest.raises(Failed, match="certificate revoked"):
        crl_check(ca, a_path)
    crl_check(ca, b_path)
    with pytest.raises(Failed, match="revoked before"):
        ca.adm("cert", "revoke", a["serial"])
    with pytest.raises(Failed, match="no such certificate"):
        ca.adm("cert", "revoke", "00")
    with pytest.raises(Failed, match="no reason"):
        ca.adm("cert", "revoke", b["serial"], "--reason", "boredom")
    listed = {c["serial"]: c for c in ca.adm_json("cert", "list")}
    assert listed[a["serial"]]["reason"] == "superseded" and listed[b["serial"]]["state"] == "good"
    assert [c["serial"] for c in ca.adm_json("cert", "list", "--name", f"//{SP}/cse1/Cb")] == [b["serial"]]


def number(maf, authority):
    text = openssl("crl", "-in", str(maf.dir / "ca" / f"{authority}.crl.pem"), "-noout", "-crlnumber")
    return int(text.split("=")[1], 16)


def test_crl_numbers_grow_and_lists_end_when_told(ca):
    before = number(ca, "node")
    assert len(ca.adm_json("cert", "crl", "--expires", "20400101T000000")) == 3
    assert number(ca, "node") == before + 1
    assert "2040" in openssl("crl", "-in", str(ca.dir / "ca" / "node.crl.pem"), "-noout", "-nextupdate")


def test_a_certificate_can_be_had_again(ca, tmp_path):
    made, path = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca")
    assert ca.adm("cert", "show", made["serial"]) == path.read_text()


def test_lifetimes(ca, tmp_path):
    _, path = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca", expires="20300101T000000")
    assert "Jan  1 00:00:00 2030" in openssl("x509", "-in", str(path), "-noout", "-enddate")
    with pytest.raises(Failed, match="outlive"):
        issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca", expires="20800101T000000")
    with pytest.raises(Failed, match="past"):
        issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca", expires="20200101T000000")


def test_without_authorities(softhsm, tmp_path):
    maf = Maf(softhsm, tmp_path / "maf")
    with pytest.raises(Failed, match="ca init"):
        issue(maf, tmp_path, "ae", f"//{SP}/cse1/Ca")
    for domain in ("Sp.example.com", "*.example.com", ""):
        with pytest.raises(Failed, match="FQDN"):
            maf.adm("ca", "init", "--domain", domain)
    with pytest.raises(Failed, match="http"):
        maf.adm("ca", "init", "--domain", SP, "--crl-uri", "ldap://x")


def test_who_writes_the_database_undoes_no_revocation(ca, tmp_path):
    a, a_path = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Ca")
    b, _ = issue(ca, tmp_path, "ae", f"//{SP}/cse1/Cb")
    ca.adm("cert", "revoke", a["serial"])
    rows = []
    with sqlite3.connect(ca.dir / "maf.db") as db:
        rows = db.execute("SELECT * FROM issued WHERE serial = ?", (a["serial"],)).fetchall()
        db.execute("DELETE FROM issued WHERE serial = ?", (a["serial"],))
    with pytest.raises(Failed, match="rows are missing"):
        ca.adm("cert", "crl")
    with sqlite3.connect(ca.dir / "maf.db") as db:
        db.execute(f"INSERT INTO issued VALUES ({','.join('?' * len(rows[0]))})", rows[0])
        db.execute("UPDATE issued SET revoked = 0 WHERE serial = ?", (a["serial"],))
    with pytest.raises(Failed, match=r"missing|changed|verify"):
        ca.adm("cert", "crl")
    with pytest.raises(Failed):
        ca.adm("check")
    db.close()


def start(maf, *args):
    return subprocess.Popen([program("mafadm"), *args, "--dir", str(maf.dir)], env=maf.token.env(),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_kill_at_any_moment_loses_nothing(tmp_path):
    """What was handed out is on record; the database stays good; CRLs are complete. Not with SoftHSM, which rewrites the
    token's file at each login, in place (hsm/README.md, login-rewrites-token)."""
    ca = Maf(Token("softokn", tmp_path / "token"), tmp_path / "maf")
    ca.adm("ca", "init", "--domain", SP)
    chance = random.Random(5)
    csr = bare_request(tmp_path, "key")[1]
    handed = set()
    for i in range(24):
        path = tmp_path / f"{i}.crt"
        process = start(ca, "cert", "issue", "--flavour", "ae", "--name", f"//{SP}/cse1/Ca", "--csr", str(csr), "--out", str(path))
        select.select([], [], [], chance.random() * 0.06)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        if path.exists():
            handed.add(openssl("x509", "-in", str(path), "-noout", "-serial").split("=")[1].strip().lower())
    listed = {c["serial"] for c in ca.adm_json("cert", "list")}
    assert handed <= listed
    for serial in sorted(listed)[:8]:
        process = start(ca, "cert", "revoke", serial)
        select.select([], [], [], chance.random() * 0.06)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    ca.adm("check")
    ca.adm("cert", "crl")
    revoked = {c["serial"] for c in ca.adm_json("cert", "list") if c["state"] == "revoked"}
    text = openssl("crl", "-in", str(ca.dir / "ca" / "entity.crl.pem"), "-noout", "-text").lower()
    assert set(re.findall(r"serial number: ([0-9a-f]+)", text)) == revoked


def test_commands_at_once(ca, tmp_path):
    """Of several names that want one key, one gets it; and no CRL is older than the one before."""
    csr = bare_request(tmp_path, "key")[1]
    started = [start(ca, "cert", "issue", "--flavour", "ae", "--name", f"//{SP}/cse1/C{i}", "--csr", str(csr)) for i in range(6)]
    started += [start(ca, "cert", "crl") for _ in range(4)]
    codes = [p.wait(timeout=60) for p in started]
    assert codes[:6].count(0) == 1 and codes[6:] == [0] * 4
    assert number(ca, "maf") == 5


def test_files_are_private_to_the_folder(ca):
    assert os.stat(ca.dir / "ca").st_mode & 0o777 == 0o700
    assert not list((ca.dir / "ca").glob("*key*"))
