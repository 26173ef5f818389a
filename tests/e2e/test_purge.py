"""Expired records go in parts, one soon after the other, until none is left: also more than a minute's part."""
import sqlite3

from harness.maf import ADMIN, Maf, wait_for

ROWS = 1700


def test_many_expired_records_go_soon_after_the_start(softhsm, tmp_path):
    maf = Maf(softhsm, tmp_path / "maf")
    db = sqlite3.connect(maf.dir / "maf.db")
    # What has expired is not verified before it goes (src/store/purge.c).
    db.executemany("INSERT INTO registration VALUES (?, ?, ?, '', x'0000', 1, 1, 1, zeroblob(32))",
                   [(f"r{i}", f"//sp.example.com/c{i}", ADMIN) for i in range(ROWS)])
    db.commit()
    with maf:
        wait_for(lambda: db.execute("SELECT count(*) FROM registration").fetchone()[0] == 0, "records stay")
        wait_for(lambda: f"{ROWS} expired records removed" in maf.log(), "nothing is said of it")
    db.close()
