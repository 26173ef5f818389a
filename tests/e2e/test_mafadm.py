"""mafadm as its operator meets it."""
import json
import os
import subprocess

import pytest
from harness.build import program
from harness.maf import ADMIN, FQDN, Failed
from harness.peers import OpensslPeer, http


def fleet(tmp_path, lines, mode=0o600):
    path = tmp_path / "fleet"
    path.write_text("".join(line + "\n" for line in lines))
    path.chmod(mode)
    return str(path)


def test_import_serves_and_can_be_repeated(maf, tmp_path):
    kms = [os.urandom(32).hex() for _ in range(20)]
    lines = ["# a fleet", ""] + [f"//sp.example.com/cse1/C{i}\tkm-{i}  {km}" for i, km in enumerate(kms)]
    args = ("client", "import", fleet(tmp_path, lines), "--stakeholder", ADMIN)
    assert json.loads(maf.adm(*args, "--json")) == {"added": 20, "present": 0}
    assert json.loads(maf.adm(*args, "--json")) == {"added": 0, "present": 20}
    me = {"kmid": f"km-7@{FQDN}", "id": "//sp.example.com/cse1/C7", "km": kms[7]}
    with OpensslPeer(maf, me) as peer:
        assert peer.request(http("GET", "/-", me["id"])).rsc == 2000


@pytest.mark.parametrize("line,why", [("//sp.example.com/cse1/Ca km-a", "three words"), ("x km-a " + "00" * 32, "Absolute"),
                                      ("//sp.example.com/cse1/Ca km-a zz", "hex"), ("//sp.example.com/cse1/Ca k@m@a " + "00" * 32, "line 2"),
                                      ("//sp.example.com/cse1/Ca km-a 0011", "line 2"), ("a" * 3000, "longer")])
def test_import_stops_at_a_wrong_line(maf, tmp_path, line, why):
    good = "//sp.example.com/cse1/Cgood km-good " + "11" * 32
    with pytest.raises(Failed, match=why):
        maf.adm("client", "import", fleet(tmp_path, [good, line]), "--stakeholder", ADMIN)
    assert [c["kmid"] for c in maf.adm_json("client", "list")] == [f"km-good@{FQDN}"]


def test_import_wants_a_private_file_and_other_identities_apart(maf, tmp_path):
    line = "//sp.example.com/cse1/Ca km-a " + "00" * 32
    with pytest.raises(Failed, match="chmod 600"):
        maf.adm("client", "import", fleet(tmp_path, [line], 0o644), "--stakeholder", ADMIN)
    maf.adm("client", "import", fleet(tmp_path, [line]), "--stakeholder", ADMIN)
    with pytest.raises(Failed, match="line 1"):
        maf.adm("client", "import", fleet(tmp_path, [line.replace("/Ca ", "/Cb ")]), "--stakeholder", ADMIN)


