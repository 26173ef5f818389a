"""MEF Client Registration and MEF key group: TS-0003 8.3.5.2.3 to 8.3.5.2.10 (MEF-CR, -CC, -CU, -CD, -KR, -KT, -KU, -KD)."""
import base64
import json

import pytest
from binding import BINDINGS, KEY_REG, LATER, LATER_STILL, MEF_BASE, MEF_CLIENT_REG, RETRIEVE, fresh, timestamp
from harness.maf import ADMIN, wait_for
from harness.mef import MEF_FQDN
from mef import MefDevice, credential_of, maf_client, refused


@pytest.fixture
def source(mef_device):
    one = mef_device()
    one.registered()
    return one


@pytest.fixture
def maf(mef_device):
    return maf_client(mef_device)


def value_of(answer):
    assert answer.rsc == 2000, answer
    return base64.b64decode(answer.attributes["kyv"], validate=True)


def b64(octets):
    return base64.b64encode(octets).decode()


def test_base_tells_what_it_is(source):
    answer = source.send(RETRIEVE, "mef")
    assert list(answer.pc) == ["sec:mefb"]
    a = answer.attributes
    assert a["fqdn"] == MEF_FQDN and a["ty"] == MEF_BASE and a["rn"] == "mef" and a["srv"] == ["2a", "3"]
    assert a["dcfu"] == "3:coaps://lwm2m.example.com"
    assert source.send(RETRIEVE, "maf").rsc == 4004


def test_MEF_CR_1_MEF_CR_2_registration(mef_device):
    d = mef_device()
    answer = d.register(lbl=["floor:1"])
    a = answer.attributes
    assert answer.rsc == 2001 and list(answer.pc) == ["sec:mefcr"]
    assert a["cr"] == d.id and a["adfq"] == d.admin and a["et"] == LATER and a["lbl"] == ["floor:1"]
    assert a["ty"] == MEF_CLIENT_REG and a["ri"] == a["rn"] and a["pi"] == "mef" and "aski" not in a
    assert a["ch"] == [{"nm": "cmd", "typ": 20006, "val": f"-/{a['ri']}/cmd"}]
    assert d.send(RETRIEVE, a["ch"][0]["val"]).rsc == 2000
    for name in ("et", "adfq"):
        assert d.register(**{name: None}).rsc == 4000


def test_MEF_CR_1_a_mafs_resource_type_is_none_of_a_mefs(mef_device):
    d = mef_device()
    assert d.create(20002, {"et": LATER, "adfq": d.admin}).rsc == 4108


def test_MEF_CR_3_administrator_must_permit_and_one_registration_each(shared_mef, mef_device):
    d = mef_device()
    assert d.register(adfq="unknown.example.com").rsc == 4103
    d.registered()
    assert d.register().rsc == 4117
    name = fresh("other")
    shared_mef.adm("stakeholder", "add", name)
    assert d.register(adfq=name).rsc == 4103
    shared_mef.adm("stakeholder", "policy", name, "--permit", d.id)
    assert d.register(adfq=name).rsc == 2001


def test_MEF_CR_3_a_maf_may_be_a_client(maf):
    assert maf.register().attributes["cr"] == maf.id


def test_MEF_CC_1_MEF_CC_2_configuration(shared_mef, mef_device, tmp_path):
    d, other = mef_device(), mef_device()
    reg = d.registered()
    assert d.send(RETRIEVE, f"-/{reg}", atrl=["mccf"]).rsc == 4004
    cfg = {"crgc": {"fqdn": MEF_FQDN, "adfq": ADMIN}, "krgc": [{"adfq": ADMIN, "suid": 21, "tgis": ["maf.example.com"]}]}
    path = tmp_path / "cfg.json"
    path.write_text(json.dumps(cfg))
    shared_mef.adm("client", "config", "--id", d.id, "--stakeholder", ADMIN, "--file", str(path))
    assert d.send(RETRIEVE, f"-/{reg}", atrl=["mccf"]).attributes == {"mccf": cfg}
    assert other.send(RETRIEVE, f"-/{reg}", atrl=["mccf"]).rsc == 4103


def test_MEF_CC_2_MEF_CR_3_MEF_KT_1_what_has_expired_is_not_there(shared_mef):
    """On one binding: it is the MEF's clock that counts."""
    d, maf = (MefDevice(shared_mef, BINDINGS["https-cbor"], **options) for options in ({}, {"identity": fresh("maf")}))
    d.connect()
    reg = d.registered()
    key = d.own_key(maf, suid=21, et=timestamp(3))
    assert d.update(reg, MEF_CLIENT_REG, {"et": timestamp(3)}).rsc == 2004
    wait_for(lambda: maf.retrieve(key).rsc == 4004, "the key has expired")
    wait_for(lambda: d.send(RETRIEVE, f"-/{reg}").rsc == 4004, "the registration has expired")
    assert d.command(reg).rsc == 4004 and d.update(reg, MEF_CLIENT_REG, {"lbl": ["x"]}).rsc == 4004 and d.delete(reg).rsc == 4004
    assert d.register_key(maf, suid=21, kyv=b64(bytes(32))).rsc == 4103
    assert d.registered() != reg
    d.close()
    maf.close()


