"""A MEF's clients for the conformance suite: devices of binding.py with the MEF's names, and the Enrolment Targets."""
import base64

from binding import MEF_CLIENT_CMD, MEF_CLIENT_REG, RETRIEVE, Device, fresh
from harness.mef import MEF_FQDN


class MefDevice(Device):
    """Its credential is a KpmID with Kpm."""
    client_reg = MEF_CLIENT_REG

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
