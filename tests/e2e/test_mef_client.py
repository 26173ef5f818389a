"""maf(1) at a MEF: registration, configuration, keys and discovery over every binding, and a home that has none."""
import itertools
import json

import pytest
from harness.client import BINDINGS, Client
from harness.maf import ADMIN, Failed
from harness.mef import Mef
from harness.token import Token

TARGET = "//sp.example.com/cse1/Ctarget"
numbers = itertools.count(1)


def new_id():
    return f"//sp.example.com/cse1/Cae{next(numbers)}"


@pytest.fixture(scope="module")
def mef(tmp_path_factory):
    directory = tmp_path_factory.mktemp("mef")
    with Mef(Token("softhsm", directory / "token"), directory / "mef") as one:
        yield one


def client(mef, directory, identity, name="device", **options):
    """Its MAF is never asked: only the MEF is running."""
    credential = mef.add_client(identity)
    one = Client(Token("softhsm", directory / f"{name}-token"), directory / name, identity, fqdn="maf.example.com",
                 address="127.0.0.1:9", mef=mef, **options)
    one.import_km(credential["kmid"], credential["km"])
    return one


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("format", ["json", "cbor"])
def test_MEF_CR_1_MEF_CU_1_MEF_KR_3_MEF_KT_2_MEF_CD_1_a_client_of_a_mef(binding, format, mef, tmp_path):
    source_id, target_id = new_id(), new_id()
    source = client(mef, tmp_path, source_id, "source", binding=binding, format=format)
    target = client(mef, tmp_path, target_id, "target", binding=binding, format=format)
    made = source.json("mef", "register", "--stakeholder", ADMIN, "--label", "floor:1", "--expires", "90d")
    assert made["id"] == source_id and made["labels"] == ["floor:1"] and made["mefClientRegID"]
    assert source.json("registration", "list") == [made]
    with pytest.raises(Failed, match="4117"):
        source.maf("mef", "register", "--stakeholder", ADMIN)
    assert source.json("mef", "update", "--stakeholder", ADMIN, "--label", "floor:2")["labels"] == ["floor:2"]
    key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "22", "--target", target_id)
    assert key["keyIdentifier"].endswith("@" + mef.fqdn) and key["suid"] == 22 and not key["generated"]
    made_here = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "24", "--target", target_id, "--generate")
    fetched = target.json("key", "retrieve", key["keyIdentifier"])
    assert fetched["check"] == key["check"] and fetched["role"] == "target" and fetched["suid"] == 22
    assert target.json("key", "retrieve", made_here["keyIdentifier"])["check"] == made_here["check"]
    data = "the same"
    assert source.maf("key", "hmac", key["keyIdentifier"], "--suid", "22", input=data) == \
        target.maf("key", "hmac", key["keyIdentifier"], "--suid", "22", input=data)
    relatives = {k["keyIdentifier"].split("@")[0] for k in (key, made_here)}
    assert relatives <= set(source.json("mef", "discover", "--type", "keys"))
    assert made["mefClientRegID"] in source.json("mef", "discover", "--type", "registrations")
    assert source.json("key", "update", key["keyIdentifier"], "--label", "new")["labels"] == ["new"]
    source.maf("key", "deregister", key["keyIdentifier"])
    source.maf("mef", "deregister", "--stakeholder", ADMIN)
    assert source.json("registration", "list") == []
    with pytest.raises(Failed, match="4004"):
        target.maf("key", "retrieve", made_here["keyIdentifier"])


def test_MEF_CC_1_configuration(mef, tmp_path):
    one = client(mef, tmp_path, new_id())
    one.maf("mef", "register", "--stakeholder", ADMIN)
    with pytest.raises(Failed, match="4004"):
        one.maf("mef", "config", "--stakeholder", ADMIN)


@pytest.mark.parametrize("suid,target,said", [
    ("21", TARGET, "not the FQDN of a MAF"), ("22", "maf.example.com", "not an Absolute"), ("26", TARGET, "not one of 21"),
    ("31", TARGET, "not one of 32")])
def test_MEF_KR_1_MEF_KR_2_refused_before_they_are_sent(suid, target, said, mef, tmp_path):
    one = client(mef, tmp_path, new_id(), suid)
    with pytest.raises(Failed, match=said):
        one.maf("key", "register", "--stakeholder", ADMIN, "--suid", suid, "--target", target)


def test_a_home_without_a_mef_says_so(mef, tmp_path):
    one = Client(Token("softhsm", tmp_path / "token"), tmp_path / "home", TARGET, fqdn="maf.example.com", address="127.0.0.1:9")
    for words in (("mef", "register", "--stakeholder", ADMIN), ("mef", "discover"),
                  ("key", "register", "--stakeholder", ADMIN, "--suid", "22", "--target", TARGET)):
        with pytest.raises(Failed, match="has no MEF"):
            one.maf(*words)
    assert json.loads(one.maf("status", "--json"))["registrations"] == []
