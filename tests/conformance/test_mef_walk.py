"""MAF Client Registration with a remotely provisioned key (MEF-RP, MEF-FC-1, -2, and what MAF-CR and MAF-CU say of it)."""
import json

import pytest
from binding import CLIENT_REG, LATER, LATER_STILL, RETRIEVE, Device, HttpsGnutlsSession, fresh, timestamp
from harness.maf import ADMIN
from harness.mef import MEF_FQDN
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.walk import enrol

NAMES = iter(range(10 ** 6))


class Remote(Device):
    """A client of the MAF whose credential comes from the MEF."""

    def __init__(self, world, binding, identity):
        """With a binding by certificate that is what the MEF knows it by; the MAF knows a KeID in any case."""
        self.world, self.maf, self.admin, self.id = world, world.maf, ADMIN, identity
        self.binding = binding.session if world.by_certificate else binding
        self.at_mef = world.add_device(identity)
        self.session = None
        self.enrol()

    def enrol(self):
        self.close()
        self.credential = enrol(self.world.mef, self.at_mef)

    def use(self, kmid):
        """From now on with the KmID that was assigned."""
        self.close()
        self.credential = dict(self.credential, kmid=kmid)


@pytest.fixture
def remote(world, binding):
    made = []

    def make(identity=None):
        made.append(Remote(world, binding, identity or f"//in.provider.com/cse{next(NAMES)}/Cae{next(NAMES)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def refused(client):
    """Over TLS: in DTLS a handshake with a wrong key ends by the client's patience."""
    client.close()
    with pytest.raises(HandshakeFailed):
        OpensslPeer(client.maf, client.credential)
    return True


def test_MEF_FC_1_MEF_RP_1_MEF_RP_2_MAF_CR_1_MAF_CR_6_the_whole_walk(remote):
    d = remote()
    answer = d.register()
    a = answer.attributes
    assert answer.rsc == 2001 and a["cr"] == d.id and a["aski"].endswith("@maf.example.com")
    assert timestamp(3000) < a["et"] <= timestamp(3600)  # capped to the enrolment's life
    d.use(a["aski"])
    target = remote()
    target.use(target.register().attributes["aski"])
    key = d.own_key(target)
    assert target.retrieve(key).rsc == 2000
    assert d.send(RETRIEVE, f"-/{a['ri']}").attributes["aski"] == a["aski"]


def lasts(world, name):
    return world.maf.adm_json("client", "show", name)["expires"]


def test_MAF_CR_6_MAF_GEN_5_a_kmid_lasts_as_long_as_the_stakeholder_lets_it(remote, world):
    """TS-0003 10.7: what the MEF says is the most. The KeID ends with the KmID, or it would bring another; so does the registration,
    whatever is asked for later."""
    strict, lax = fresh("strict"), fresh("lax")
    d = remote()
    for name, seconds in ((strict, 600), (lax, 86400)):
        world.maf.adm("stakeholder", "add", name)
        world.maf.policy({"maxProvisionedLifetime": seconds}, name)
        world.maf.adm("stakeholder", "policy", name, "--permit", d.id)
    first = d.register(adfq=lax).attributes
    assert timestamp(3000) < lasts(world, first["aski"]) == first["et"] <= timestamp(3600)
    a = d.register(adfq=strict).attributes
    assert timestamp(500) < lasts(world, a["aski"]) == a["et"] <= timestamp(600)
    assert lasts(world, d.credential["kmid"]) == lasts(world, a["aski"])
    assert lasts(world, first["aski"]) == first["et"]
    # from here on Km ends then, also where more would be allowed
    d.connect()
    again = d.update(first["ri"], CLIENT_REG, {"et": LATER}).attributes
    assert again["et"] <= a["et"] and lasts(world, again.get("aski", first["aski"])) <= first["et"]
    d.use(a["aski"])
    assert d.update(a["ri"], CLIENT_REG, {"et": LATER_STILL}).attributes["et"] == a["et"]


def test_MAF_CU_1_MAF_GEN_5_renewal_is_bounded_too(remote, world):
    strict = fresh("strict")
    d = remote()
    world.maf.adm("stakeholder", "add", strict)
    world.maf.adm("stakeholder", "policy", strict, "--permit", d.id)
    reg = d.register(adfq=strict).attributes["ri"]
    world.maf.policy({"maxProvisionedLifetime": 600, "maxRegistrationLifetime": 300}, strict)
    d.enrol()
    a = d.update(reg, CLIENT_REG, {"et": LATER_STILL}).attributes
    assert timestamp(200) < a["et"] <= timestamp(300) and timestamp(500) < lasts(world, a["aski"]) <= timestamp(600)


def test_MEF_FC_1_first_contact_with_gnutls(remote, world):
    d = remote()
    d.session = HttpsGnutlsSession(world.maf, d.credential)
    assert d.register().rsc == 2001


def test_MAF_CR_7_no_second_kmid(remote, world):
    d = remote()
    d.use(d.register().attributes["aski"])
    name = fresh("other")
    world.maf.adm("stakeholder", "add", name)
    world.maf.adm("stakeholder", "policy", name, "--permit", d.id)
    answer = d.register(adfq=name)
    assert answer.rsc == 2001 and "aski" not in answer.attributes
    assert answer.attributes["et"] <= timestamp(3600)


def test_MEF_RP_2_a_relative_keid_alone_is_nobody(remote):
    d = remote()
    d.credential["kmid"] = d.credential["kmid"].split("@")[0]
    assert refused(d)


def test_MEF_FC_2_only_our_own_mefs_are_asked(remote):
    d = remote()
    d.credential["kmid"] = d.credential["kmid"].replace(MEF_FQDN, "other.example.com")
    assert refused(d)


def test_MEF_RP_3_a_keid_session_may_only_register(remote):
    d, target = remote(), remote()
    reg = d.register().attributes["ri"]
    assert d.register_key(target).rsc == 4103
    for answer in (d.retrieve("0" * 32), d.delete("0" * 32), d.update("0" * 32, 20003, {"lbl": ["x"]})):
        assert answer.rsc == 4103
    assert d.send(RETRIEVE, f"-/{reg}").rsc == 2000
    assert d.send(RETRIEVE, fc={"fu": 1}).pc["m2m:uril"] == [reg]


def test_MEF_RP_4_a_second_registration_is_a_duplicate(remote):
    d = remote()
    assert d.register().rsc == 2001
    assert d.register().rsc == 4117
    d.enrol()
    assert d.register().rsc == 4117


def test_MEF_RP_5_MAF_CU_1_MAF_CU_7_renewal(remote):
    d = remote()
    first = d.register().attributes
    d.use(first["aski"])
    assert d.send(RETRIEVE).rsc == 2000
    old = dict(d.credential)
    d.enrol()
    answer = d.update(first["ri"], CLIENT_REG, {"et": LATER_STILL})
    assert answer.rsc == 2004 and set(answer.attributes) == {"et", "aski"}
    new = answer.attributes["aski"]
    assert new != first["aski"] and answer.attributes["et"] <= timestamp(3600)
    # its response was lost: asked again, the same KmID
    assert d.update(first["ri"], CLIENT_REG, {"lbl": ["x"]}).attributes["aski"] == new
    # the old one is good until the new one is used
    renewed = dict(d.credential, kmid=new)
    d.close()
    d.credential = old
    assert d.send(RETRIEVE).rsc == 2000
    d.close()
    d.credential = renewed
    assert d.send(RETRIEVE).rsc == 2000
    d.credential = old
    assert refused(d)
    d.credential = renewed
    assert d.send(RETRIEVE, f"-/{first['ri']}").attributes["aski"] == new


def test_MEF_RP_5_only_the_owner_renews(remote):
    d, other = remote(), remote()
    reg = d.register().attributes["ri"]
    assert other.update(reg, CLIENT_REG, {"lbl": ["x"]}).rsc == 4103


def test_MEF_RP_6_a_mef_that_refuses_or_does_not_know(remote, world):
    d = remote()
    d.credential["kmid"] = f"{'0' * 30}{next(NAMES):02}@{MEF_FQDN}"
    assert refused(d)
    d = remote()
    world.mef.adm("enrolee", "forbid", d.id, "--target", "maf.example.com", "--suid", "21")
    assert refused(d)


def test_MEF_RP_6_wrong_km(remote):
    d = remote()
    d.credential["km"] = "00" * 32
    assert refused(d)


def test_MEF_RP_6_a_mef_vouches_for_its_own_only(world, remote):
    d = remote("//elsewhere.example.com/cse1/C" + str(next(NAMES)))
    assert refused(d)
    assert "does not vouch for" in world.maf.log()


def test_MEF_RP_7_deleting_one_deletes_both(remote, world):
    d = remote()
    keid = dict(d.credential)
    d.use(d.register().attributes["aski"])
    kmid = dict(d.credential)
    assert d.send(RETRIEVE).rsc == 2000
    world.maf.adm("client", "revoke", kmid["kmid"])
    for d.credential in (keid, kmid):
        assert refused(d)
    d.enrol()  # and a new one is a new one
    assert d.send(RETRIEVE).rsc == 2000


def test_MEF_RP_7_MAF_CD_3_deregistration_deletes_both(remote):
    d = remote()
    keid = dict(d.credential)
    a = d.register().attributes
    d.use(a["aski"])
    assert d.delete(a["ri"]).rsc == 2002
    d.close()
    kmid = dict(d.credential)
    for d.credential in (keid, kmid):
        assert refused(d)


def test_MEF_RP_8_a_key_that_the_client_registered(remote, world):
    d = remote()
    with OpensslPeer(world.mef, d.at_mef) as peer:
        def post(ty, member, attributes):
            return peer.request(http("POST", "/-", d.id, json.dumps({member: attributes}).encode(), ty, host=MEF_FQDN))
        assert post(20005, "sec:mefcr", {"et": LATER, "adfq": ADMIN}).rsc == 2001
        keys = {}
        for suid, target in ((21, "maf.example.com"), (22, "//in.provider.com/cse1")):
            answer = post(20003, "sec:skr", {"et": LATER, "adfq": ADMIN, "suid": suid, "tgis": [target],
                                             "kyv": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})
            keys[suid] = answer.json()["sec:skr"]["rn"]
        answer = post(20003, "sec:skr", {"et": LATER, "adfq": ADMIN, "suid": 21, "tgis": ["maf.example.com"]})
        assert answer.rsc == 2001
        exported = peer.exported
    d.credential = {"kmid": f"{keys[21]}@{MEF_FQDN}", "km": bytes(range(32)).hex()}
    assert d.register().rsc == 2001
    d.credential = {"kmid": f"{exported[:16].hex()}@{MEF_FQDN}", "km": exported[16:].hex()}
    d.close()
    assert d.send(RETRIEVE).rsc == 2000
    d.credential = {"kmid": f"{keys[22]}@{MEF_FQDN}", "km": bytes(range(32)).hex()}
    assert refused(d)  # not for this MAF


def test_MAF_HS_6_a_keid_that_nobody_knows_fails_as_any(remote, world):
    d = remote()
    outputs = set()
    for kmid in ("unknown@maf.example.com", f"unknown@{MEF_FQDN}", "unknown@other.example.com"):
        with pytest.raises(HandshakeFailed) as e:
            OpensslPeer(world.maf, dict(d.credential, kmid=kmid))
        outputs.add([line for line in e.value.output.splitlines() if "alert" in line][-1].split("alert")[-1].split(":")[0])
    assert len(outputs) == 1
