"""Key registration, retrieval, update and de-registration: 8.8.2.7 to 8.8.2.10 (MAF-KR, MAF-KT, MAF-KU, MAF-KD)."""
import base64

import pytest
from binding import KEY_REG, LATER, LATER_STILL, RETRIEVE, HttpsGnutlsSession, fresh, timestamp
from harness.maf import ADMIN


def value_of(answer):
    assert answer.rsc == 2000, answer
    return base64.b64decode(answer.attributes["kyv"], validate=True)


def b64(octets):
    return base64.b64encode(octets).decode()


def test_MAF_KR_1_MAF_KR_2_MAF_KR_10_MAF_KR_11_MAF_KT_1_exporter_key(source, target):
    answer = source.register_key(target)
    exported = source.session.exported
    assert answer.rsc == 2001 and answer.attributes["rn"] == exported[:16].hex().upper()
    assert value_of(target.retrieve(answer.attributes["rn"])) == exported[16:]


def test_MAF_KR_10_exporter_key_with_gnutls(shared_maf, source, target):
    source.close()
    source.session = HttpsGnutlsSession(shared_maf, source.credential)
    answer = source.register_key(target)
    exported = source.session.exported
    assert answer.rsc == 2001 and answer.attributes["rn"] == exported[:16].hex().upper()
    assert value_of(target.retrieve(answer.attributes["rn"])) == exported[16:]


@pytest.mark.parametrize("size", [16, 18, 32, 48, 64])
def test_MAF_KR_2_MAF_KR_9_own_value_is_kept_verbatim(source, target, size):
    value = bytes(255 - i for i in range(size))
    key = source.own_key(target, value=value)
    assert len(key) == 32 and key == key.upper()
    assert value_of(target.retrieve(key)) == value


@pytest.mark.parametrize("kyv", [b64(bytes(15)), b64(bytes(17)), b64(bytes(14)), b64(bytes(66)), "", "not base64!",
                                 b64(bytes(32))[:-1], b64(bytes(32)) + "\n", 7, None])
def test_MAF_KR_9_other_values_are_refused(source, target, kyv):
    answer = source.send(1, ty=KEY_REG, pc={"sec:skr": source.key_attributes(target) | {"kyv": kyv}})
    assert answer.rsc == 4000 and "kyv" in answer.reason, answer


@pytest.mark.parametrize("name", ["et", "adfq", "suid"])
def test_MAF_KR_3_mandatory_parameters(source, target, name):
    answer = source.register_key(target, **{name: None})
    assert answer.rsc == 4000 and name in answer.reason


@pytest.mark.parametrize("changes", [{"rn": "mine"}, {"cr": "//a.b/c"}, {"unknown": 1}, {"aski": "a@b.c"}, {"et": "20200101T000000"}])
def test_MAF_KR_3_what_does_not_belong(source, target, changes):
    assert source.register_key(target, **changes).rsc == 4000


def test_MAF_KR_4_a_registration_under_that_stakeholder_is_needed(device, target):
    d = device()
    assert d.register_key(target).rsc == 4103
    d.registered()
    assert d.register_key(target, adfq="unknown.example.com").rsc == 4103
    assert d.register_key(target).rsc == 2001


@pytest.mark.parametrize("suid", [10, 21, 22, 30, 31, 36, 40, 0, -1, "32", 32.5, 10 ** 12])
def test_MAF_KR_5_other_suids(source, target, suid):
    answer = source.register_key(target, suid=suid)
    assert answer.rsc == 4000 and "suid" in answer.reason.lower(), answer


TWO = ["//sp.example.com/cse1", "//sp.example.com/cse2"]


@pytest.mark.parametrize("suid,targets", [(32, []), (32, TWO), (33, TWO), (34, []), (32, ["/cse1"]), (32, ["cse1"]),
                                          (34, [TWO[0], TWO[0]]), (32, ["//SP.example.com/cse1"]), (32, ["//sp.example.com"]),
                                          (32, ["//sp.example.com/~x"]), (32, "//sp.example.com/cse1"), (32, [7]),
                                          (35, [f"//sp.example.com/c{i}" for i in range(257)])])
def test_MAF_KR_6_targets_are_checked(source, suid, targets):
    answer = source.register_key(None, suid=suid, tgis=targets)
    assert answer.rsc == 4000 and "tgis" in answer.reason, answer


@pytest.mark.parametrize("suid", [34, 35])
def test_MAF_KR_6_several_targets_of_esdata(source, suid):
    answer = source.register_key(None, suid=suid, tgis=TWO, kyv=b64(bytes(32)))
    assert answer.rsc == 2001 and answer.attributes["tgis"] == TWO


