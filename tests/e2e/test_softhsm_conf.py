"""SoftHSM as provisioning/softhsm2.conf sets it up does all that a MAF and a client need."""
from harness.client import Client
from harness.maf import ADMIN, Maf
from harness.token import Token


def test_the_mechanisms_of_the_template_are_enough(tmp_path):
    with Maf(Token("softhsm", tmp_path / "token").only_what_is_needed(), tmp_path / "maf") as maf:
        clients = []
        for name in ("Csource", "Ctarget"):
            identity = f"//sp.example.com/cse1/{name}"
            credential = maf.add_client(identity)
            token = Token("softhsm", tmp_path / name).only_what_is_needed()
            clients.append(Client(token, tmp_path / f"home-{name}", identity, maf))
            clients[-1].import_km(credential["kmid"], credential["km"])
            clients[-1].register()
        source, target = clients
        for how in ([], ["--generate"]):
            key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target.id, *how)
            assert target.json("key", "retrieve", key["keyIdentifier"])["check"] == key["check"]
