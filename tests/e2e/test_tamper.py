"""A thief who can write the database: every edited row is refused and reported, and nothing else breaks."""
import base64
import json
import sqlite3

import pytest
from harness.maf import ADMIN, Failed
from harness.peers import HandshakeFailed, OpensslPeer, http

LATER = "20991231T235959"


def serves(maf, credential):
    try:
        with OpensslPeer(maf, credential) as peer:
            return peer.request(http("GET", "/-", credential["id"])).rsc == 2000
    except HandshakeFailed:
        return False


class World:
    def __init__(self, maf):
        self.maf = maf
        self.a, self.b, self.bystander = (maf.add_client(f"//sp.example.com/cse1/C{n}", kmid=f"km-{n}") for n in "abx")
        with OpensslPeer(maf, self.a) as peer:
            body = {"sec:mafcr": {"et": LATER, "adfq": ADMIN}}
            answer = peer.request(http("POST", "/-", self.a["id"], json.dumps(body).encode(), 20002))
            self.reg = answer.json()["sec:mafcr"]["ri"]
            self.keys = [self._key(peer) for _ in range(2)]
        assert self.fetch(self.b, self.keys[0]).rsc == 2000

    def _key(self, peer):
        body = {"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 34, "tgis": [self.b["id"]],
                            "kyv": base64.b64encode(bytes(32)).decode()}}
        return peer.request(http("POST", "/-", self.a["id"], json.dumps(body).encode(), 20003)).json()["sec:skr"]["rn"]

    def fetch(self, who, key):
        with OpensslPeer(self.maf, who) as peer:
            return peer.request(http("GET", f"/-/{key}", who["id"]))

    def sql(self, *statements):
        with sqlite3.connect(self.maf.dir / "maf.db", timeout=30) as db:
            for s in statements:
                assert db.execute(s).rowcount != 0, s
        db.close()

    def columns(self, table):
        db = sqlite3.connect(self.maf.dir / "maf.db")
        names = [r[1] for r in db.execute(f"PRAGMA table_info({table})")]
        db.close()
        return names


@pytest.fixture
def world(maf):
    return World(maf)


def reported(maf, mark, what):
    text = maf.log_since(mark)
    assert what in text and "integrity" in text.lower() or "row-refused" in text, text
    with pytest.raises(Failed, match="did not pass"):
        maf.adm("check")


def test_blob_swapped_between_two_kmids(world):
    maf, mark = world.maf, world.maf.log_mark()
    world.sql("UPDATE credential SET km = (SELECT km FROM credential WHERE kmid LIKE 'km-b@%') WHERE kmid LIKE 'km-a@%'")
    assert not serves(maf, world.a)
    assert not serves(maf, dict(world.b, kmid=world.a["kmid"]))
    assert serves(maf, world.b) and serves(maf, world.bystander)
    reported(maf, mark, "km-a")


def test_identity_changed(world):
    maf, mark = world.maf, world.maf.log_mark()
    assert serves(maf, world.a)
    world.sql(f"UPDATE credential SET identity = '{world.b['id']}' WHERE kmid LIKE 'km-a@%'")
    assert not serves(maf, world.a) and not serves(maf, dict(world.a, id=world.b["id"]))
    assert serves(maf, world.b)
    reported(maf, mark, "km-a")


def test_expiry_moved(world):
    maf, mark = world.maf, world.maf.log_mark()
    world.sql("UPDATE credential SET expires = 4000000000 WHERE kmid LIKE 'km-a@%'")
    assert not serves(maf, world.a)
    assert serves(maf, world.b)
    reported(maf, mark, "km-a")


