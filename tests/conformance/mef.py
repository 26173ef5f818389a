"""A MEF's clients for the conformance suite: devices of binding.py with the MEF's names, and the Enrolment Targets."""
import base64
import itertools

from binding import MEF_CLIENT_CMD, MEF_CLIENT_REG, RETRIEVE, Device, fresh
from harness.mef import MEF_FQDN


_number = itertools.count(1)

# Certificates other than an AE's own: whose, how the MEF is told its name, and the subjectAltName.
FLAVOURS = {
    "cse": lambda n: (f"//sp.example.com/fcse{n}", f"fcse{n}.sp.example.com", f"DNS:fcse{n}.sp.example.com"),
    "node": lambda n: (f"//sp.example.com/fcse{n}/Cnode", f"urn:gsma:imei:90420156-{n:06}-0", f"URI:urn:gsma:imei:90420156-{n:06}-0"),
    "device": lambda n: (f"//sp.example.com/fcse{n}/Curn", f"urn:dev:mac:{n:016x}", f"URI:urn:dev:mac:{n:016x}"),
    "device-oid": lambda n: (f"//sp.example.com/fcse{n}/Coid", f"0.2.481.1:100.3030.{n}", f"otherName:0.2.481.1;UTF8:100.3030.{n}"),
}


class MefDevice(Device):
    """Its credential is a KpmID with Kpm, or the certificate of an AE or a MAF."""
    client_reg = MEF_CLIENT_REG

    def __init__(self, mef, binding, flavour=None, **options):
        if flavour is not None:
            options["identity"], name, san = FLAVOURS[flavour](next(_number))
        super().__init__(mef, binding, **options)
        if flavour is not None:
            self.credential = mef.certified.client(flavour.split("-")[0], self.id, name, san)

    @property
    def credential_name(self):
        """What mefadm calls it."""
        return self.credential["kmid" if "kmid" in self.credential else "name"]

    @property
    def keid(self):
        """What this session's handshake made."""
        return f"{self.session.exported[:16].hex().upper()}@{MEF_FQDN}"

    @property
    def ke(self):
        return self.session.exported[16:]

    def fetch(self, keid, suid=21, prefix="", **p):
        return self.send(RETRIEVE, f"{prefix}fetchCredentials/{keid}/{suid}", **p)

    def command(self, registration, **p):
        return self.send(RETRIEVE, f"-/{registration}/cmd", **p)

    def report(self, registration, cmid, cmsc, **p):
        return self.update(f"{registration}/cmd", MEF_CLIENT_CMD, {"cmid": cmid, "cmsc": cmsc}, **p)


def maf_client(make):
    """A MAF as client of the MEF: it goes by its FQDN."""
    return make(identity=fresh("maf"))


def credential_of(answer):
    assert answer.rsc == 2000, answer
    assert answer.pc["status"] is True and set(answer.pc) == {"status", "credential", "enroleeID", "lifetime"}
    return base64.b64decode(answer.pc["credential"], validate=True)


def refused(answer, rsc):
    """A fetch that failed, with the payload that it has then."""
    assert answer.rsc == rsc, answer
    assert answer.pc["status"] is False and set(answer.pc) == {"status", "errorString"} and answer.pc["errorString"]
    return True
