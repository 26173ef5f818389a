"""MEF Handshake, enrolment key and credential fetch: TS-0003 8.3.2 (MEF-HS, MEF-EK, MEF-FC)."""
import json

import pytest
from binding import CREATE, DELETE, RETRIEVE, HttpsGnutlsSession, fresh, timestamp
from harness.authorities import Authority
from harness.build import ROOT
from harness.maf import wait_for
from harness.mef import MEF_FQDN, usage_key
from harness.peers import HandshakeFailed, OpensslPeer
from mef import FLAVOURS, MefDevice, credential_of, maf_client, refused
from test_general import alert_of


@pytest.fixture
def enrolee(mef_device):
    return mef_device()


@pytest.fixture
def maf(mef_device):
    return maf_client(mef_device)


@pytest.fixture
def allowed(shared_mef, enrolee, maf):
    """An Enrolee of which the MAF may fetch Km, after its handshake."""
    shared_mef.allow(enrolee.id, maf.id, lifetime="1h")
    enrolee.connect()
    return enrolee


@pytest.mark.psk
def test_MEF_HS_1_MEF_HS_3_handshake_with_kpm(shared_mef, enrolee):
    assert enrolee.send(RETRIEVE).attributes["fqdn"] == MEF_FQDN
    # over TLS: in DTLS a handshake with a wrong key ends by the client's patience
    for wrong in ({"km": "00" * 32}, {"kmid": f"unknown@{MEF_FQDN}"}):
        with pytest.raises(HandshakeFailed):
            OpensslPeer(shared_mef, enrolee.credential | wrong)
    with pytest.raises(HandshakeFailed):
        OpensslPeer(shared_mef, enrolee.credential, sni="maf.example.com")
    upper = dict(enrolee.credential, kmid=enrolee.credential["kmid"].upper())
    enrolee.close()
    enrolee.session = enrolee.binding(shared_mef, upper)
    assert enrolee.send(RETRIEVE).rsc == 2000


# What follows is between TLS and the MEF: one binding is as good as another.

def test_MEF_HS_3_failures_look_alike(shared_mef):
    def credential(**options):
        return shared_mef.add_client(f"//sp.example.com/cse1/C{fresh('alike').split('.')[0]}", **options)

    def has_expired():
        try:
            OpensslPeer(shared_mef, expired).close()
        except HandshakeFailed:
            return True

    good, revoked, expired = credential(), credential(), credential(expires="1s")
    shared_mef.adm("client", "revoke", revoked["kmid"])
    wait_for(has_expired, "the credential never expired")
    wrong = alert_of(shared_mef, good | {"km": "00" * 32})
    for other in (revoked, expired, good | {"kmid": f"nobody@{MEF_FQDN}"}, good | {"kmid": "no at sign"}, good | {"kmid": "k@maf.example.com"}):
        assert alert_of(shared_mef, other) == wrong
    OpensslPeer(shared_mef, good).close()


@pytest.mark.parametrize("by", ["add_client", "certificate"])
def test_MEF_HS_1_MEF_HS_2_MEF_HS_3_suites_and_no_renegotiation(shared_mef, by):
    add = shared_mef.certified.ae if by == "certificate" else shared_mef.add_client
    credential = add(f"//sp.example.com/cse1/C{fresh('suites').split('.')[0]}")
    kind = "ECDHE-ECDSA" if by == "certificate" else "PSK"
    for suite in ("AES128-SHA256" if by == "certificate" else "AES128-CBC-SHA256", "AES128-GCM-SHA256", "AES128-CCM", "AES128-CCM8"):
        with OpensslPeer(shared_mef, credential, suite=f"{kind}-{suite}") as peer:
            assert f"Cipher is {kind}-{suite}" in peer.preamble and "Extended master secret: yes" in peer.preamble
            assert "TLS session ticket" not in peer.preamble and "Session-ID: \n" in peer.preamble
    for wrong in ({"extra": ("-no_ems",)}, {"version": "-tls1_1"}, {"suite": "PSK-AES256-CBC-SHA384" if kind == "PSK" else "ECDHE-ECDSA-AES256-SHA384"}):
        with pytest.raises(HandshakeFailed):
            OpensslPeer(shared_mef, credential, **wrong)


