"""A client's way to a certificate, with `maf` and `mafadm` at its ends, and TLS servers that we did not write."""
import json
import os
import pathlib
import re
import select
import socket
import subprocess
import time

import pytest
from harness.certificates import SP, openssl, request
from harness.client import Client
from harness.maf import ADMIN, FQDN, Failed, Maf, run
from harness.peers import LABEL
from harness.token import Token

FLAVOURS = [("ae", f"//{SP}/cse1/Cpump", None), ("cse", f"//{SP}/cse7", f"cse7.{SP}"),
            ("node", f"//{SP}/cse1/Cnode", "urn:gsma:imei:90420156-025763-0"), ("device", f"//{SP}/cse1/Cdevice", "0.2.481.1:100.3030.10011")]


@pytest.fixture(scope="module", params=["softhsm", "softokn"])
def world(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("enrolment")
    maf = Maf(Token(request.param, base / "token"), base / "maf")
    maf.adm("ca", "init", "--domain", SP)
    return maf, base, request.param


_n = iter(range(10 ** 6))


def make_client(world, identity, address="127.0.0.1:1", **how):
    _, base, kind = world
    n = next(_n)
    return Client(Token(kind, base / f"token{n}"), base / f"home{n}", identity, fqdn=FQDN, address=address, **how)


def enrol(world, client, flavour, name=None, **options):
    """Request, certificate, bundle, import. Returns what mafadm says of the certificate."""
    maf, base, _ = world
    n = next(_n)
    csr, bundle = base / f"{n}.csr", base / f"{n}.bundle"
    names = ["--name", name] if name and flavour != "ae" else []
    client.maf("csr", "--flavour", flavour, *names, "--out", str(csr))
    openssl("req", "-in", str(csr), "-verify", "-noout")
    extra = [w for o, v in options.items() for w in ("--" + o, v)]
    made = json.loads(maf.adm("cert", "issue", "--flavour", flavour, "--name", name or client.id, "--csr", str(csr), *extra,
                              "--json"))
    maf.adm("bundle", "--stakeholder", ADMIN, "--certificate", made["serial"], "--out", str(bundle))
    client.maf("credential", "import", "--bundle", str(bundle))
    return made


class Server:
    """A TLS server with a certificate of authority `maf`; whose certificate a client shows is its tool's to verify."""

    def __init__(self, command, port):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.text = ""
        self.port = int(self.read(port).group(1))

    def read(self, pattern, seconds=30):
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > deadline or not select.select([self.process.stdout], [], [], seconds)[0]:
                raise TimeoutError(self.text)
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise EOFError(self.text)
            self.text += more.decode(errors="replace")
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()


def server_certificate(world, tmp_path):
    maf = world[0]
    key, csr = request(tmp_path, "server")
    maf.adm("cert", "issue", "--flavour", "fqdn", "--csr", str(csr), "--out", str(tmp_path / "server.pem"))
    return key, tmp_path / "server.pem"


def s_server(world, tmp_path, anchor, *extra):
    key, cert = server_certificate(world, tmp_path)
    return Server(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", str(cert), "-key", str(key), "-Verify", "2",
                   "-verify_return_error", "-CAfile", str(anchor), "-tls1_2", "-keymatexport", LABEL, "-keymatexportlen", "48",
                   *extra], r"ACCEPT 127\.0\.0\.1:(\d+)")


def anchor_for(world, flavour):
    return world[0].dir / "ca" / ("entity.pem" if flavour in ("ae", "cse") else "node.pem")


