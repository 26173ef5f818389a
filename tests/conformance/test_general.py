"""General rules (MAF-GEN) and the MAF Handshake (MAF-HS, 8.8.2.2)."""
import base64
import socket
import subprocess

import pytest
from binding import (CLIENT_REG, CREATE, DELETE, FQDN, KEY_REG, LATER, RETRIEVE, UPDATE, HttpsGnutlsSession,
                     fresh, timestamp)
from harness.maf import wait_for
from harness.peers import HandshakeFailed, OpensslPeer


def test_MAF_GEN_1_plain_text_is_refused(shared_maf):
    with socket.create_connection(("127.0.0.1", shared_maf.port), timeout=20) as s:
        s.sendall(b"GET /-/ HTTP/1.1\r\nHost: maf.example.com\r\n\r\n")
        answer = s.recv(4096)
    assert b"HTTP" not in answer


def test_MAF_GEN_2_MAF_GEN_3_from_must_be_the_authenticated_identity(device, source):
    other = device()
    assert source.send(RETRIEVE, fr=other.id).rsc == 4106
    assert source.send(RETRIEVE, fr=source.id.upper()).rsc == 4106
    assert source.send(RETRIEVE, fr=None).rsc == 4000
    assert source.send(RETRIEVE).rsc == 2000


def test_MAF_GEN_3_registration_may_omit_from(device):
    d = device()
    answer = d.send(CREATE, fr=None, ty=CLIENT_REG, pc={"sec:mafcr": {"et": LATER, "adfq": d.admin}})
    assert answer.rsc == 2001 and answer.attributes["cr"] == d.id


def test_MAF_GEN_4_another_maf_is_not_found(source):
    assert source.send(RETRIEVE, "//other.example.com/-").rsc == 4004
    assert source.send(RETRIEVE, f"//{FQDN}/-").rsc == 2000


@pytest.mark.parametrize("to", ["-", "maf", f"//{FQDN}/maf"])
def test_MAF_GEN_4_base_can_be_named_in_each_form(source, to):
    p = {"op": RETRIEVE, "to": to, "fr": source.id, "rqi": "x", "rvi": "3"}
    answer = source.session.request(p)
    assert answer.rsc == 2000 and answer.attributes["fqdn"] == FQDN


def test_MAF_GEN_5_MAF_CU_4_policy_cuts_the_lifetime(shared_maf, device):
    name = fresh("short")
    shared_maf.adm("stakeholder", "add", name)
    shared_maf.policy({"maxRegistrationLifetime": 3600, "maxKeyLifetime": 60}, name)
    d, t = device(admin=name), device()
    answer = d.register()
    assert answer.rsc == 2001 and timestamp(0) < answer.attributes["et"] <= timestamp(3601)
    answer = d.update(answer.attributes["ri"], CLIENT_REG, {"et": LATER})
    assert answer.rsc == 2004 and answer.attributes["et"] <= timestamp(3601)
    answer = d.register_key(t, kyv=base64.b64encode(bytes(32)).decode())
    assert answer.rsc == 2001 and answer.attributes["et"] <= timestamp(61)
    answer = d.update(answer.attributes["rn"], KEY_REG, {"et": LATER})
    assert answer.rsc == 2004 and answer.attributes["et"] <= timestamp(61)


def test_MAF_GEN_6_an_error_changes_nothing(source, target):
    key = source.own_key(target)
    before = target.retrieve(key).attributes
    assert source.update(key, KEY_REG, {"lbl": ["new"], "tgis": []}).rsc == 4000
    assert source.update(key, KEY_REG, {"et": LATER, "suid": 33}).rsc == 4000
    after = target.retrieve(key).attributes
    assert after == before


def test_MAF_GEN_7_MAF_KT_3_expired_key_is_gone(source, target):
    key = source.own_key(target, et=timestamp(2))
    wait_for(lambda: target.retrieve(key).rsc == 4004, "the key never expired")
    assert source.delete(key).rsc == 4004
    assert source.update(key, KEY_REG, {"et": LATER}).rsc == 4004