def run(*args):
    return subprocess.run([program("mafadm"), *args], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("args", [(), ("nonsense",), ("client",), ("client", "add"), ("client", "list", "--dir"), ("client", "list", "--dir", "x", "y"),
                                  ("client", "list", "--nonsense", "--dir", "x"), ("client", "revoke", "--dir", "x"),
                                  ("client", "list", "--dir", "x", "--fqdn", "y")])
def test_wrong_usage(args):
    result = run(*args)
    assert result.returncode == 2 and result.stdout == "" and result.stderr


def test_help_of_every_command():
    usage = run("--help").stdout
    commands = [line.split("  ")[1].strip() for line in usage.splitlines() if line.startswith("  ")]
    assert len(commands) > 15
    for command in commands:
        words = [w for w in command.split() if w.islower()]
        result = run(*words, "--help")
        assert result.returncode == 0 and "Options:" in result.stdout, command


def test_generated_km_needs_a_way_out(maf, tmp_path):
    with pytest.raises(Failed, match="km-out"):
        maf.adm("client", "add", "--id", "//sp.example.com/cse1/Ca", "--stakeholder", ADMIN, "--generate")
    out = tmp_path / "km"
    shown = json.loads(maf.adm("client", "add", "--id", "//sp.example.com/cse1/Ca", "--stakeholder", ADMIN, "--generate",
                               "--km-out", str(out)))
    assert set(shown) == {"kmid", "id"} and out.stat().st_mode & 0o777 == 0o600 and len(out.read_text().strip()) == 64


def test_a_revoked_credential_ends_an_open_session(maf):
    me = maf.add_client("//sp.example.com/cse1/Ca")
    with OpensslPeer(maf, me) as peer:
        assert peer.request(http("GET", "/-", me["id"])).rsc == 2000
        maf.adm("client", "revoke", me["kmid"])
        assert peer.request(http("GET", "/-", me["id"])).rsc == 4106
        peer.wait_closed()


def test_a_km_file_that_is_there_already_uses_no_kmid_up(maf, tmp_path):
    out = tmp_path / "km"
    args = ("client", "add", "--id", "//sp.example.com/cse1/Ca", "--stakeholder", ADMIN, "--kmid", "a", "--generate", "--km-out", str(out))
    out.write_text("precious")
    with pytest.raises(Failed, match="exists"):
        maf.adm(*args)
    assert out.read_text() == "precious" and maf.adm_json("client", "list") == []
    out.unlink()
    with pytest.raises(Failed, match="there is no stakeholder"):
        maf.adm(*(a if a != ADMIN else "nobody.example.com" for a in args))
    assert not out.exists()
    maf.adm(*args)
    assert len(out.read_text().strip()) == 64


def test_an_edit_of_a_stakeholder_is_done_whole_or_not_at_all(maf, tmp_path):
    policy = tmp_path / "policy"
    policy.write_text('{"register": "any"}')
    before = json.loads(maf.adm("stakeholder", "policy", ADMIN))
    with pytest.raises(Failed, match="bad"):
        maf.adm("stakeholder", "policy", ADMIN, "--file", str(policy), "--permit", "//sp.example.com/cse1/Ca", "--permit", "bad")
    assert json.loads(maf.adm("stakeholder", "policy", ADMIN)) == before
    after = json.loads(maf.adm("stakeholder", "policy", ADMIN, "--file", str(policy), "--permit", "//sp.example.com/cse1/Ca"))
    assert after["policy"] == {"register": "any"} and after["permitted"] == before["permitted"] + ["//sp.example.com/cse1/Ca"]
    policy.write_bytes(b'{}\0{"register": "any"}')
    with pytest.raises(Failed, match="NUL"):
        maf.adm("stakeholder", "policy", ADMIN, "--file", str(policy))


def test_a_stakeholder_has_one_name_in_whatever_case(maf, tmp_path):
    cfg = tmp_path / "cfg"
    cfg.write_text(json.dumps({"crgc": {"fqdn": FQDN, "adfq": ADMIN}}))
    maf.adm("stakeholder", "add", "Other.Example.COM")
    assert json.loads(maf.adm("stakeholder", "policy", "OTHER.example.com"))["adminFQDN"] == "other.example.com"
    who = ("--id", "//sp.example.com/cse1/Ca", "--stakeholder", "OTHER.example.com")
    maf.adm("client", "config", *who, "--file", str(cfg))
    assert json.loads(maf.adm("client", "config", *who))["crgc"]["adfq"] == ADMIN
    maf.adm("client", "config", *who, "--remove")
    maf.adm("stakeholder", "remove", "OTHER.example.com")


def test_every_change_answers_json(maf, tmp_path):
    """Also commands that print nothing otherwise."""
    maf.add_client("//sp.example.com/cse1/Ca", kmid="km-a")
    cfg = tmp_path / "cfg.json"
    cfg.write_text(json.dumps({"krgc": [{"adfq": ADMIN, "suid": 32}]}))
    config = ("client", "config", "--id", "//sp.example.com/cse1/Ca", "--stakeholder", ADMIN)
    assert maf.adm_json(*config, "--file", str(cfg)) == {"done": "client config"}
    assert maf.adm_json(*config) == {"krgc": [{"adfq": ADMIN, "suid": 32}]}
    assert maf.adm_json(*config, "--remove") == {"done": "client config"}
    assert maf.adm_json("client", "revoke", "km-a") == {"done": "client revoke", "KMID": "km-a"}
    assert maf.adm("stakeholder", "add", "b.example.com") == ""
    assert maf.adm_json("stakeholder", "remove", "b.example.com") == {"done": "stakeholder remove", "ADMIN-FQDN": "b.example.com"}


def test_a_key_of_another_maf_is_not_taken_for_ours(maf):
    """The part behind the '@' counts; our aliases are we."""
    source, target = (maf.add_client(f"//sp.example.com/cse1/C{n}") for n in "st")
    later = "20991231T235959"
    with OpensslPeer(maf, source) as peer:
        body = {"sec:mafcr": {"et": later, "adfq": ADMIN}}
        assert peer.request(http("POST", "/-", source["id"], json.dumps(body).encode(), 20002)).rsc == 2001
        body = {"sec:skr": {"et": later, "adfq": ADMIN, "suid": 32, "tgis": [target["id"]]}}
        key = peer.request(http("POST", "/-", source["id"], json.dumps(body).encode(), 20003)).json()["sec:skr"]["rn"]
    for command in ("show", "revoke"):
        with pytest.raises(Failed, match=f"is a key of other.example.com, this MAF is {FQDN}"):
            maf.adm("key", command, f"{key}@other.example.com")
    with pytest.raises(Failed, match="is a key of other.example.com"):
        maf.adm("key", "targets", f"{key}@other.example.com", "--add", "//sp.example.com/cse1/Cx")
    maf.configure("maf", "aliases", "alias.example.com")
    assert maf.adm_json("key", "show", f"{key}@alias.example.com")["relativeKeyID"] == key
    maf.adm("key", "revoke", f"{key}@{FQDN}")
    assert maf.adm_json("key", "list") == []