def talk(client, server):
    """A registration that the server reads and does not answer."""
    process = subprocess.Popen([*client.command(), "register", "--stakeholder", ADMIN], env=client.token.env(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        server.read(r"(?s)POST .*\{.*\}")
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()
        process.stderr.close()


@pytest.mark.parametrize("flavour,identity,name", FLAVOURS, ids=[f[0] for f in FLAVOURS])
def test_every_flavour_is_shown_to_openssl(world, tmp_path, flavour, identity, name):
    with s_server(world, tmp_path, anchor_for(world, flavour)) as server:
        client = make_client(world, identity, f"127.0.0.1:{server.port}")
        made = enrol(world, client, flavour, name)
        talk(client, server)
        assert "CIPHER is ECDHE-ECDSA-AES128-SHA256" in server.text
        assert re.search(r"verify return:1", server.text) and "Keying material: " in server.text
    status = client.json("status")
    assert [c["credentialID"] for c in status["credentials"]] == [made["credentialID"]]
    assert status["configurations"] == [{"adminFQDN": ADMIN, "credentialID": made["credentialID"], "remote": False, "expires": None}]


def test_a_client_of_another_authority_is_refused_by_openssl(world, tmp_path):
    with s_server(world, tmp_path, anchor_for(world, "node")) as server:
        client = make_client(world, f"//{SP}/cse1/Cpump", f"127.0.0.1:{server.port}")
        enrol(world, client, "ae")
        with pytest.raises(Failed, match=r"refused the handshake .*unknown CA.*33-//sp.example.com/cse1/Cpump"):
            client.maf("register", "--stakeholder", ADMIN)


def test_gnutls_serves_it(world, tmp_path):
    """GnuTLS does not know URI constraints, which `entity` has; `node` has none."""
    key, cert = server_certificate(world, tmp_path)
    with socket.socket() as probe:  # it cannot be asked for any free port
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Server(["gnutls-serv", "--port", str(port), "--x509keyfile", str(key), "--x509certfile", str(cert), "--x509cafile",
                 str(anchor_for(world, "node")), "--require-client-cert", "--verify-client-cert", "--echo", "--priority",
                 "NORMAL:-VERS-ALL:+VERS-TLS1.2:+AES-128-CCM-8"], r"listening on IPv4 0\.0\.0\.0 port (\d+)") as server:
        client = make_client(world, f"//{SP}/cse1/Cnode", f"127.0.0.1:{server.port}")
        enrol(world, client, "node", "urn:gsma:imei:90420156-025763-0")
        with pytest.raises(Failed, match="not HTTP|closed the connection"):
            client.maf("register", "--stakeholder", ADMIN)
        server.read("ECDHE-ECDSA")


BAD_SERVERS = [("other name", {"san": "DNS:other.example.com"}, "not for maf.example.com"),
               ("wildcard", {"san": "DNS:*.example.com"}, "wildcard"), ("no name", {"san": None}, "not for maf.example.com"),
               ("for clients", {"eku": "clientAuth"}, "purpose"), ("past", {"days": -1}, "expired"),
               ("stranger", {"own": True}, "trust anchor")]


@pytest.mark.parametrize("what,how,why", BAD_SERVERS, ids=[b[0] for b in BAD_SERVERS])
def test_MAF_HS_3_bad_servers_are_refused_each_for_its_own_reason(world, tmp_path, what, how, why):
    """Certificates that our authority would not issue, made with openssl and a CA of its own."""
    ca_key, ca = tmp_path / "ca.key", tmp_path / "ca.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(ca_key), "-out",
            str(ca), "-subj", "/CN=ca", "-addext", "keyUsage=critical,keyCertSign", "-days", "30")
    key, csr = request(tmp_path, "server")
    ext = tmp_path / "ext"
    ext.write_text("keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                   + f"extendedKeyUsage={how.get('eku', 'serverAuth')}\n"
                   + ("" if how.get("san", "") is None else f"subjectAltName={how.get('san', 'DNS:' + FQDN)}\n"))
    cert = tmp_path / "server.pem"
    openssl("x509", "-req", "-in", str(csr), "-CA", str(ca), "-CAkey", str(ca_key), "-out", str(cert), "-extfile", str(ext),
            "-days", str(how.get("days", 30)), "-set_serial", "7")
    with Server(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", str(cert), "-key", str(key), "-Verify", "2", "-CAfile",
                 str(anchor_for(world, "ae")), "-tls1_2"], r"ACCEPT 127\.0\.0\.1:(\d+)") as server:
        client = make_client(world, f"//{SP}/cse1/Cpump", f"127.0.0.1:{server.port}")
        made = enrol(world, client, "ae")
        if not how.get("own"):
            bundle = tmp_path / "other.bundle"
            world[0].adm("bundle", "--stakeholder", ADMIN, "--certificate", made["serial"], "--anchors", str(ca), "--out", str(bundle))
            client.maf("credential", "import", "--bundle", str(bundle))
        with pytest.raises(Failed, match="the certificate of maf.example.com at .* is not good: .*" + why):
            client.maf("register", "--stakeholder", ADMIN)


