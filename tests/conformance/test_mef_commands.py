"""MEF Client Commands: TS-0003 8.3.9 (MEF-CMD)."""
import pytest
from binding import CREATE, DELETE, MEF_CLIENT_CMD
from harness.mef import MEF_FQDN

MO_NODE = {"cmci": 3, "cmar": {"mnca": {"obp": "/maf/1", "oti": 3}}}
DEV_CFG = {"cmci": 2, "cmar": {"dcca": {"dcfu": "3:coaps://lwm2m.example.com"}}}
CERT_PROV = {"cmci": 1, "cmar": {"cpca": {"cppi": 1, "uri": f"https://{MEF_FQDN}/.well-known/est", "csty": 3,
                                          "csid": "//sp.example.com/cse1/Cae1"}}}
REPORTS = [20, 40, 41, 42, 43, 100, 101, 201, 202, 300, 301, 302, 303, 304, 305]


@pytest.fixture
def client(mef_device):
    one = mef_device()
    one.reg = one.registered()
    return one


def no_more(answer):
    a = answer.attributes
    return answer.rsc in (2000, 2004) and a["cmds"] == {"cmci": 0, "cmar": {"nmca": {"rtdu": "PT3600S"}}} and a["cmsc"] == 10


def test_MEF_CMD_1_MEF_CMD_6_nothing_to_do(client):
    answer = client.command(client.reg)
    assert list(answer.pc) == ["sec:mefcc"] and no_more(answer)
    assert answer.attributes["cmid"] > 0 and answer.attributes["pi"] == client.reg
    assert client.command(client.reg).attributes["cmid"] != answer.attributes["cmid"]


def test_MEF_CMD_1_MEF_CMD_3_MEF_CMD_5_one_after_the_other(shared_mef, client):
    ids = [shared_mef.queue(client.id, d) for d in (MO_NODE, DEV_CFG, CERT_PROV)]
    first = client.command(client.reg).attributes
    assert (first["cmid"], first["cmds"], first["cmsc"]) == (ids[0], MO_NODE, 10)
    again = client.command(client.reg).attributes
    assert (again["cmid"], again["cmds"], again["cmsc"]) == (ids[0], MO_NODE, 11)
    second = client.report(client.reg, ids[0], 20)
    assert second.rsc == 2004 and second.attributes["cmid"] == ids[1] and second.attributes["cmds"] == DEV_CFG
    third = client.report(client.reg, ids[1], 41)
    assert third.attributes["cmid"] == ids[2] and third.attributes["cmsc"] == 10
    assert no_more(client.report(client.reg, ids[2], 100))
    told = {c["cmdID"]: (c["state"], c["cmdStatusCode"]) for c in shared_mef.adm_json("command", "list") if c["id"] == client.id}
    assert told == {str(ids[0]): ("reported", 20), str(ids[1]): ("reported", 41), str(ids[2]): ("reported", 100)}


def test_MEF_CMD_3_a_report_on_another_command_is_discarded(shared_mef, client):
    cmid = shared_mef.queue(client.id, MO_NODE)
    other = client.report(client.reg, cmid, 20)  # before it was issued
    assert other.rsc == 2004 and other.attributes["cmid"] == cmid and other.attributes["cmsc"] == 10
    stale = client.report(client.reg, cmid + 2, 20)
    assert stale.rsc == 2004 and stale.attributes["cmid"] == cmid and stale.attributes["cmsc"] == 11
    assert no_more(client.report(client.reg, cmid, 305))
    assert no_more(client.report(client.reg, cmid, 20))
    assert shared_mef.adm_json("command", "show", str(cmid))["cmdStatusCode"] == 305


@pytest.mark.parametrize("report", [{"cmid": 1}, {"cmsc": 20}, {"cmid": 0, "cmsc": 20}, {"cmid": "1", "cmsc": 20}, {"cmid": 1, "cmsc": 10},
                                    {"cmid": 1, "cmsc": 11}, {"cmid": 1, "cmsc": 21}, {"cmid": 1, "cmsc": 20, "cmds": {}},
                                    {"cmid": 1, "cmsc": None}])
def test_MEF_CMD_3_unparsable_reports(client, report):
    assert client.update(f"{client.reg}/cmd", MEF_CLIENT_CMD, report).rsc == 4000


def test_MEF_CMD_4_every_status_is_taken(shared_mef, client):
    cmid = shared_mef.queue(client.id, MO_NODE)
    client.command(client.reg)
    for status in REPORTS:
        following = shared_mef.queue(client.id, MO_NODE)
        assert client.report(client.reg, cmid, status).attributes["cmid"] == following
        assert shared_mef.adm_json("command", "show", str(cmid))["cmdStatusCode"] == status
        cmid = following


def test_MEF_CMD_2_commands_belong_to_a_registration(shared_mef, client, mef_device):
    other = mef_device()
    other.registered()
    cmid = shared_mef.queue(client.id, MO_NODE)
    assert other.command(client.reg).rsc == 4103 and other.report(client.reg, cmid, 20).rsc == 4103
    assert client.command("cr-" + "0" * 32).rsc == 4004
    assert client.send(DELETE, f"-/{client.reg}/cmd").rsc == 4005
    assert client.send(CREATE, f"-/{client.reg}/cmd", ty=MEF_CLIENT_CMD, pc={"sec:mefcc": {}}).rsc == 4005
    assert client.command(f"{client.reg}/cmd").rsc == 4004 and client.send(2, f"-/{client.reg}/other").rsc == 4004
    # the queue outlives the registration
    assert client.command(client.reg).attributes["cmid"] == cmid
    assert client.delete(client.reg).rsc == 2002
    assert client.command(client.reg).rsc == 4004
    assert client.command(client.registered()).attributes["cmsc"] == 11


@pytest.mark.parametrize("description", [
    {"cmci": 0, "cmar": {"nmca": {"rtdu": "PT1H"}}}, {"cmci": 4, "cmar": {}}, {"cmci": 3}, {"cmci": 3, "cmar": {"mnca": {"obp": "/x"}}},
    {"cmci": 3, "cmar": {"mnca": {"obp": "/x", "oti": 4}}}, {"cmci": 2, "cmar": {"dcca": {"dcfu": "5:coaps://a.example"}}},
    {"cmci": 1, "cmar": {"cpca": {"cppi": 1, "uri": "https://other.example.com/est", "csty": 1, "csid": "x"}}},
    {"cmci": 1, "cmar": {"cpca": {"cppi": 3, "uri": f"https://{MEF_FQDN}/est", "csty": 1, "csid": "x"}}}, MO_NODE | {"x": 1}])
def test_MEF_CMD_4_what_is_no_command_is_not_queued(shared_mef, client, description):
    with pytest.raises(Exception, match="cmdDescription"):
        shared_mef.queue(client.id, description)
