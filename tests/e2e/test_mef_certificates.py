"""MAF and MEF know each other by certificates: what the MAF demands of its MEF's, what the MEF demands of a MAF's, and the
operators' way there with `mafadm` and `mefadm` alone."""
import json
import signal
import socket
import sqlite3
import subprocess

import pytest
from harness.authorities import Authority, Certificate
from harness.build import program
from harness.certificates import request
from harness.client import BINDINGS, Client
from harness.maf import ADMIN, FQDN, Failed, Maf, wait_for
from harness.mef import MEF_FQDN, Mef
from harness.peers import GnutlsPeer, HandshakeFailed, OpensslPeer
from harness.token import Token
from harness.walk import DEVICE, VOUCHES, World, enrol, introduce, introduce_by_certificate, register

@pytest.fixture
def world(tmp_path):
    with World(tmp_path, by_certificate=True) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """For tests that leave it as it was."""
    with World(tmp_path_factory.mktemp("world"), by_certificate=True) as running:
        yield running


def gets_in(world):
    """Whether a device that has just enrolled does."""
    try:
        OpensslPeer(world.maf, enrol(world.mef, world.device)).close()
        return True
    except HandshakeFailed:
        return False


def refused_for(world, reason):
    """The MAF leaves the MEF alone for two seconds after each refusal and sees a new CRL within seconds, so this may take several
    handshakes."""
    mark = world.maf.log_mark()
    wanted = f"mef-refused mef={MEF_FQDN} reason=certificate-{reason} "
    wait_for(lambda: not gets_in(world) and wanted in world.maf.log_since(mark), wanted)
    assert f"MEF {MEF_FQDN}: its certificate: " in world.maf.log_since(mark)
    return True


def reload(daemon):
    mark = daemon.log_mark()
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "ready" in daemon.log_since(mark), "the daemon reloads")
    daemon.port = daemon._bound("https")


def shows(world, certificate):
    """The MEF shows another one for the key that it has."""
    world.mef.configure("certificate", "chain", str(certificate.sent))
    world.mef.stop()
    world.mef.configure("https", "listen", f"127.0.0.1:{world.mef.port}")
    world.mef.start()


def test_MEF_FC_3_MEF_RP_1_by_certificates_on_both_sides(shared):
    for peer in (OpensslPeer, GnutlsPeer):
        with peer(shared.maf, enrol(shared.mef, shared.device)) as session:
            assert session.exported
    [mef] = shared.maf.adm_json("mef", "list")
    assert mef["kpmid"] is None and len(mef["anchors"]) == 1 and mef["vouchesFor"] == [VOUCHES]
    assert "by certificate" in shared.maf.adm("mef", "list")
    counts = shared.maf.adm_json("check")
    assert counts["MEF"] == {"good": 1, "bad": 0} and "enrolee" not in counts


def issue(world, authority=None, san=f"DNS:{MEF_FQDN}"):
    return (authority or world.mef.certified.authority).issue(MEF_FQDN, san, public=world.mef.certified.dir / "maf.pub")


def test_MEF_FC_3_a_uri_names_the_mef_and_an_intermediate_leads_to_it(world, tmp_path):
    """An intermediate is good when it is sent along, and its CRL is there."""
    shows(world, issue(world, san=f"URI:https://{MEF_FQDN}"))
    assert gets_in(world)
    below = Authority(tmp_path / "below", "Below", issuer=world.mef.certified.authority)
    shows(world, issue(world, below))
    assert refused_for(world, "status")
    world.crl.write_text(world.crl.read_text() + below.crl(tmp_path / "below.crl").read_text())
    reload(world.maf)
    assert gets_in(world)