def test_MEF_EK_1_MEF_FC_4_MEF_FC_7_what_this_suite_computes_is_what_the_vectors_say():
    """The peers' exporters, and what follows here, stand for spec/vectors.json on each binding and token."""
    vectors = json.loads((ROOT / "tests" / "vectors" / "vectors.json").read_text())
    ke = bytes.fromhex(vectors["inputs"]["Ke"])
    for case in vectors["usage_constrained_10_3_7"]["cases"]:
        assert usage_key(ke, case["SUID"], case["target"]).hex() == case["key"]
    [exported] = [c for c in vectors["exporter_10_3_1"]["cases"] if c["label"] == "EXPORTER-oneM2M-Bootstrap"]

    class Session:
        pass

    d = MefDevice.__new__(MefDevice)
    d.session = Session()
    d.session.exported = bytes.fromhex(exported["out"])
    chain = vectors["rpsk_chain"]
    assert d.keid == exported["full_id_text"] == chain["KeID (psk_identity towards the MAF)"]
    assert d.ke.hex() == exported["key_octets_16_47"] == chain["Ke"]
    assert usage_key(d.ke, chain["SUID"], chain["target"]).hex() == chain["Km (psk towards the MAF)"]
    asked = []
    d.send = lambda op, to, **p: asked.append(f"/{to}")
    d.fetch(d.keid)
    assert asked == [chain["fetch_path"]]


@pytest.mark.certificate
def test_MEF_HS_2_MEF_HS_3_handshake_with_a_certificate(shared_mef, enrolee, tmp_path):
    assert enrolee.send(RETRIEVE).attributes["fqdn"] == MEF_FQDN
    # over TLS, where the peer tells why: the MEF shows a certificate for its FQDN, of the trust anchors that the client has
    checks = ["-verify_hostname", MEF_FQDN]
    OpensslPeer(shared_mef, enrolee.credential, extra=checks).close()
    certified = shared_mef.certified
    stranger = certified.clients.issue("client", f"URI:m2m:{enrolee.id}x", key=certified.key, public=certified.public)
    elsewhere = Authority(tmp_path / "other", "Other CA").issue("client", f"URI:m2m:{enrolee.id}")
    for wrong in ({"certificate": stranger}, {"certificate": elsewhere}, {"anchors": str(certified.clients.path)}):
        with pytest.raises(HandshakeFailed):
            OpensslPeer(shared_mef, enrolee.credential | wrong, extra=checks)
    with pytest.raises(HandshakeFailed):
        OpensslPeer(shared_mef, enrolee.credential, sni="maf.example.com")
    with pytest.raises(HandshakeFailed):
        OpensslPeer(shared_mef, enrolee.credential, extra=["-verify_hostname", "maf.example.com"])


@pytest.mark.certificate
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_MEF_HS_2_every_flavour_enrols(shared_mef, mef_device, maf, flavour):
    d = mef_device(flavour=flavour)
    shared_mef.allow(d.id, maf.id)
    answer = d.register()
    assert answer.rsc == 2001 and answer.attributes["cr"] == d.id
    answer = maf.fetch(d.keid)
    assert credential_of(answer) == usage_key(d.ke, 21, maf.id) and answer.pc["enroleeID"] == d.id


@pytest.mark.certificate
def test_MEF_HS_2_MEF_FC_3_a_maf_goes_by_its_fqdn_and_no_other(shared_mef, allowed, mef_device):
    """Its certificate may have the FQDN as a URI; one of another flavour with the same name is another's."""
    maf = mef_device(identity=fresh("maf"))
    shared_mef.allow(allowed.id, maf.id)
    allowed.connect()
    certified = shared_mef.certified
    as_uri = certified.clients.issue("client", f"URI:https://{maf.id}/", key=certified.key, public=certified.public)
    maf.credential = maf.credential | {"certificate": as_uri}
    assert credential_of(maf.fetch(allowed.keid)) == usage_key(allowed.ke, 21, maf.id)
    certified.add("cse", maf.id, ["//sp.example.com/cse1"])
    with pytest.raises(HandshakeFailed):
        OpensslPeer(shared_mef, certified.of(fresh("maf")) | {"certificate": certified.clients.issue(
            "client", f"DNS:{maf.id}", key=certified.key, public=certified.public)})


def test_MEF_EK_1_MEF_FC_4_MEF_FC_7_MEF_FC_8_MEF_FC_9_the_fetched_key_follows_from_ke(allowed, maf):
    answer = maf.fetch(allowed.keid)
    assert credential_of(answer) == usage_key(allowed.ke, 21, maf.id)
    assert answer.pc["enroleeID"] == allowed.id


def test_MEF_EK_1_enrolment_with_gnutls(shared_mef, enrolee, maf):
    shared_mef.allow(enrolee.id, maf.id)
    enrolee.close()
    enrolee.session = HttpsGnutlsSession(shared_mef, enrolee.credential)
    assert credential_of(maf.fetch(enrolee.keid)) == usage_key(enrolee.ke, 21, maf.id)


def test_MEF_EK_1_every_handshake_makes_another(allowed, maf):
    first, first_ke = allowed.keid, allowed.ke
    allowed.connect()
    assert allowed.keid != first
    assert credential_of(maf.fetch(first)) == usage_key(first_ke, 21, maf.id)
    assert credential_of(maf.fetch(allowed.keid)) == usage_key(allowed.ke, 21, maf.id)