def test_target_added(world):
    maf, mark = world.maf, world.maf.log_mark()
    db = sqlite3.connect(maf.dir / "maf.db")
    (targets,) = db.execute(f"SELECT targets FROM key_registration WHERE id = '{world.keys[0]}'").fetchone()
    old = world.b["id"].encode()
    edited = targets.replace(old, world.bystander["id"].encode()) if isinstance(targets, bytes) else \
        targets.replace(old.decode(), world.bystander["id"])
    assert edited != targets
    db.execute("UPDATE key_registration SET targets = ? WHERE id = ?", (edited, world.keys[0]))
    db.commit()
    db.close()
    for who in (world.bystander, world.b):
        answer = world.fetch(who, world.keys[0])
        assert answer.rsc == 5000 and b"kyv" not in answer.body, answer
    assert world.fetch(world.b, world.keys[1]).rsc == 2000
    reported(maf, mark, world.keys[0])


def test_sealed_value_swapped(world):
    maf, mark = world.maf, world.maf.log_mark()
    world.sql(f"UPDATE key_registration SET value = (SELECT value FROM key_registration WHERE id = '{world.keys[1]}') WHERE id = '{world.keys[0]}'",
              f"UPDATE key_registration SET created = created + 1 WHERE id = '{world.keys[0]}'")
    assert world.fetch(world.b, world.keys[0]).rsc == 5000
    assert world.fetch(world.b, world.keys[1]).rsc == 2000
    reported(maf, mark, world.keys[0])


def test_revoked_credential_brought_back(world):
    maf = world.maf
    maf.adm("client", "revoke", world.a["kmid"])
    assert not serves(maf, world.a)
    world.sql("UPDATE credential SET state = 1 WHERE kmid LIKE 'km-a@%'")
    assert not serves(maf, world.a)


def test_registration_edited(world):
    maf, mark = world.maf, world.maf.log_mark()
    world.sql(f"UPDATE registration SET identity = '{world.b['id']}' WHERE id = '{world.reg}'")
    with OpensslPeer(maf, world.b) as peer:
        assert peer.request(http("GET", f"/-/{world.reg}", world.b["id"])).rsc == 5000
        body = {"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 34, "tgis": [world.b["id"]]}}
        assert peer.request(http("POST", "/-", world.b["id"], json.dumps(body).encode(), 20003)).rsc in (4103, 5000)
    assert serves(maf, world.b)
    reported(maf, mark, world.reg)


def test_database_of_another_token_is_refused(softhsm, world, tmp_path):
    from harness.maf import Maf
    from harness.token import Token
    other = Maf(Token("softhsm", tmp_path / "token2"), tmp_path / "maf2")
    world.maf.stop()
    (other.dir / "maf.db").write_bytes((world.maf.dir / "maf.db").read_bytes())
    with pytest.raises(Failed, match="token"):
        other.adm("check")
    with pytest.raises(RuntimeError):
        other.start()


def test_check_looks_at_every_table(world, tmp_path):
    """Whatever carries a code of the token is verified; a table that is forgotten here is found by its column."""
    maf = world.maf
    cfg = tmp_path / "cfg.json"
    cfg.write_text(json.dumps({"krgc": [{"adfq": ADMIN, "suid": 32}]}))
    maf.adm("client", "config", "--id", world.a["id"], "--stakeholder", ADMIN, "--file", str(cfg))
    maf.adm("ca", "init", "--domain", "sp.example.com", "--crl-uri", "http://crl.example.com/")
    db = sqlite3.connect(maf.dir / "maf.db", timeout=30)
    tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'meta'")
              if "mac" in world.columns(name) and db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > 0]
    assert {"stakeholder", "permit", "client_cfg", "credential", "credential_tls13", "registration", "key_registration",
            "authority"} <= set(tables)
    maf.adm("check")
    for name in tables:
        mac, = db.execute(f"SELECT mac FROM {name} LIMIT 1").fetchone()
        db.execute(f"UPDATE {name} SET mac = zeroblob(32) WHERE mac = ?", (mac,))
        db.commit()
        with pytest.raises(Failed, match="1 rows did not pass"):
            maf.adm("check")
        db.execute(f"UPDATE {name} SET mac = ? WHERE mac = zeroblob(32)", (mac,))
        db.commit()
    db.close()
    maf.adm("check")