class Impostor:
    """A server that shows any certificate to whoever comes: openssl s_server."""

    def __init__(self, certificate):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        chain = ["-cert_chain", str(certificate.sent)] if certificate.chain else []
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", str(certificate.path), "-key",
                                         str(certificate.key), *chain, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        assert any(b"ACCEPT" in line for line in iter(self.process.stdout.readline, b""))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def under(**how):
    """A certificate of the authority that is trusted, for the MEF's own name unless told otherwise."""
    return lambda world, name: world.mef.certified.authority.issue(name, how.get("san", "DNS:{}").format(name), key=world.spare,
                                                                  **{k: v for k, v in how.items() if k != "san"})


REFUSALS = {
    "name": under(san="DNS:x{}"), "wildcard": under(san="DNS:*.example.com"),
    "purpose": under(extensions={"extendedKeyUsage": "clientAuth"}), "hash": under(digest="sha384"),
    "expired": under(not_after="20200201000000Z"), "not-yet-valid": under(not_before="20980101000000Z"),
    "path": lambda world, name: world.stranger.issue(name, f"DNS:{name}", key=world.spare),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_MEF_FC_3_what_a_maf_demands_of_its_mefs_certificate(shared, tmp_path_factory, reason):
    """Each MEF is another one, so that none is left alone for what the one before did."""
    if not hasattr(shared, "spare"):
        shared.stranger = Authority(tmp_path_factory.mktemp("stranger"), "Stranger")
        shared.spare = shared.stranger.new_key("spare")
    name = f"mef-{reason}.example.com"
    with Impostor(REFUSALS[reason](shared, name)) as server:
        shared.maf.adm("mef", "add", name, "--https", f"127.0.0.1:{server.port}", "--cert-anchor",
                       str(shared.mef.certified.authority.path), "--permit", VOUCHES)
        with pytest.raises(HandshakeFailed):
            OpensslPeer(shared.maf, {"kmid": f"{'A' * 32}@{name}", "km": "11" * 32})
    assert f"mef-refused mef={name} reason=certificate-{reason} " in shared.maf.log()
    shared.maf.adm("mef", "remove", name)


def test_MEF_FC_3_a_mef_is_asked_only_while_a_crl_speaks_for_it(world):
    """crypto 4.3: revoked, which is seen without a reload; an old CRL; none at all."""
    authority = world.mef.certified.authority
    assert gets_in(world)
    good = world.crl.read_text()
    authority.crl(world.crl, revoked=[world.mef.certified.own])
    assert refused_for(world, "revoked")
    authority.crl(world.crl, last_update="20200101000000Z", next_update="20200201000000Z")
    reload(world.maf)
    assert refused_for(world, "status")
    world.crl.write_text(good)
    reload(world.maf)
    assert gets_in(world)
    conf = world.maf.dir / "mafd.conf"
    conf.write_text(conf.read_text().replace(f"mef-crls = {world.crl}\n", ""))
    reload(world.maf)
    assert refused_for(world, "status")


def test_MEF_FC_3_a_maf_without_a_certificate_asks_nobody(world):
    conf = world.maf.dir / "mafd.conf"
    text = conf.read_text()
    conf.write_text("\n".join(line for line in text.splitlines() if not line.startswith(("key = ", "chain = ", "mef-crls"))) + "\n")
    reload(world.maf)
    mark = world.maf.log_mark()
    assert not gets_in(world)
    assert f"this MAF has no certificate for {FQDN} to show to MEF {MEF_FQDN}" in world.maf.log_since(mark)
    conf.write_text(text)
    reload(world.maf)
    wait_for(lambda: gets_in(world), "with its certificate it is served")


def test_MEF_HS_2_a_maf_that_the_mef_has_revoked_gets_nothing(world):
    assert gets_in(world)
    world.mef.adm("client", "revoke", f"fqdn-{FQDN}")
    contact = enrol(world.mef, world.device)
    with pytest.raises(HandshakeFailed):
        OpensslPeer(world.maf, contact)
    assert f'reason=certificate-client-revoked name="fqdn-{FQDN}"' in world.mef.log()
    assert world.mef.adm_json("client", "show", f"fqdn-{FQDN}")["state"] == "revoked"
    introduce_by_certificate(world.maf, world.mef)
    wait_for(lambda: gets_in(world), "added again it is served")


def test_MEF_HS_2_who_certifies_a_maf_is_limited_for_its_kind_of_name(shared, tmp_path):
    """As for CSEs and AEs: by DNS names when the FQDN is one, by URIs when it is the host of one."""
    certified = shared.mef.certified
    only_dns = Authority(tmp_path / "dns", "Only DNS", constraints="critical,permitted;DNS:example.com")

    def refused(name, authority, san):
        certified.add("fqdn", None, [name], anchor=[authority.certificate])
        made = authority.issue("maf", san, key=certified.key, public=certified.public)
        with pytest.raises(HandshakeFailed):
            OpensslPeer(shared.mef, {"certificate": made, "anchors": str(certified.authority.path)})
        return f'reason=certificate-no-name-constraints name="fqdn-{name}"' in shared.mef.log()

    assert refused("maf2.example.com", certified.nodes, "DNS:maf2.example.com")
    assert refused("maf3.example.com", only_dns, "URI:https://maf3.example.com")
    certified.add("fqdn", None, ["maf4.example.com"], anchor=[only_dns.certificate])
    good = only_dns.issue("maf", "DNS:maf4.example.com", key=certified.key, public=certified.public)
    OpensslPeer(shared.mef, {"certificate": good, "anchors": str(certified.authority.path)}).close()


def test_from_kpmid_to_certificate_and_back(world):
    introduce(world.maf, world.mef)
    [mef] = world.maf.adm_json("mef", "list")
    assert mef["kpmid"].endswith("@" + MEF_FQDN) and mef["anchors"] == []
    assert gets_in(world)
    world.mef.adm("client", "revoke", mef["kpmid"])
    world.mef.adm("client", "revoke", f"fqdn-{FQDN}")
    assert not gets_in(world)
    introduce_by_certificate(world.maf, world.mef)
    wait_for(lambda: gets_in(world), "by certificate again")
    world.maf.stop()
    world.maf.start()
    assert gets_in(world)  # what was told is durable


def test_who_writes_the_database_adds_no_anchor(world):
    with sqlite3.connect(world.maf.dir / "maf.db", timeout=30) as db:
        assert db.execute("UPDATE mef_trust SET anchors = (SELECT vouches FROM mef)").rowcount == 1
    db.close()
    assert not gets_in(world)
    with pytest.raises(Failed, match="did not pass"):
        world.maf.adm("check")
    with pytest.raises(Failed, match="did not pass"):
        world.maf.adm("mef", "list")
    introduce(world.maf, world.mef)
    world.maf.adm("check")


@pytest.mark.parametrize("words,why", [
    ([], "give either"), (["--kmid", "k"], "give either"), (["--kmid", "k", "--cert-anchor", "CA"], "give either"),
    (["--km-file", "CA", "--cert-anchor", "CA"], "give either"), (["--cert-anchor", "LEAF"], "no CA certificate"),
    (["--cert-anchor", "KEY"], "KEY|certificate"), (["--cert-anchor", "CA", "--https", "mef.example.com:1"], "numeric|twice")])
def test_mafadm_mef_add(shared, words, why):
    authority = shared.mef.certified.authority
    files = {"CA": authority.path, "KEY": authority.key, "LEAF": shared.device["certificate"].path}
    with pytest.raises(Failed, match=why):
        shared.maf.adm("mef", "add", "mef2.example.com", *(["--https", "127.0.0.1:1"] if "--https" not in words else []), "--permit", VOUCHES,
                       *[str(files.get(w, w)) for w in words])


def test_mafadm_mef_add_says_what_is_missing(softhsm, tmp_path):
    maf = Maf(softhsm, tmp_path / "maf")
    ca = Authority(tmp_path / "ca", "CA")
    done = subprocess.run([program("mafadm"), "mef", "add", MEF_FQDN, "--https", "127.0.0.1:1", "--permit", VOUCHES, "--cert-anchor",
                           str(ca.path), "--dir", str(maf.dir)], env=maf.token.env(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "[certificate]" in done.stderr and "mef-crls" in done.stderr
    maf.configure("maf", "mef-crls", "ca/mef.crl.pem")
    with pytest.raises(Failed, match=r"mef-crls is of no use without \[certificate\]"):
        maf.adm("check")
    mef = Mef(Token("softhsm", tmp_path / "mef-token"), tmp_path / "mef")
    mef.configure("mef", "mef-crls", "x")
    with pytest.raises(Failed, match="mef-crls"):
        mef.adm("check")


class Operators:
    """As docs/certificates.md tells it: both sides' certificates, CRLs and trust by mafadm and mefadm alone."""

    def __init__(self, base, maf_kind="softhsm", mef_kind="softhsm"):
        self.base = base
        self.maf = maf = Maf(Token(maf_kind, base / "maf-token"), base / "maf")
        self.mef = mef = Mef(Token(mef_kind, base / "mef-token"), base / "mef")
        for server, section in ((maf, "maf"), (mef, "mef")):
            server.adm("ca", "init", "--domain", "in.provider.com")
            server.adm("cert", "issue", "--flavour", "fqdn", "--key", section)
            server.configure("certificate", "key", section)
            server.configure("certificate", "chain", "token:" + section)
        mef.configure("clients", "crls", f"ca/entity.crl.pem ca/node.crl.pem {maf.dir}/ca/maf.crl.pem")
        maf.configure("maf", "mef-crls", f"{mef.dir}/ca/maf.crl.pem")
        mef.adm("client", "add", "--flavour", "fqdn", "--id", FQDN, "--cert-anchor", str(maf.dir / "ca" / "maf.pem"), "--stakeholder", ADMIN)

    def admit(self, device):
        anchor = str(self.mef.dir / "ca" / "entity.pem")
        self.mef.adm("client", "add", "--flavour", "ae", "--id", device, "--cert-anchor", anchor, "--stakeholder", ADMIN)
        self.mef.allow(device, FQDN)
        self.maf.adm("stakeholder", "policy", ADMIN, "--permit", device)

    def issue(self, device, csr, *words):
        return json.loads(self.mef.adm("cert", "issue", "--flavour", "ae", "--name", device, "--csr", str(csr), "--json", *words))["serial"]

    def bundle(self, client):
        """A certificate of the MEF's operator for a key that `maf` makes."""
        csr, path = self.base / "csr", self.base / "bundle"
        client.maf("csr", "--flavour", "ae", "--out", str(csr))
        self.mef.adm("bundle", "--stakeholder", ADMIN, "--certificate", self.issue(client.id, csr), "--out", str(path))
        csr.unlink()
        return path

    def __enter__(self):
        self.mef.start()
        self.maf.start()
        self.maf.adm("mef", "add", MEF_FQDN, "--https", f"127.0.0.1:{self.mef.port}", "--cert-anchor", str(self.mef.dir / "ca" / "maf.pem"),
                     "--permit", VOUCHES)
        return self

    def __exit__(self, *_):
        self.maf.stop()
        self.mef.stop()


def test_the_operators_way(tmp_path):
    """On two kinds of token, with a device played by openssl."""
    with Operators(tmp_path, "softhsm", "softokn") as both:
        key, csr = request(tmp_path, "device")
        both.issue(DEVICE, csr, "--out", str(tmp_path / "device.pem"))
        both.admit(DEVICE)
        device = {"certificate": Certificate(tmp_path / "device.pem", key), "anchors": str(both.mef.dir / "ca" / "maf.pem"), "id": DEVICE}
        with OpensslPeer(both.maf, enrol(both.mef, device)) as peer:
            assert register(peer, DEVICE).rsc == 2001


@pytest.fixture(scope="module")
def operators(tmp_path_factory):
    with Operators(tmp_path_factory.mktemp("operators")) as both:
        yield both


@pytest.mark.parametrize("binding", BINDINGS)
def test_MEF_HS_2_maf_enrol_by_certificate(operators, tmp_path, binding):
    """With a certificate in place of Kpm: the whole walk, and a renewal by the next certificate."""
    device = Client(Token("softhsm", tmp_path / "token"), tmp_path / "home", f"{DEVICE}-{binding}", operators.maf, binding=binding, mef=operators.mef)
    operators.admit(device.id)
    device.maf("credential", "import", "--bundle", str(operators.bundle(device)))
    assert device.json("status")["configurations"] == []
    first = device.enrol()
    device.maf("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", "//in.provider.com/cse1/Ctarget")
    device.maf("credential", "import", "--bundle", str(operators.bundle(device)))
    second = device.enrol("--renew")
    assert second["keid"] != first["keid"] and second["kmid"] != first["kmid"]


def test_bundles_for_a_mef(operators, tmp_path):
    """A certificate, and nothing that a home has no use for; a home without this MEF takes none."""
    device = Client(Token("softhsm", tmp_path / "token"), tmp_path / "home", DEVICE, operators.maf, mef=operators.mef)
    path = operators.bundle(device)
    good = json.loads(path.read_text())
    cfg = good["clientRegCfg"]
    for wrong, why in ((good | {"certificates": None}, "certificates"), ({k: v for k, v in good.items() if k != "certificates"}, "brings a certificate"),
                       (good | {"clientRegCfg": cfg | {"lbl": ["x"]}}, "labels are for"), (good | {"clientRegCfg": cfg | {"et": "20200101T000000"}}, "lapsed|expired|ended"),
                       (good | {"clientRegCfg": {k: v for k, v in cfg.items() if k != "certAuth"}}, "brings a certificate"),
                       (good | {"clientRegCfg": cfg | {"fqdn": "mef2.example.com"}}, "it is for")):
        path.write_text(json.dumps(wrong))
        with pytest.raises(Failed, match=why):
            device.maf("credential", "import", "--bundle", str(path))
    path.write_text(json.dumps(good))
    device.maf("credential", "import", "--bundle", str(path))
    shown, = device.json("credential", "list")
    assert shown["credentialID"] == "33-" + DEVICE
    with pytest.raises(Failed, match="no credential for maf.example.com"):  # it is the MEF's
        device.maf("register", "--stakeholder", ADMIN)


def test_each_server_gets_the_certificate_that_came_for_it(operators, tmp_path):
    """Two certificates of one name, so of one Credential-ID: the newer one is the MEF's, and the MAF trusts another authority."""
    device = Client(Token("softhsm", tmp_path / "token"), tmp_path / "home", DEVICE + "-both", operators.maf, mef=operators.mef)
    csr, path = tmp_path / "csr", tmp_path / "bundle"
    device.maf("csr", "--flavour", "ae", "--out", str(csr))
    serial = json.loads(operators.maf.adm("cert", "issue", "--flavour", "ae", "--name", device.id, "--csr", str(csr), "--json"))["serial"]
    operators.maf.adm("client", "add", "--flavour", "ae", "--id", device.id, "--cert-anchor", str(operators.maf.dir / "ca" / "entity.pem"),
                      "--stakeholder", ADMIN)
    operators.maf.adm("bundle", "--stakeholder", ADMIN, "--certificate", serial, "--out", str(path))
    device.maf("credential", "import", "--bundle", str(path))
    device.register()
    operators.admit(device.id)
    device.maf("credential", "import", "--bundle", str(operators.bundle(device)))
    device.maf("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", "//in.provider.com/cse1/Ctarget")