def test_MAF_KR_7_targets_from_policy(shared_maf, device, target):
    name = fresh("list")
    shared_maf.adm("stakeholder", "add", name)
    shared_maf.policy({"defaultTargets": {"32": [target.id]}}, name)
    d = device(admin=name)
    d.registered()
    answer = d.register_key(None)
    assert answer.rsc == 2001 and answer.attributes["tgis"] == [target.id]
    assert value_of(target.retrieve(answer.attributes["rn"])) == d.session.exported[16:]
    d.connect()
    assert d.register_key(None, suid=33).rsc == 4000


def test_MAF_KR_8_policy_of_suids_and_targets(shared_maf, device, target):
    name = fresh("strict")
    shared_maf.adm("stakeholder", "add", name)
    shared_maf.policy({"suids": [33], "targets": ["//sp.example.com/..."]}, name)
    d = device(admin=name)
    d.registered()
    assert d.register_key(target).rsc == 4103
    assert d.register_key("//elsewhere.example.com/cse1", suid=33).rsc == 4103
    assert d.register_key("//sp.example.community/cse1", suid=33).rsc == 4103
    assert d.register_key(target, suid=33).rsc == 2001


def test_MAF_KR_12_one_exporter_key_per_session(source, target):
    assert source.register_key(target).rsc == 2001
    answer = source.register_key(target)
    assert answer.rsc == 4105
    source.own_key(target)
    source.own_key(target)
    source.connect()
    assert source.register_key(target).rsc == 2001


def test_MAF_KR_13_operator_edits_targets_of_esdata_only(shared_maf, source, target, device):
    late = device()
    key = source.own_key(target, suid=34)
    assert late.retrieve(key).rsc == 4103
    shared_maf.adm("key", "targets", key, "--add", late.id, "--drop", target.id)
    assert late.retrieve(key).rsc == 2000 and target.retrieve(key).rsc == 4103
    single = source.own_key(target)
    with pytest.raises(Exception, match="34"):
        shared_maf.adm("key", "targets", single, "--add", late.id)


def test_MAF_KR_14_value_never_goes_back(source, target):
    answer = source.register_key(target, kyv=b64(bytes(32)), lbl=["l:1"])
    a = answer.attributes
    assert "kyv" not in a
    assert a["cr"] == source.id and a["adfq"] == ADMIN and a["suid"] == 32 and a["tgis"] == [target.id]
    assert a["et"] == LATER and a["lbl"] == ["l:1"] and a["rn"] == a["ri"] and a["ty"] == KEY_REG


def test_MAF_KT_2_MAF_KT_7_MAF_KT_8_retrieval_answers(source, target):
    key = source.own_key(target, lbl=["l:1"])
    a = target.retrieve(key).attributes
    assert a["cr"] == source.id and a["adfq"] == ADMIN and a["suid"] == 32 and a["et"] == LATER and a["lbl"] == ["l:1"]
    assert "tgis" not in a
    assert target.retrieve(key.lower()).rsc == 2000


def test_MAF_KT_3_unknown_and_deleted(source, target):
    assert target.retrieve("0" * 32).rsc == 4004
    key = source.own_key(target)
    assert source.delete(key).rsc == 2002
    assert target.retrieve(key).rsc == 4004


def test_MAF_KT_4_only_listed_targets(source, target, device):
    key = source.own_key(target)
    stranger = device()
    stranger.registered()
    for other in (stranger, source):
        answer = other.retrieve(key)
        assert answer.rsc == 4103 and "kyv" not in repr(answer)
    own = source.own_key(source)
    assert source.retrieve(own).rsc == 2000


def test_MAF_KT_5_target_need_not_be_registered(source, target):
    assert target.retrieve(source.own_key(target)).rsc == 2000


def test_MAF_KT_6_identities_are_case_sensitive(source, device):
    d = device()
    key = source.own_key(d.id.replace("/Cae", "/CAE"))
    assert d.retrieve(key).rsc == 4103


def test_MAF_KT_10_retrieval_is_repeatable_and_current(source, target):
    key = source.own_key(target)
    first = target.retrieve(key)
    assert target.retrieve(key).pc == first.pc
    assert source.update(key, KEY_REG, {"lbl": ["now"]}).rsc == 2004
    again = target.retrieve(key)
    assert again.attributes["lbl"] == ["now"] and value_of(again) == value_of(first)


def test_MAF_KU_1_only_the_source(source, target, device):
    key = source.own_key(target)
    for other in (target, device()):
        assert other.update(key, KEY_REG, {"lbl": ["x"]}).rsc == 4103
    assert source.update("0" * 32, KEY_REG, {"lbl": ["x"]}).rsc == 4004


def test_MAF_KU_2_empty_update(source, target):
    assert source.update(source.own_key(target), KEY_REG, {}).rsc == 4000


