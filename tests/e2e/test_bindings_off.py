"""Each binding can be the only one."""
import re

import pytest
from harness.client import Client
from harness.maf import ADMIN, Failed, Maf, run
from harness.build import program
from harness.token import Token

SECTIONS = {"https": "https", "coaps": "coaps", "coaps-tcp": "coaps+tcp"}


def without(maf, *sections):
    path = maf.dir / "mafd.conf"
    text = path.read_text()
    for section in sections:
        text = re.sub(rf"(\[{re.escape(section)}\]\n(?:[^\[]*\n)?)listen = [^\n]*\n", r"\1", text)
    path.write_text(text)


@pytest.mark.parametrize("binding", SECTIONS)
def test_a_maf_of_one_binding(softhsm, tmp_path, binding):
    maf = Maf(softhsm, tmp_path / "maf")
    without(maf, *(s for b, s in SECTIONS.items() if b != binding))
    credential = maf.add_client("//sp.example.com/cse1/Ca")
    with maf:
        assert [p is not None for p in (maf.port, maf.coaps_port, maf.coaps_tcp_port)] == [b == binding for b in SECTIONS]
        client = Client(Token("softhsm", tmp_path / "token-c"), tmp_path / "home", credential["id"], maf, binding=binding)
        client.import_km(credential["kmid"], credential["km"])
        client.register()
        key = client.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", client.id)
        assert client.json("key", "retrieve", key["keyIdentifier"])["check"] == key["check"]


def test_none_is_refused(softhsm, tmp_path):
    maf = Maf(softhsm, tmp_path / "maf")
    without(maf, *SECTIONS.values())
    with pytest.raises(Failed, match="no address to listen on"):
        run([program("mafd"), "--dir", str(maf.dir), "-t"], env=softhsm.env())
