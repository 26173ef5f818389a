"""MAF Client Registration and what follows from it: 8.8.2.3 to 8.8.2.6 (MAF-CR, MAF-CC, MAF-CU, MAF-CD)."""
import json

import pytest
from binding import CLIENT_REG, CREATE, LATER, LATER_STILL, RETRIEVE, fresh, timestamp
from harness.maf import ADMIN

CONFIGURATION = {"crgc": {"fqdn": "maf.example.com", "adfq": ADMIN, "htpt": 8443},
                 "krgc": [{"adfq": ADMIN, "suid": 32, "tgis": ["//sp.example.com/cse1"]}]}


def test_MAF_CR_1_MAF_CR_5_MAF_CR_7_registration(device):
    d = device()
    answer = d.register(lbl=["floor:1", "pump"])
    a = answer.attributes
    assert answer.rsc == 2001 and list(answer.pc) == ["sec:mafcr"]
    assert a["cr"] == d.id and a["adfq"] == d.admin and a["et"] == LATER and a["lbl"] == ["floor:1", "pump"]
    assert a["ty"] == CLIENT_REG and a["ri"] == a["rn"] and a["pi"] == "maf"
    assert timestamp(-60) < a["ct"] <= timestamp(60) and a["lt"] == a["ct"]
    assert "aski" not in a and "mccf" not in a


@pytest.mark.parametrize("changes,name", [({"adfq": None}, "adfq"), ({"et": None}, "et"), ({"adfq": 7}, "adfq"),
                                          ({"adfq": "Not A Name"}, "adfq"), ({"lbl": []}, "lbl"),
                                          ({"lbl": ["two words"]}, "lbl"), ({"lbl": "text"}, "lbl"),
                                          ({"lbl": ["x"] * 33}, "lbl"), ({"lbl": ["x" * 129]}, "lbl"),
                                          ({"ri": "mine"}, "ri"), ({"cr": "//a.b/c"}, "cr"), ({"aski": "x@y"}, "aski"),
                                          ({"suid": 32}, "suid"), ({"unknown": 1}, "unknown")])
def test_MAF_CR_2_parameters_are_checked(device, changes, name):
    d = device()
    answer = d.register(**changes)
    assert answer.rsc == 4000 and name in answer.reason and "\n" not in answer.reason, answer
    assert d.register().rsc == 2001


def test_MAF_CR_2_content_must_be_one_registration(device):
    d = device()
    good = {"et": LATER, "adfq": d.admin}
    for pc in ({}, {"sec:skr": good}, {"sec:mafcr": good, "sec:skr": good}, {"sec:mafcr": []}, []):
        assert d.send(CREATE, ty=CLIENT_REG, pc=pc).rsc == 4000
    assert d.send(CREATE, ty=CLIENT_REG).rsc == 4000


def test_MAF_CR_3_stakeholder_must_permit(shared_maf, device):
    d = device()
    assert d.register(adfq="unknown.example.com").rsc == 4103
    name = fresh("other")
    shared_maf.adm("stakeholder", "add", name)
    assert d.register(adfq=name).rsc == 4103
    shared_maf.adm("stakeholder", "policy", name, "--permit", d.id)
    assert d.register(adfq=name).rsc == 2001


def test_MAF_CR_3_policy_may_admit_anyone(shared_maf, device):
    d = device()
    name = fresh("open")
    shared_maf.adm("stakeholder", "add", name)
    shared_maf.policy({"register": "any"}, name)
    assert d.register(adfq=name).rsc == 2001


def test_MAF_CR_4_second_registration_is_refused(device):
    d = device()
    first = d.registered(lbl=["one"])
    assert d.register(lbl=["two"]).rsc == 4117
    assert d.send(RETRIEVE, f"-/{first}").attributes["lbl"] == ["one"]