def test_MAF_KU_3_MAF_KU_6_MAF_KU_7_targets_are_replaced_at_once(source, target, device):
    other = device()
    key = source.own_key(target)
    answer = source.update(key, KEY_REG, {"tgis": [other.id]})
    assert answer.rsc == 2004 and answer.attributes == {"tgis": [other.id]}
    assert target.retrieve(key).rsc == 4103 and other.retrieve(key).rsc == 2000
    assert source.update(key, KEY_REG, {"tgis": [other.id, target.id]}).rsc == 4000


@pytest.mark.parametrize("attributes", [{"suid": 33}, {"adfq": ADMIN}, {"kyv": b64(bytes(32))}, {"cr": "//a.b/c"}, {"rn": "x"},
                                        {"et": "20200101T000000"}])
def test_MAF_KU_4_nothing_else_changes(source, target, attributes):
    key = source.own_key(target)
    assert source.update(key, KEY_REG, attributes).rsc == 4000
    assert source.update(key, KEY_REG, {"lbl": ["x"]} | attributes).rsc == 4000


def test_MAF_KU_5_policy_holds_for_updates_too(shared_maf, device, target):
    name = fresh("upd")
    shared_maf.adm("stakeholder", "add", name)
    shared_maf.policy({"targets": [target.id]}, name)
    d = device(admin=name)
    d.registered()
    key = d.own_key(target)
    assert d.update(key, KEY_REG, {"tgis": ["//elsewhere.example.com/cse1"]}).rsc == 4103
    assert target.retrieve(key).rsc == 2000


def test_MAF_KU_6_lifetime_is_mirrored(source, target):
    key = source.own_key(target)
    answer = source.update(key, KEY_REG, {"et": LATER_STILL})
    assert answer.rsc == 2004 and answer.attributes == {"et": LATER_STILL}
    assert target.retrieve(key).attributes["et"] == LATER_STILL


def test_MAF_KU_8_null(source, target):
    key = source.own_key(target, lbl=["x"])
    assert source.update(key, KEY_REG, {"et": None}).rsc == 4000
    assert source.update(key, KEY_REG, {"tgis": None}).rsc == 4000
    assert source.update(key, KEY_REG, {"lbl": None}).rsc == 2004
    assert "lbl" not in target.retrieve(key).attributes


def test_MAF_KD_1_only_the_source(source, target, device):
    key = source.own_key(target)
    for other in (target, device()):
        assert other.delete(key).rsc == 4103
    assert target.retrieve(key).rsc == 2000


def test_MAF_KD_2_MAF_KD_3_deregistration(source, target):
    answer = source.register_key(target)
    key = answer.attributes["rn"]
    gone = source.delete(key)
    assert gone.rsc == 2002 and gone.pc is None
    assert target.retrieve(key).rsc == 4004 and source.delete(key).rsc == 4004
    # the same exporter output cannot come back: the session has given its key
    assert source.register_key(target).rsc == 4105


def test_discovery_shows_what_the_requester_may_see(source, target, device):
    stranger = device()
    tag = "tag:" + fresh("a")
    key = source.own_key(target, lbl=[tag, "kind:x"])
    find = {"fu": 1, "lbl": [tag]}
    assert [u.split("/")[-1] for u in source.send(RETRIEVE, fc=find).pc["m2m:uril"]] == [key]
    assert [u.split("/")[-1] for u in target.send(RETRIEVE, fc=find).pc["m2m:uril"]] == [key]
    nothing = stranger.send(RETRIEVE, fc=find)
    assert nothing.rsc == 2000 and nothing.pc["m2m:uril"] == []
    assert source.send(RETRIEVE, fc={"fu": 1, "lbl": [tag], "ty": 20002}).pc["m2m:uril"] == []
    assert source.send(RETRIEVE, fc={"fu": 1, "lbl": ["no:such"]}).pc["m2m:uril"] == []


def test_discovery_limits_and_times(source, target):
    tag = "lim:" + fresh("a")
    keys = {source.own_key(target, lbl=[tag]) for _ in range(3)}
    found = [source.send(RETRIEVE, fc={"fu": 1, "lbl": [tag], "lim": 2, "ofst": o}).pc["m2m:uril"] for o in (0, 2)]
    assert [len(f) for f in found] == [2, 1]
    assert {u.split("/")[-1] for f in found for u in f} == keys
    assert source.send(RETRIEVE, fc={"fu": 1, "lbl": [tag], "crb": timestamp(-3600)}).pc["m2m:uril"] == []
    assert len(source.send(RETRIEVE, fc={"fu": 1, "lbl": [tag], "cra": timestamp(-3600)}).pc["m2m:uril"]) == 3


@pytest.mark.parametrize("rcn,status", [(0, 2001), (1, 2001), (9, 2001), (4, 4000), (99, 4000)])
def test_result_content(source, target, rcn, status):
    answer = source.create(KEY_REG, source.key_attributes(target, kyv=b64(bytes(32))), rcn=rcn)
    assert answer.rsc == status
    if rcn == 0:
        assert answer.pc is None