def test_MAF_GEN_7_expired_registration_is_gone(device, target):
    d = device()
    reg = d.registered(et=timestamp(2))
    wait_for(lambda: d.send(RETRIEVE, f"-/{reg}").rsc == 4004, "the registration never expired")
    assert d.register_key(target).rsc == 4103
    assert d.registered() != reg


@pytest.mark.parametrize("et", ["20200101T000000", "2030-01-01", "", None, 20300101, "20300101T000000Z", "20301301T000000"])
def test_MAF_GEN_9_MAF_CR_2_expiration_time_is_checked(device, et):
    d = device()
    answer = d.register(et=et)
    assert answer.rsc == 4000 and "et" in answer.reason, answer
    assert d.register().rsc == 2001


def test_MAF_GEN_10_MAF_KD_2_identifiers_are_never_given_twice(source, target):
    seen = {source.own_key(target) for _ in range(5)}
    for key in list(seen):
        assert source.delete(key).rsc == 2002
    seen |= {source.own_key(target) for _ in range(5)}
    assert len(seen) == 10


def test_MAF_GEN_12_checks_come_in_order(device, source, target):
    key = source.own_key(target)
    stranger = device()
    bad = {"nonsense": 1}
    # version before From
    assert stranger.send(UPDATE, f"-/{key}", rvi="9", fr="//a.b/c", pc={"sec:skr": bad}).rsc == 4001
    # From before existence
    assert stranger.send(UPDATE, "-/unknown", fr=source.id, pc={"sec:skr": bad}).rsc == 4106
    # existence before privilege
    assert stranger.send(UPDATE, "-/unknown", pc={"sec:skr": bad}).rsc == 4004
    # privilege before content
    assert stranger.send(UPDATE, f"-/{key}", pc={"sec:skr": bad}).rsc == 4103
    # content last
    assert source.send(UPDATE, f"-/{key}", pc={"sec:skr": bad}).rsc == 4000


@pytest.mark.parametrize("rvi", ["2a", "3"])
def test_MAF_GEN_12_supported_versions_are_echoed(source, rvi):
    answer = source.send(RETRIEVE, rvi=rvi)
    assert (answer.rsc, answer.rvi) == (2000, rvi)


@pytest.mark.parametrize("rvi", [None, "1", "4", "2", "x"])
def test_MAF_GEN_12_other_versions_are_refused(source, rvi):
    assert source.send(RETRIEVE, rvi=rvi).rsc == 4001


def test_MAF_GEN_12_request_identifier_is_mandatory_and_echoed(source):
    assert source.send(RETRIEVE, rqi=None).rsc == 4000
    assert source.send(RETRIEVE, rqi="my-id-1").rqi == "my-id-1"


def test_MAF_GEN_12_expired_request(source):
    assert source.send(RETRIEVE, rqet="20200101T000000").rsc == 4008
    assert source.send(RETRIEVE, rqet=LATER).rsc == 2000


def test_MAF_GEN_12_base_is_read_only_and_types_are_checked(source):
    assert source.send(DELETE).rsc == 4005
    assert source.send(UPDATE, pc={"sec:mafb": {"fqdn": "x"}}).rsc == 4005
    assert source.send(CREATE, ty=3, pc={"m2m:cnt": {}}).rsc == 4108


def test_MAF_GEN_11_discovery_shows_no_secret(source, target):
    value = bytes(range(100, 132))
    source.own_key(target, value=value)
    answer = source.send(RETRIEVE, fc={"fu": 1})
    assert base64.b64encode(value).decode() not in repr(answer)


@pytest.mark.psk
def test_MAF_HS_1_MAF_HS_7_identity_is_the_kmid_in_any_case(shared_maf, binding, device):
    d = device()
    loud = dict(d.credential, kmid=d.credential["kmid"].upper())
    d.session = binding(shared_maf, loud)
    assert d.register().rsc == 2001


