"""MEF Client Commands as `maf mef commands` executes them: every class, every outcome, with mefd and mafd."""
import base64
import datetime
import fcntl
import hashlib
import http.server
import itertools
import json
import os
import pathlib
import ssl
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness.client import BINDINGS, Client
from harness.est import EstMef, SP
from harness.maf import ADMIN, FQDN, Failed, wait_for
from harness.mef import MEF_FQDN
from harness.objects import (ANCHOR, CERTIFICATE_SUITES, MAF_CFG, PROFILE, PSK_SUITES, certificate, commands, device, node,
                             profile, put)
from harness.token import Token
from harness.walk import World

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as one:
        yield one


class Managed(Client):
    """A client of both that is registered at the MEF."""

    def __init__(self, world, directory, registered=True, **options):
        self.world = world
        identity = f"//in.provider.com/cse1/Cmanaged{next(numbers)}"
        maf, mef = world.maf.add_client(identity), world.mef.add_client(identity)
        name = identity.rsplit("/", 1)[1]
        super().__init__(Token("softhsm", directory / (name + "-token")), directory / name, identity, world.maf, mef=world.mef, **options)
        self.import_km(maf["kmid"], maf["km"])
        self.import_km(mef["kmid"], mef["km"])
        self.kmid = maf["kmid"]
        if registered:
            self.maf("mef", "register", "--stakeholder", ADMIN)

    def queue(self, description):
        return self.world.mef.queue(self.id, description)

    def ask(self, description):
        """The status of one command, as the client and as the MEF have it."""
        cmid = self.queue(description)
        [(told, status)], _ = commands(self)
        assert told == cmid
        assert self.world.mef.adm_json("command", "show", str(cmid))["cmdStatusCode"] == status
        return status

    def configure(self, key, value):
        conf = self.home / "maf.conf"
        conf.write_text(conf.read_text().replace("\n[token]", f"\n[mef]\n{key} = {value}\n\n[token]"))