def test_a_bundle_for_a_km(world, tmp_path):
    maf = world[0]
    identity = f"//{SP}/cse1/Cold"
    credential = maf.add_client(identity)
    client = make_client(world, identity)
    client.import_km(credential["kmid"], credential["km"])
    enrol(world, client, "ae")
    bundle = tmp_path / "b"
    maf.adm("bundle", "--stakeholder", ADMIN, "--kmid", credential["kmid"], "--expires", "30d", "--label", "old", "--out", str(bundle))
    client.maf("credential", "import", "--bundle", str(bundle))
    assert client.json("status")["configurations"][0]["credentialID"] == "11-" + credential["kmid"]
    document = json.loads(bundle.read_text())
    assert document["clientRegCfg"]["ppsk"] == {"credID": "11-" + credential["kmid"]} and "certificates" not in document
    assert credential["km"] not in bundle.read_text()


def test_bundles_that_are_not_made(world, tmp_path):
    maf = world[0]
    client = make_client(world, f"//{SP}/cse1/Cgone")
    made = enrol(world, client, "ae")
    maf.adm("cert", "revoke", made["serial"])
    for args, why in ((["--certificate", made["serial"]], "revoked"), (["--certificate", "00"], "no such certificate"),
                      (["--kmid", "nobody"], "no such KmID"), ([], "give one of"), (["--cert-file", "x"], "needs --flavour")):
        with pytest.raises(Failed, match=why):
            maf.adm("bundle", "--stakeholder", ADMIN, *args)
    with pytest.raises(Failed, match="stakeholder"):
        maf.adm("bundle", "--stakeholder", "nobody.example.com", "--certificate", made["serial"])


def test_the_private_key_is_in_the_token_and_nowhere_else(world):
    """With SoftHSM another program of PKCS#11 looks: every private key is sensitive and was never extractable."""
    client = make_client(world, f"//{SP}/cse1/Ckey")
    enrol(world, client, "ae")
    if world[2] == "softhsm":
        module = re.search("module-path=([^&]+)", client.token.uri).group(1)
        pin = pathlib.Path(client.token.pin_source.removeprefix("file:")).read_text().strip()
        shown = run(["p11tool", "--provider", module, "--login", "--list-privkeys"], env=client.token.env() | {"GNUTLS_PIN": pin})
        flags = re.findall(r"Flags: (.*)", shown)
        assert len(flags) == 1 and {"CKA_PRIVATE", "CKA_NEVER_EXTRACTABLE", "CKA_SENSITIVE"} <= set(re.findall(r"CKA_\w+", flags[0]))
    for path in client.home.rglob("*"):
        assert path.is_dir() or b"PRIVATE KEY" not in path.read_bytes()
    records = list((client.home / "state").glob("certificate-*.rec"))
    assert len(records) == 1 and records[0].stat().st_mode & 0o777 == 0o600


def test_the_mafs_own_key(world):
    maf = world[0]
    first = maf.adm("cert", "issue", "--flavour", "fqdn", "--key", "own")
    again = maf.adm("cert", "issue", "--flavour", "fqdn", "--key", "own")
    public = [openssl("x509", "-noout", "-pubkey", input=pem) for pem in (first, again)]
    assert first != again and public[0] == public[1]
    with pytest.raises(Failed, match="client makes its key itself"):
        maf.adm("cert", "issue", "--flavour", "ae", "--name", f"//{SP}/cse1/Ca", "--key", "own")
    with pytest.raises(Failed, match="either --csr"):
        maf.adm("cert", "issue", "--flavour", "fqdn")


def test_warning_before_the_end(world):
    client = make_client(world, f"//{SP}/cse1/Csoon")
    enrol(world, client, "ae", expires="20d")
    listed = client.json("credential", "list")
    assert "expires soon" in listed[0]["warning"] and "expires soon" in client.maf("credential", "list")
    enrol(world, client, "ae", expires="200d")
    assert sorted("warning" in c for c in client.json("credential", "list")) == [False, True]
    assert [c["current"] for c in client.json("credential", "list") if "warning" not in c] == [True]