@pytest.mark.psk
@pytest.mark.parametrize("suite", ["PSK-AES128-CBC-SHA256", "PSK-AES128-GCM-SHA256", "PSK-AES128-CCM", "PSK-AES128-CCM8"])
def test_MAF_HS_2_suites_of_rfc_4279(shared_maf, device, suite):
    d = device()
    with OpensslPeer(shared_maf, d.credential, suite=suite) as peer:
        assert f"Cipher is {suite}" in peer.preamble or f"Cipher    : {suite}" in peer.preamble


@pytest.mark.psk
@pytest.mark.parametrize("suite", ["ECDHE-PSK-AES128-CBC-SHA256", "RSA-PSK-AES128-CBC-SHA256", "PSK-AES256-CBC-SHA384",
                                   "PSK-AES128-CBC-SHA", "PSK-NULL-SHA256"])
def test_MAF_HS_2_other_suites_are_refused(shared_maf, device, suite):
    with pytest.raises(HandshakeFailed):
        OpensslPeer(shared_maf, device().credential, suite=suite)


def alert_of(maf, credential):
    with pytest.raises(HandshakeFailed) as failed:
        OpensslPeer(maf, credential)
    lines = [line.split("SSL routines")[-1] for line in failed.value.output.splitlines() if "alert" in line]
    assert lines, failed.value.output
    return lines


@pytest.mark.psk
def test_MAF_HS_6_failures_look_alike(shared_maf, device):
    good = device().credential
    wrong = alert_of(shared_maf, dict(good, km="00" * 32))
    unknown = alert_of(shared_maf, dict(good, kmid=f"nobody@{FQDN}"))
    malformed = alert_of(shared_maf, dict(good, kmid="no at sign"))
    elsewhere = alert_of(shared_maf, dict(good, kmid=good["kmid"].split("@")[0] + "@other.example.com"))
    revoked = device().credential
    shared_maf.adm("client", "revoke", revoked["kmid"])
    expired = device(expires="3s").credential
    wait_for(lambda: _refused(shared_maf, expired), "the credential never expired")
    alerts = [wrong, unknown, malformed, elsewhere, alert_of(shared_maf, revoked), alert_of(shared_maf, expired)]
    assert all(a == wrong for a in alerts), alerts


def _refused(maf, credential):
    try:
        OpensslPeer(maf, credential).close()
        return False
    except HandshakeFailed:
        return True


def test_MAF_HS_8_sni(shared_maf, device):
    d = device()
    with pytest.raises(HandshakeFailed) as failed:
        OpensslPeer(shared_maf, d.credential, sni="other.example.com")
    assert "unrecognized name" in failed.value.output
    OpensslPeer(shared_maf, d.credential, sni="MAF.Example.com").close()


@pytest.mark.psk
@pytest.mark.parametrize("version", ["-tls1_1", "-tls1_3"])
def test_MAF_HS_9_only_tls_1_2(shared_maf, device, version):
    c = device().credential
    result = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{shared_maf.port}", version, "-psk", c["km"],
                             "-psk_identity", c["kmid"], "-servername", FQDN], capture_output=True, text=True,
                            input="", timeout=30)
    assert result.returncode != 0 and "alert" in result.stderr


def test_MAF_HS_9_no_renegotiation_no_tickets_extended_master_secret(shared_maf, device):
    with OpensslPeer(shared_maf, device().credential) as peer:
        assert "Extended master secret: yes" in peer.preamble
        assert "TLS session ticket" not in peer.preamble
        assert "Session-ID: \n" in peer.preamble
    with pytest.raises(HandshakeFailed):
        OpensslPeer(shared_maf, device().credential, extra=("-no_ems",)).close()


def test_MAF_HS_1_gnutls_is_served_too(shared_maf, binding, device):
    d = device()
    d.session = HttpsGnutlsSession(shared_maf, d.credential)
    assert d.register().rsc == 2001