def test_MAF_CC_1_MAF_CC_2_MAF_CC_5_configuration_is_what_was_attached(shared_maf, device, tmp_path):
    d = device()
    reg = d.registered()
    path = tmp_path / "cfg.json"
    path.write_text(json.dumps(CONFIGURATION))
    shared_maf.adm("client", "config", "--id", d.id, "--stakeholder", d.admin, "--file", str(path))
    answer = d.send(RETRIEVE, f"-/{reg}", atrl=["mccf"])
    assert answer.rsc == 2000 and answer.attributes == {"mccf": CONFIGURATION}
    assert "mccf" not in d.send(RETRIEVE, f"-/{reg}").attributes


def test_MAF_CC_3_only_the_owner(device):
    d, other = device(), device()
    reg = d.registered()
    assert other.send(RETRIEVE, f"-/{reg}", atrl=["mccf"]).rsc == 4103
    assert other.send(RETRIEVE, f"-/{reg}").rsc == 4103


def test_MAF_CC_4_nothing_attached_or_unknown(device):
    d = device()
    reg = d.registered()
    assert d.send(RETRIEVE, f"-/{reg}", atrl=["mccf"]).rsc == 4004
    assert d.send(RETRIEVE, "-/no-such-registration", atrl=["mccf"]).rsc == 4004


def test_MAF_CU_1_MAF_CU_5_update_mirrors_the_request(device):
    d = device()
    reg = d.registered(lbl=["a"])
    answer = d.update(reg, CLIENT_REG, {"et": LATER_STILL})
    assert answer.rsc == 2004 and answer.attributes == {"et": LATER_STILL}
    answer = d.update(reg, CLIENT_REG, {"lbl": ["b", "c"]})
    assert answer.rsc == 2004 and answer.attributes == {"lbl": ["b", "c"]}
    a = d.send(RETRIEVE, f"-/{reg}").attributes
    assert a["et"] == LATER_STILL and a["lbl"] == ["b", "c"]


def test_MAF_CU_2_empty_update(device):
    d = device()
    reg = d.registered()
    assert d.update(reg, CLIENT_REG, {}).rsc == 4000


@pytest.mark.parametrize("attributes", [{"adfq": ADMIN}, {"cr": "//a.b/c"}, {"lbl": ["x"], "ri": "y"}, {"et": "20200101T000000"},
                                        {"suid": 32}])
def test_MAF_CU_3_nothing_else_changes(device, attributes):
    d = device()
    reg = d.registered()
    assert d.update(reg, CLIENT_REG, attributes).rsc == 4000


def test_MAF_CU_3_owner_only(device):
    d, other = device(), device()
    reg = d.registered()
    assert other.update(reg, CLIENT_REG, {"lbl": ["mine"]}).rsc == 4103


def test_MAF_CU_6_null(device):
    d = device()
    reg = d.registered(lbl=["a"])
    assert d.update(reg, CLIENT_REG, {"et": None}).rsc == 4000
    assert d.update(reg, CLIENT_REG, {"lbl": None}).rsc == 2004
    assert "lbl" not in d.send(RETRIEVE, f"-/{reg}").attributes


def test_MAF_CD_1_owner_only_and_unknown(device):
    d, other = device(), device()
    reg = d.registered()
    assert other.delete(reg).rsc == 4103
    assert d.delete("no-such-registration").rsc == 4004
    assert d.send(RETRIEVE, f"-/{reg}").rsc == 2000


def test_MAF_CD_2_MAF_CD_3_MAF_CD_4_deregistration_takes_the_keys_along(source, target, device):
    reg = source.send(RETRIEVE, fc={"fu": 1, "ty": CLIENT_REG}).pc["m2m:uril"][0].split("/")[-1]
    key = source.own_key(target)
    answer = source.delete(reg)
    assert answer.rsc == 2002 and answer.pc is None
    assert source.delete(reg).rsc == 4004
    assert target.retrieve(key).rsc == 4004
    assert source.registered() != reg


def test_MAF_CD_3_other_stakeholders_are_untouched(shared_maf, source, target):
    name = fresh("second")
    shared_maf.adm("stakeholder", "add", name)
    shared_maf.adm("stakeholder", "policy", name, "--permit", source.id)
    second = source.registered(adfq=name)
    key = source.own_key(target)
    assert source.delete(second).rsc == 2002
    assert target.retrieve(key).rsc == 2000