@pytest.fixture(scope="module")
def client(world, tmp_path_factory):
    """With the parents that profiles need, and below each a profile for a key of the MEF."""
    one = Managed(world, tmp_path_factory.mktemp("client"))
    put(one, "/maf", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    put(one, "/app", type="registration", CSEBase="//in.provider.com/cse9/base")
    put(one, "/data", type="dataCollection", containerPath="/cse8/base/container")
    return one


def with_child(client, path, suid, **members):
    """A profile that registers keys, with the configuration below it that says where."""
    profile(client, path, suid, **{"keyRegDuration": "P1D", **members})
    kind, fqdn = ("MEFClientRegCfg", MEF_FQDN) if suid < 30 else ("MAFClientRegCfg", FQDN)
    put(client, path + "/cfg", type=kind, fqdn=fqdn, adfq=ADMIN)


def key_of(client, path):
    """The record of the key that a command registered by a profile."""
    [key_id] = [o["keyIdentifier"] for o in client.json("object", "list") if o["path"] == path]
    [found] = [k for k in client.json("key", "list") if k["keyIdentifier"] == key_id]
    return found


def seconds_until(timestamp):
    end = datetime.datetime.strptime(timestamp, "%Y%m%dT%H%M%S").replace(tzinfo=datetime.timezone.utc)
    return (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def make_ca(directory, name="anchor"):
    """A CA certificate, in a file for a TLS server and in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(7)
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False).sign(key, hashes.SHA256()))
    pem = directory / f"{name}.pem"
    pem.write_bytes(cert.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return pem, cert.public_bytes(serialization.Encoding.DER)


class AnchorServer:
    """HTTPS with a certificate that nobody trusts; counts what it is asked."""

    def __init__(self, pem, bodies):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                body = bodies.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.asked = []
        self.http = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.uri = f"https://localhost:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


# --- the loop, on every binding ---

@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("format", ["json", "cbor"])
def test_MEF_CMD_2_MEF_CMD_3_MEF_CMD_6_until_there_is_no_more(world, binding, format, tmp_path):
    one = Managed(world, tmp_path, binding=binding, format=format)
    put(one, "/app", type="registration", CSEBase="//in.provider.com/cse9/base")
    with_child(one, "/app/key", 22, keyRegLabels=["by:command"])
    queued = [one.queue(d) for d in (node("/app/key", PROFILE, 22), node("/nowhere", PROFILE, 22), device("coaps://dm.example.com"))]
    done, said = commands(one)
    assert done == [(queued[0], 20), (queued[1], 300), (queued[2], 41)]
    assert 3590 <= seconds_until(said["again"]) <= 3600
    [state] = one.json("status")["commands"]
    assert state["again"] == said["again"] and state["cmdID"] == queued[2] and state["reported"]
    assert commands(one)[0] == []


# --- MO_NODE, an authenticationProfile ---

@pytest.mark.parametrize("path,suid,targets", [("/maf/r21", 21, [FQDN]), ("/app/r22", 22, ["//in.provider.com/cse9"]),
                                               ("/data/r23", 23, ["//in.provider.com/cse8"])])
def test_MEF_KR_7_a_key_is_registered_at_the_mef(world, client, path, suid, targets):
    with_child(client, path, suid, keyRegLabels=["floor:1"])
    assert client.ask(node(path, PROFILE, suid)) == 20
    key = key_of(client, path)
    assert key["keyIdentifier"].endswith("@" + MEF_FQDN) and key["suid"] == suid and key["targetIDs"] == targets
    assert key["source"] == client.id and key["adminFQDN"] == ADMIN and key["labels"] == ["floor:1"] and not key["generated"]
    assert 86390 <= seconds_until(key["expires"]) <= 86400
    assert world.mef.adm_json("key", "show", key["keyIdentifier"].split("@")[0])["targetIDs"] == targets


def test_MEF_CMD_4_maf_registration_and_keys_at_the_maf(client):
    put(client, "/reg", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN, lbl=["from:mef"])
    profile(client, "/reg/km", 11, symmKeyID=client.kmid)
    assert client.ask(node("/reg", MAF_CFG)) == 20
    [made] = [r for r in client.json("registration", "list") if "mafClientRegID" in r]
    assert made["labels"] == ["from:mef"] and made["adminFQDN"] == ADMIN
    assert [c["credentialID"] for c in client.json("status")["configurations"]] == ["11-" + client.kmid]
    assert client.ask(node("/reg", MAF_CFG)) == 20  # again: the registration is as the object wants it
    assert client.json("registration", "list")[0]["mafClientRegID"] == made["mafClientRegID"]
    for path, suid, target in (("/app/r32", 32, "//in.provider.com/cse9"), ("/data/r33", 33, "//in.provider.com/cse8")):
        with_child(client, path, suid)
        assert client.ask(node(path, PROFILE, suid)) == 20
        key = key_of(client, path)
        assert key["keyIdentifier"].endswith("@" + FQDN) and key["targetIDs"] == [target] and key["suid"] == suid


def test_MEF_CMD_4_maf_registration_with_a_key_from_the_mef(world, tmp_path):
    one = Managed(world, tmp_path)
    world.mef.allow(one.id, FQDN)
    put(one, "/reg", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    profile(one, "/reg/km", 21, keyRegDuration="P1D")
    assert one.ask(node("/reg", MAF_CFG)) == 20
    [enrolment] = one.json("status")["enrolments"]
    assert enrolment["kmid"].endswith("@" + FQDN) and enrolment["keid"].endswith("@" + MEF_FQDN)
    assert one.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", one.id)["suid"] == 32


def test_MEF_CMD_5_registrations_whose_answer_was_lost(world, tmp_path):
    """As if the process had ended between the answer and the record of it, at the MEF and at the MAF."""
    one = Managed(world, tmp_path, registered=False)
    put(one, "/mef", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN)
    put(one, "/reg", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    assert one.ask(node("/reg", MAF_CFG)) == 20
    before = one.json("registration", "list")
    assert len(before) == 2
    for path in (one.home / "state").glob("*registration-*.rec"):
        path.unlink()
    assert one.ask(node("/reg", MAF_CFG)) == 20
    assert one.json("registration", "list") == before


def test_MEF_CMD_2_commands_are_due_after_a_registration(world, tmp_path):
    one = Managed(world, tmp_path)
    assert [(c["again"], c["cmdID"]) for c in one.json("status")["commands"]] == [(None, 0)]
    commands(one)
    assert one.json("status")["commands"][0]["again"] is not None
    one.maf("mef", "deregister", "--stakeholder", ADMIN)
    one.maf("mef", "register", "--stakeholder", ADMIN)
    assert one.json("status")["commands"][0]["again"] is None


def test_MEF_CMD_4_a_local_key(client):
    profile(client, "/maf/k11", 11, symmKeyID=client.kmid)
    assert client.ask(node("/maf/k11", PROFILE, 11)) == 20
    profile(client, "/maf/k11", 11, symmKeyID="nobody@" + FQDN)
    assert client.ask(node("/maf/k11", PROFILE, 11)) == 305
    [state] = client.json("status")["commands"]
    assert state["status"] == "MO_NODE_EXECUTION_ERROR" and "nobody" in state["why"]
    with_child(client, "/app/local", 22)
    assert client.ask(node("/app/local", PROFILE, 22)) == 20
    profile(client, "/app/k12", 12, symmKeyID=key_of(client, "/app/local")["keyIdentifier"])
    assert client.ask(node("/app/k12", PROFILE, 12)) == 20


def test_MEF_CMD_4_a_certificate(world, tmp_path):
    one = Managed(world, tmp_path)
    put(one, "/maf", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    profile(one, "/maf/cert", 41, myCertFingerprint="00" * 32)
    assert one.ask(node("/maf/cert", PROFILE, 41)) == 305
    put(one, "/maf/cert/anchor", type="trustAnchorCred", certFingerprint="11" * 32)
    assert one.ask(node("/maf/cert", PROFILE, 41)) == 304


def test_MEF_CMD_4_node_not_found_and_of_another_type(client):
    assert client.ask(node("/nowhere", MAF_CFG)) == 300
    assert client.ask(node("not-a-path", MAF_CFG)) == 300
    assert client.ask(node("/app", MAF_CFG)) == 301
    assert client.ask(node("/maf", ANCHOR)) == 301


def test_MEF_CMD_4_node_arguments(client):
    with_child(client, "/app/args", 22)
    assert client.ask(node("/app/args", PROFILE)) == 302
    assert client.ask(node("/maf", MAF_CFG, 21)) == 302
    for suid in (31, 10, 24, 35, 99):
        assert client.ask(node("/app/args", PROFILE, suid)) == 303
    assert client.ask(node("/app/args", PROFILE, 12)) == 304


@pytest.mark.parametrize("path,suid,members", [
    ("/app/x21", 21, {}), ("/maf/x22", 22, {}), ("/app/x23", 23, {}), ("/x22", 22, {}),  # the parent
    ("/app/x22", 22, {"keyRegDuration": None}), ("/app/x22", 22, {"TLSCiphersuites": PSK_SUITES[:1]}),
    ("/app/x22", 22, {"TLSCiphersuites": CERTIFICATE_SUITES}), ("/app/x22", 22, {"et": "20200101T000000"}),
    ("/maf/x11", 11, {}), ("/app/x42", 42, {}), ("/maf/x41", 41, {"myCertFingerprint": "00" * 32, "TLSCiphersuites": PSK_SUITES})])
def test_MEF_CMD_4_node_inconsistent(client, path, suid, members):
    members = {"keyRegDuration": "P1D", **members}
    profile(client, path, suid, **{k: v for k, v in members.items() if v is not None})
    if 20 < suid < 30:
        put(client, path + "/cfg", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN)
    assert client.ask(node(path, PROFILE, suid)) == 304


def test_MEF_CMD_4_node_without_what_belongs_below_it(client):
    profile(client, "/app/bare", 22, keyRegDuration="P1D")
    assert client.ask(node("/app/bare", PROFILE, 22)) == 304
    put(client, "/app/bare/maf", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    assert client.ask(node("/app/bare", PROFILE, 22)) == 304


def test_MEF_CMD_4_node_that_cannot_be_executed(world, tmp_path):
    one = Managed(world, tmp_path)
    put(one, "/app", type="registration", CSEBase="//in.provider.com/cse9/base")
    profile(one, "/app/r32", 32, keyRegDuration="P1D")
    put(one, "/app/r32/cfg", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    assert one.ask(node("/app/r32", PROFILE, 32)) == 305  # it is not registered at the MAF
    put(one, "/maf", type="MAFClientRegCfg", fqdn=FQDN, adfq="nobody.example.com")
    assert one.ask(node("/maf", MAF_CFG)) == 305


# --- trustAnchorCred ---

def test_MEF_CMD_4_a_trust_anchor_is_fetched_and_compared(client, tmp_path):
    pem, der = make_ca(tmp_path)
    good, other = hashlib.sha256(der).hexdigest(), "00" * 32
    bodies = {"/good": der, "/long": der + bytes(9000), "/more": der + b"x", "/none": b"no certificate"}
    with AnchorServer(pem, bodies) as server:
        put(client, "/anchor", type="trustAnchorCred", certFingerprint=other, uri=server.uri + "/good")
        assert client.ask(node("/anchor", ANCHOR)) == 305
        for path in ("/long", "/none", "/missing"):
            put(client, "/anchor", type="trustAnchorCred", certFingerprint=good, uri=server.uri + path)
            assert client.ask(node("/anchor", ANCHOR)) == 305
        put(client, "/anchor", type="trustAnchorCred", certFingerprint=good.upper(), uri=server.uri + "/good")
        assert client.ask(node("/anchor", ANCHOR)) == 20
        asked = len(server.asked)
        assert client.ask(node("/anchor", ANCHOR)) == 20 and len(server.asked) == asked  # it is here now
    put(client, "/anchor", type="trustAnchorCred", certFingerprint=good)
    assert client.ask(node("/anchor", ANCHOR)) == 20
    put(client, "/anchor", type="trustAnchorCred", certFingerprint=other)
    assert client.ask(node("/anchor", ANCHOR)) == 305


# --- DEV_CFG and CERT_PROV ---

@pytest.mark.parametrize("script,status", [("exit 0", 20), ("exit 1", 201), ("exit 2", 202), ("kill -9 $$", 202)])
def test_MEF_CMD_4_device_configuration(world, script, status, tmp_path):
    program, out = tmp_path / "configure", tmp_path / "out"
    program.write_text(f"#!/bin/sh\n(echo \"$#:$1:$2\"; env; ls -l /proc/$$/fd) > {out}\n{script}\n")
    program.chmod(0o755)
    one = Managed(world, tmp_path)
    one.configure("device-config", program)
    os.environ["A_SECRET_OF_THE_CALLER"] = "x"
    try:
        assert one.ask(device("coaps://dm.example.com:5684/x;y$z", 3)) == status
    finally:
        del os.environ["A_SECRET_OF_THE_CALLER"]
    said = out.read_text()
    assert said.startswith("2:3:coaps://dm.example.com:5684/x;y$z\n")
    assert f"MAF_HOME={one.home}" in said and "A_SECRET" not in said and "socket:" not in said
    assert f"3 -> {one.home}/state/commands.lock" in said


def test_MEF_CMD_2_a_daemon_that_a_program_leaves_behind(world, tmp_path):
    """It has the lock's descriptor still, and holds nobody up."""
    program, gate = tmp_path / "configure", tmp_path / "gate"
    os.mkfifo(gate)
    program.write_text(f"#!/bin/sh\ncat {gate} 2>/dev/null &\nexit 0\n")
    program.chmod(0o755)
    one = Managed(world, tmp_path)
    one.configure("device-config", program)
    assert one.ask(device("coaps://dm.example.com")) == 20
    assert commands(one)[0] == []
    opened(gate)


def test_MEF_CMD_4_a_program_that_is_not_there(world, tmp_path):
    one = Managed(world, tmp_path)
    one.configure("device-config", tmp_path / "missing")
    assert one.ask(device("coaps://dm.example.com")) == 202
    one.configure("device-config", "relative")
    with pytest.raises(Failed, match="device-config"):
        commands(one)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    """A MEF that gives certificates."""
    directory = tmp_path_factory.mktemp("issuer")
    with EstMef(Token("softhsm", directory / "token"), directory / "mef") as one:
        yield one


class Certified(Client):
    """A client of that MEF, whose MAF is never asked."""

    def __init__(self, mef, directory, identity, allow=True, **options):
        device = mef.enrolee(identity) if allow else mef.add_client(identity)
        super().__init__(Token("softhsm", directory / "token"), directory / "home", identity, fqdn=FQDN, address="127.0.0.1:9",
                         mef=mef, **options)
        self.import_km(device["kmid"], device["km"])
        self.maf("mef", "register", "--stakeholder", ADMIN)
        self.mef = mef

    def ask(self, description):
        cmid = self.mef.queue(self.id, description)
        [(told, status)], _ = commands(self)
        assert told == cmid and self.mef.adm_json("command", "show", str(cmid))["cmdStatusCode"] == status
        return status


@pytest.mark.parametrize("binding", BINDINGS)
def test_MEF_CMD_4_a_certificate_is_provisioned(issuer, binding, tmp_path):
    one = Certified(issuer, tmp_path, f"//{SP}/cse1/C{binding}", binding=binding)
    uri = f"https://{MEF_FQDN}:{issuer.port}/.well-known/est"
    assert one.ask(certificate(uri, one.id)) == 20
    [made] = [c for c in one.json("credential", "list") if c["credentialID"] == "33-" + one.id]
    assert made["expires"]
    assert one.ask(certificate(uri, one.id)) == 20  # by the certificate now, and it is good as it is
    assert len([c for c in one.json("credential", "list") if c["credentialID"] == "33-" + one.id]) == 1


def test_MEF_CMD_4_a_certificate_that_a_profile_names(issuer, tmp_path):
    one = Certified(issuer, tmp_path, f"//{SP}/cse1/Cprofile")
    assert one.ask(certificate(f"https://{MEF_FQDN}:{issuer.port}/.well-known/est", one.id)) == 20
    [issued] = issuer.adm_json("cert", "list", "--name", one.id)
    pem = issuer.adm_json("cert", "show", issued["serial"])["certificate"]
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    put(one, "/maf", type="MAFClientRegCfg", fqdn=FQDN, adfq=ADMIN)
    profile(one, "/maf/cert", 41, myCertFingerprint=fingerprint)
    assert one.ask(node("/maf/cert", PROFILE, 41)) == 20
    # the MEF's anchors, which came with the certificate, do not say who the MAF is
    assert one.ask(node("/maf", MAF_CFG)) == 305
    assert one.json("status")["configurations"] == []
    pem, der = make_ca(tmp_path)
    with AnchorServer(pem, {"/anchor": der}) as server:
        put(one, "/maf/anchor", type="trustAnchorCred", certFingerprint=hashlib.sha256(der).hexdigest(), uri=server.uri + "/anchor")
        assert one.ask(node("/maf/anchor", ANCHOR)) == 20
    assert one.ask(node("/maf", MAF_CFG)) == 305  # there is no MAF
    assert [c["credentialID"] for c in one.json("status")["configurations"]] == ["33-" + one.id]
    [record] = (one.home / "state").glob("configuration-*.rec")
    anchors = base64.b64decode(json.loads(record.read_text().split("\n", 1)[1])["certAuth"]["caCerts"])
    assert der in anchors and len(anchors) < 2 * len(der)


def test_MEF_CMD_4_a_certificate_is_not_provisioned(issuer, tmp_path):
    one = Certified(issuer, tmp_path, f"//{SP}/cse1/Cnobody", allow=False)
    uri = f"https://{MEF_FQDN}:{issuer.port}/.well-known/est"
    assert one.ask(certificate(uri, one.id)) == 100  # the MEF gives it none
    assert one.ask(certificate(uri, one.id, protocol=2)) == 43
    assert one.ask(certificate(uri, f"//{SP}/cse1/Cother")) == 43
    assert one.ask(certificate(uri, one.id + "x", subject_type=2)) == 43
    assert one.ask(certificate(f"https://{MEF_FQDN}/other", one.id)) == 43
    assert one.ask(certificate(f"coaps://{MEF_FQDN}/.well-known/est", one.id)) == 43


def test_MEF_CMD_4_for_another_entity(client):
    assert client.ask({**node("/maf", MAF_CFG), "ctid": "//in.provider.com/cse1/Cother"}) == 43


# --- triggers and renewal ---

def test_MEF_CR_4_a_configuration_that_comes_and_goes(world, tmp_path):
    one = Managed(world, tmp_path, registered=False)
    with pytest.raises(Failed, match="no registration"):
        commands(one)
    put(one, "/mef", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN, lbl=["by:object"], et="20991231T000000")
    assert commands(one)[0] == []
    [made] = one.json("registration", "list")
    assert made["mefClientRegID"] and made["labels"] == ["by:object"]
    key = one.json("key", "register", "--stakeholder", ADMIN, "--suid", "22", "--target", one.id)
    put(one, "/mef/below", type="registration", CSEBase="/cse1")
    with pytest.raises(Failed, match="stands below"):
        one.maf("object", "remove", "/mef")
    one.maf("object", "remove", "/mef/below")
    put(one, "/again", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN)
    one.maf("object", "remove", "/again")  # another one of the administrator stays, and so does all it brought
    assert one.json("registration", "list") == [made] and len(one.json("key", "list")) == len(one.json("status")["commands"]) == 1
    one.maf("object", "remove", "/mef")
    assert one.json("registration", "list") == [] and one.json("key", "list") == [] and one.json("object", "list") == []
    assert made["mefClientRegID"] not in [r["id"] for r in world.mef.adm_json("registration", "list")]
    with pytest.raises(Failed, match="4004"):
        one.maf("key", "retrieve", key["keyIdentifier"])
    assert one.json("status")["commands"] == []


@pytest.mark.parametrize("lifetime", ["90d", "2h"])  # also one that is near its end, and so is to be prolonged first
def test_MEF_CR_4_a_registration_that_the_mef_has_no_more(world, lifetime, tmp_path):
    one = Managed(world, tmp_path, registered=False)
    one.maf("mef", "register", "--stakeholder", ADMIN, "--expires", lifetime)
    [made] = one.json("registration", "list")
    world.mef.adm("registration", "revoke", made["mefClientRegID"])
    with pytest.raises(Failed, match="no registration"):
        commands(one)
    put(one, "/mef", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN)
    cmid = one.queue(node("/nowhere", MAF_CFG))
    assert commands(one)[0] == [(cmid, 300)]
    assert one.json("registration", "list")[0]["mefClientRegID"] != made["mefClientRegID"]


def test_MEF_KR_8_keys_of_commands_are_renewed(world, tmp_path):
    one = Managed(world, tmp_path)
    put(one, "/app", type="registration", CSEBase="//in.provider.com/cse9/base")
    with_child(one, "/app/key", 22, keyRegDuration="P20D")
    assert one.ask(node("/app/key", PROFILE, 22)) == 20
    first = key_of(one, "/app/key")
    # near its end: the same key lives on
    one.maf("key", "update", first["keyIdentifier"], "--expires", "2h")
    said = commands(one)[1]
    again = key_of(one, "/app/key")
    assert again["keyIdentifier"] == first["keyIdentifier"] and seconds_until(again["expires"]) > 19 * 86400
    assert said["again"] is not None
    # gone at the MEF: another one
    one.maf("key", "update", first["keyIdentifier"], "--expires", "2h")
    world.mef.adm("key", "revoke", first["keyIdentifier"].split("@")[0])
    commands(one)
    other = key_of(one, "/app/key")
    assert other["keyIdentifier"] != first["keyIdentifier"] and seconds_until(other["expires"]) > 19 * 86400
    # a profile that is no longer valid: nothing
    one.maf("key", "update", other["keyIdentifier"], "--expires", "2h")
    with_child(one, "/app/key", 22, keyRegDuration="P20D", et="20200101T000000")
    commands(one)
    assert seconds_until(key_of(one, "/app/key")["expires"]) < 7200


def test_MEF_KR_8_keys_at_the_maf_under_another_administrator(world, tmp_path):
    """One who has nothing at the MEF: its keys are renewed all the same."""
    one, other = Managed(world, tmp_path), "maf-only.example.com"
    world.maf.adm("stakeholder", "add", other)
    world.maf.adm("stakeholder", "policy", other, "--permit", one.id)
    one.maf("register", "--stakeholder", other)
    put(one, "/app", type="registration", CSEBase="//in.provider.com/cse9/base")
    profile(one, "/app/key", 32, keyRegDuration="P20D")
    put(one, "/app/key/cfg", type="MAFClientRegCfg", fqdn=FQDN, adfq=other)
    assert one.ask(node("/app/key", PROFILE, 32)) == 20
    first = key_of(one, "/app/key")
    one.maf("key", "update", first["keyIdentifier"], "--expires", "2h")
    commands(one)
    again = key_of(one, "/app/key")
    assert again["keyIdentifier"] == first["keyIdentifier"] and seconds_until(again["expires"]) > 19 * 86400


# --- objects ---

@pytest.mark.parametrize("members,said", [
    ({"type": "myCertFileCred"}, "own certificate"), ({"type": "authenticationProfile", "suid": 22, "symmKeyValue": "AAAA"}, "never configured"),
    ({"type": "other"}, "no such type"), ({}, "type"), ({"type": "registration"}, "CSEBase: missing"),
    ({"type": "registration", "CSEBase": "/c", "x": 1}, "x: unknown member"), ({"type": "authenticationProfile", "suid": 31}, "suid"),
    ({"type": "trustAnchorCred", "certFingerprint": "12"}, "64 hex digits"),
    ({"type": "trustAnchorCred", "certFingerprint": "00" * 32, "uri": "http://a.example.com/x"}, "https"),
    ({"type": "MAFClientRegCfg", "fqdn": "other.example.com", "adfq": ADMIN}, "it is for MAF"),
    ({"type": "authenticationProfile", "suid": 22, "keyRegDuration": "soon"}, "keyRegDuration")])
def test_objects_are_strict(client, members, said):
    with pytest.raises(Failed, match=said):
        put(client, "/strict", **members)


@pytest.mark.parametrize("path", ["relative", "/", "//a", "/a/", "/a/../b", "/a b", "/" + 255 * "x"])
def test_paths_are_strict(client, path):
    with pytest.raises(Failed, match="path of an object|octets"):
        put(client, path, type="registration", CSEBase="/cse1")


def test_objects_are_shown_and_authenticated(world, tmp_path):
    one = Managed(world, tmp_path, registered=False)
    put(one, "/a/B", type="registration", CSEBase="/cse1")
    put(one, "/a/b", type="dataCollection", containerPath="/cse1/x")
    assert [o["path"] for o in one.json("object", "list")] == ["/a/B", "/a/b"]
    assert one.json("object", "show", "/a/b")["object"] == {"type": "dataCollection", "containerPath": "/cse1/x"}
    record = sorted((one.home / "state").glob("object-*.rec"))[0]
    record.write_bytes(record.read_bytes().replace(b"/cse1", b"/cse2"))
    with pytest.raises(Failed, match="cannot be trusted"):
        one.maf("object", "list")
    assert pathlib.Path(record).exists()


# --- interrupted ---

COUNTING = "#!/bin/sh\necho run >> {runs}\ncat {gate}\nexit 1\n"


def start_commands(one):
    """Its standard error is a file: a program that it started may hold it open."""
    with open(one.home.parent / "said", "w") as said:
        return subprocess.Popen([*one.command(), "mef", "commands"], env=one.token.env(), stdout=subprocess.DEVNULL, stderr=said)


def with_program(world, directory, one=None):
    """A client whose DEV_CFG program counts its runs and ends when its gate is opened."""
    program, runs, gate = directory / "configure", directory / "runs", directory / "gate"
    os.mkfifo(gate)
    runs.touch()
    program.write_text(COUNTING.format(runs=runs, gate=gate))
    program.chmod(0o755)
    one = Managed(world, directory)
    one.configure("device-config", program)
    return one, runs, gate


def opened(gate):
    with open(gate, "w"):
        pass


def test_MEF_CMD_5_killed_while_it_executes(world, tmp_path):
    one, runs, gate = with_program(world, tmp_path)
    cmid = one.queue(device("coaps://dm.example.com"))
    process = start_commands(one)
    wait_for(lambda: runs.read_text(), "the program ran")
    process.kill()
    process.wait()
    with open(one.home / "state" / "commands.lock") as lock:
        with pytest.raises(BlockingIOError):  # no second one beside it
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened(gate)
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert [c["reported"] for c in one.json("status")["commands"]] == [False]
    again = start_commands(one)
    wait_for(lambda: runs.read_text().count("run") == 2, "it ran again: nobody knows how the first run ended")
    opened(gate)
    assert again.wait(timeout=60) == 0
    assert world.mef.adm_json("command", "show", str(cmid))["cmdStatusCode"] == 201


@pytest.mark.parametrize("anew", [False, True])
def test_MEF_CMD_5_executed_when_the_mef_is_away(world, anew, tmp_path):
    """And reported later, also under another registration, without being executed again."""
    one, runs, gate = with_program(world, tmp_path)
    cmid = one.queue(device("coaps://dm.example.com"))
    process = start_commands(one)
    wait_for(lambda: runs.read_text(), "the program ran")
    port = world.mef.port
    world.mef.stop()
    try:
        opened(gate)
        assert process.wait(timeout=90) == 3
        [state] = one.json("status")["commands"]
        assert state["cmdStatusCode"] == 201 and not state["reported"]
    finally:
        world.mef.configure("https", "listen", f"127.0.0.1:{port}")
        world.mef.start()
    if anew:
        put(one, "/mef", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN)
        one.maf("object", "remove", "/mef")
        assert one.json("registration", "list") == []
        put(one, "/mef", type="MEFClientRegCfg", fqdn=MEF_FQDN, adfq=ADMIN)
    assert commands(one)[0] == [(cmid, 201)]
    assert runs.read_text() == "run\n"
    assert world.mef.adm_json("command", "show", str(cmid))["cmdStatusCode"] == 201


def test_MEF_CMD_2_one_process_at_a_time_and_the_home_stays_usable(world, tmp_path):
    """While a program configures the device, it can put objects; a second process waits for the first."""
    one, runs, gate = with_program(world, tmp_path)
    one.queue(device("coaps://dm.example.com"))
    first = start_commands(one)
    wait_for(lambda: runs.read_text(), "the program ran")
    put(one, "/app", type="registration", CSEBase="/cse1")
    second = start_commands(one)
    opened(gate)
    assert first.wait(timeout=60) == 0 and second.wait(timeout=60) == 0 and runs.read_text() == "run\n"


def test_MEF_CMD_6_wait(world, tmp_path):
    one = Managed(world, tmp_path)
    process = subprocess.Popen([*one.command(), "mef", "commands", "--wait"], env=one.token.env(), stdout=subprocess.PIPE, text=True)
    try:
        assert "no more commands; again at" in process.stdout.readline()
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate()