def test_MEF_CU_1_update_mirrors_what_was_sent(mef_device):
    d, other = mef_device(), mef_device()
    reg = d.registered()
    answer = d.update(reg, MEF_CLIENT_REG, {"et": LATER_STILL})
    assert answer.rsc == 2004 and answer.pc == {"sec:mefcr": {"et": LATER_STILL}}
    assert d.update(reg, MEF_CLIENT_REG, {}).rsc == 4000
    assert other.update(reg, MEF_CLIENT_REG, {"lbl": ["x"]}).rsc == 4103


def test_MEF_CD_1_deregistration_takes_keys_along(source, maf, mef_device):
    key = source.own_key(maf, suid=21)
    reg = source.send(RETRIEVE, fc={"fu": 1, "ty": MEF_CLIENT_REG}).pc["m2m:uril"][0]
    assert mef_device().delete(reg).rsc == 4103
    answer = source.delete(reg)
    assert answer.rsc == 2002 and answer.pc is None
    assert maf.retrieve(key).rsc == 4004 and source.delete(reg).rsc == 4004


@pytest.mark.parametrize("suid", [10, 11, 20, 26, 31, 32, 35, 41, 0])
def test_MEF_KR_1_other_suids(source, suid):
    assert source.register_key("//sp.example.com/cse1", suid=suid).rsc == 4000


@pytest.mark.parametrize("suid,targets,rsc", [
    (21, ["maf.example.com"], 2001), (21, ["//sp.example.com/cse1"], 4000), (21, ["a.example.com", "b.example.com"], 4000),
    (21, ["Maf.example.com"], 4000), (21, [], 4000), (22, ["//sp.example.com/cse1"], 2001), (22, ["maf.example.com"], 4000),
    (23, ["//sp.example.com/cse1", "//sp.example.com/cse2"], 4000),
    (24, ["//sp.example.com/cse1", "//sp.example.com/cse2"], 2001), (25, ["//sp.example.com/cse1"], 2001)])
def test_MEF_KR_2_targets(source, suid, targets, rsc):
    assert source.register_key(None, suid=suid, tgis=targets, kyv=b64(bytes(32))).rsc == rsc


def test_MEF_KR_2_targets_from_policy(shared_mef, mef_device, maf):
    name = fresh("list")
    shared_mef.adm("stakeholder", "add", name)
    shared_mef.policy({"suids": [21], "targets": [maf.id], "defaultTargets": {"21": [maf.id]}}, name)
    d = mef_device(admin=name)
    d.registered()
    assert d.register_key(None, suid=21).attributes["tgis"] == [maf.id]
    assert d.register_key("other.example.com", suid=21, kyv=b64(bytes(32))).rsc == 4103
    assert d.register_key("//sp.example.com/cse1", suid=22, kyv=b64(bytes(32))).rsc == 4103


def test_MEF_KR_3_MEF_KR_5_MEF_KR_6_exporter_key(source, maf):
    source.connect()
    answer = source.register_key(maf, suid=21)
    a = answer.attributes
    assert answer.rsc == 2001 and a["rn"] == source.session.exported[:16].hex().upper()
    assert a["cr"] == source.id and a["adfq"] == ADMIN and a["suid"] == 21 and a["tgis"] == [maf.id] and "kyv" not in a
    assert value_of(maf.retrieve(a["rn"])) == source.ke
    assert source.register_key(maf, suid=21).rsc == 4105
    assert source.register_key(maf, suid=21, kyv=b64(bytes(32))).rsc == 2001


def test_MEF_KR_4_a_registered_key_is_no_enrolment(shared_mef, source, maf):
    shared_mef.allow(source.id, maf.id)
    source.connect()
    keid = source.keid
    assert source.register_key(maf, suid=21).rsc == 2001
    assert refused(maf.fetch(keid), 4004)
    assert value_of(maf.retrieve(keid.split("@")[0])) == source.ke


def test_MEF_KR_4_an_enrolment_that_was_fetched_is_no_key(shared_mef, source, maf):
    shared_mef.allow(source.id, maf.id)
    source.connect()
    key = credential_of(maf.fetch(source.keid))
    assert source.register_key(maf, suid=21).rsc == 4105
    assert credential_of(maf.fetch(source.keid)) == key
    source.connect()
    assert source.register_key(maf, suid=21).rsc == 2001


def test_MEF_KT_1_MEF_KT_2_retrieval(source, maf, mef_device):
    value = bytes(range(32))
    key = source.own_key(maf, value=value, suid=21, lbl=["l:1"])
    answer = maf.retrieve(key)
    a = answer.attributes
    assert value_of(answer) == value and a["cr"] == source.id and a["suid"] == 21 and a["lbl"] == ["l:1"] and "tgis" not in a
    for other in (source, maf_client(mef_device)):
        assert other.retrieve(key).rsc == 4103
    assert maf.retrieve("0" * 32).rsc == 4004


def test_MEF_KU_1_update(source, maf, mef_device):
    other = maf_client(mef_device)
    key = source.own_key(maf, suid=21)
    assert source.update(key, KEY_REG, {"tgis": [other.id]}).attributes == {"tgis": [other.id]}
    assert maf.retrieve(key).rsc == 4103 and other.retrieve(key).rsc == 2000
    assert source.update(key, KEY_REG, {"tgis": ["//sp.example.com/cse1"]}).rsc == 4000
    assert other.update(key, KEY_REG, {"lbl": ["x"]}).rsc == 4103


def test_MEF_KD_1_deregistration(source, maf):
    key = source.own_key(maf, suid=21)
    assert maf.delete(key).rsc == 4103
    assert source.delete(key).rsc == 2002
    assert maf.retrieve(key).rsc == 4004