def test_MEF_EK_2_MEF_FC_10_lifetime_is_the_enrolment_expiry(allowed, maf):
    lifetime = maf.fetch(allowed.keid).pc["lifetime"]
    assert timestamp(3000) < lifetime <= timestamp(3600)


def test_MEF_EK_3_without_a_right_the_session_is_usable_and_nothing_is_fetchable(shared_mef, enrolee, maf):
    enrolee.connect()
    assert enrolee.send(RETRIEVE).rsc == 2000
    assert refused(maf.fetch(enrolee.keid), 4004)
    # a right given later does not make it one
    shared_mef.allow(enrolee.id, maf.id)
    assert refused(maf.fetch(enrolee.keid), 4004)


def test_MEF_EK_3_an_enrolment_of_a_revoked_credential_is_gone(shared_mef, allowed, maf):
    assert maf.fetch(allowed.keid).rsc == 2000
    shared_mef.adm("client", "revoke", allowed.credential_name)
    assert refused(maf.fetch(allowed.keid), 4004)


def test_MEF_FC_3_MEF_FC_5_originator_is_the_authenticated_target(allowed, maf, mef_device):
    other = maf_client(mef_device)
    assert refused(maf.fetch(allowed.keid, fr=other.id), 4106)
    assert refused(maf.fetch(allowed.keid, fr=None), 4000)
    assert maf.fetch(allowed.keid).rsc == 2000


@pytest.mark.parametrize("keid", ["0" * 32 + "@" + MEF_FQDN, "no-such@" + MEF_FQDN, "0" * 32, "x@y@z", "@" + MEF_FQDN])
def test_MEF_FC_6_unknown_keid(maf, keid):
    assert refused(maf.fetch(keid), 4004)


def test_MEF_FC_6_keid_of_another_mef(allowed, maf):
    assert refused(maf.fetch(allowed.keid.replace(MEF_FQDN, "other.example.com")), 4004)


def test_MEF_FC_6_only_this_target_with_this_suid(shared_mef, allowed, maf, mef_device):
    other = maf_client(mef_device)
    assert refused(other.fetch(allowed.keid), 4103)
    assert refused(allowed.fetch(allowed.keid), 4103)
    for suid in (22, 24, 32, 99):
        assert refused(maf.fetch(allowed.keid, suid), 4103)
    for suid in ("x", "021", "2", "021x"):
        assert refused(maf.fetch(allowed.keid, suid), 4103)
    shared_mef.adm("enrolee", "forbid", allowed.id, "--target", maf.id, "--suid", "21")
    assert refused(maf.fetch(allowed.keid), 4103)


def test_MEF_FC_6_expired(shared_mef, enrolee, maf):
    shared_mef.allow(enrolee.id, maf.id, lifetime="1s")
    enrolee.connect()
    while maf.fetch(enrolee.keid).rsc == 2000:
        pass
    assert refused(maf.fetch(enrolee.keid), 4004)


@pytest.mark.parametrize("suid", [22, 23, 24, 25])
def test_MEF_FC_7_keys_for_csees_and_aes(shared_mef, enrolee, mef_device, suid):
    target = mef_device()
    shared_mef.allow(enrolee.id, target.id, suid)
    enrolee.connect()
    domain, cse, ae = target.id[2:].split("/")
    assert credential_of(target.fetch(enrolee.keid, suid)) == usage_key(enrolee.ke, suid, f"{ae}.{cse}.{domain}".lower())


def test_MEF_FC_11_fetch_is_repeatable_and_addresses_have_several_forms(allowed, maf):
    first = maf.fetch(allowed.keid)
    assert maf.fetch(allowed.keid).pc == first.pc
    assert credential_of(maf.fetch(allowed.keid.lower())) == credential_of(first)
    assert credential_of(maf.fetch(allowed.keid, prefix=f"//{MEF_FQDN}/")) == credential_of(first)
    assert refused(maf.fetch(allowed.keid, prefix="//other.example.com/"), 4004)
    # once the Enrolee's session is over too
    keid = allowed.keid
    allowed.close()
    assert credential_of(maf.fetch(keid)) == credential_of(first)


def test_MEF_FC_4_only_retrieve(allowed, maf):
    to = f"fetchCredentials/{allowed.keid}/21"
    assert refused(maf.send(DELETE, to), 4005)
    assert refused(maf.send(CREATE, to, ty=20003, pc={"sec:skr": {}}), 4005)
    assert refused(maf.send(RETRIEVE, to, rvi="9"), 4001)
    assert refused(maf.send(RETRIEVE, to, rcn=4), 4000)
    assert maf.fetch(allowed.keid).rsc == 2000
