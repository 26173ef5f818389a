"""The walk of remote provisioning with a device that we did not write: MEF, MAF, and what the device computes itself."""
import json
import pathlib

from .authorities import Certified
from .maf import ADMIN, Maf
from .mef import MEF_FQDN, Mef, usage_key
from .peers import OpensslPeer, http
from .token import Token

MAF_FQDN = "maf.example.com"
DEVICE = "//in.provider.com/cse1/Cae7"
VOUCHES = "//in.provider.com/..."
LATER = "20991231T235959"


def introduce(maf, mef, address=None, vouches=VOUCHES, credential=None):
    """The MAF becomes a client of the MEF, unless it is one, and is told to ask it; returns its credential there."""
    credential = credential or mef.add_client(maf.fqdn)
    path = pathlib.Path(maf.dir).parent / "kpm"
    path.touch(mode=0o600)
    path.write_text(credential["km"] + "\n")
    _ask(maf, mef, address, vouches, "--kmid", credential["kmid"], "--km-file", str(path))
    path.unlink()
    return credential


def introduce_by_certificate(maf, mef, address=None, vouches=VOUCHES):
    """The same where both have certificates (authorities.py)."""
    mef.certified.add("fqdn", None, [maf.fqdn], anchor=[maf.certified.authority.certificate])
    _ask(maf, mef, address, vouches, "--cert-anchor", str(mef.certified.authority.path))
    return {"id": maf.fqdn, "name": f"fqdn-{maf.fqdn}"}


def _ask(maf, mef, address, vouches, *how):
    maf.adm("mef", "add", mef.fqdn, "--https", address or f"127.0.0.1:{mef.port}", "--permit", vouches, *how)


def enrol(mef, device):
    """One session at the MEF: what the device then goes to the MAF with."""
    with OpensslPeer(mef, device) as peer:
        return first_contact(peer.exported, device["id"])


def first_contact(exported, identity):
    return {"id": identity, "kmid": f"{exported[:16].hex().upper()}@{MEF_FQDN}",
            "km": usage_key(exported[16:], 21, MAF_FQDN).hex()}


def register(peer, identity, admin=ADMIN):
    body = json.dumps({"sec:mafcr": {"et": LATER, "adfq": admin}}).encode()
    return peer.request(http("POST", "/-", identity, body, 20002))


class World:
    """A running MAF and MEF that know each other, and a device that may enrol."""

    def __init__(self, directory, kind="softhsm", workers=1, lifetime="1h", by_certificate=False, maf_settings=(),
                 mef_settings=(), **options):
        self.directory = directory = pathlib.Path(directory)
        self.lifetime, self.by_certificate = lifetime, by_certificate
        self.mef = Mef(Token(kind, directory / "mef-token"), directory / "mef", settings=mef_settings, **options)
        self.maf = Maf(Token(kind, directory / "maf-token"), directory / "maf", workers=workers, settings=maf_settings, **options)
        if by_certificate:
            self.certify(directory)
        self.mef.start()
        try:
            self.maf.start()
            self.maf_at_mef = (introduce_by_certificate if by_certificate else introduce)(self.maf, self.mef)
            self.device = self.add_device(DEVICE)
        except BaseException:
            self.__exit__()
            raise

    def certify(self, directory):
        """Certificates of both, and the CRL by which the MAF judges the MEF's."""
        self.mef.certified, self.maf.certified = Certified(self.mef, directory / "mef-pki"), Certified(self.maf, directory / "maf-pki")
        self.crl = directory / "mef.crl.pem"
        self.mef.certified.authority.crl(self.crl)
        self.maf.configure("maf", "mef-crls", str(self.crl))

    def add_device(self, identity):
        """Known to the MEF as the MAF is: by a KpmID, or by a certificate."""
        device = self.mef.certified.ae(identity) if self.by_certificate else self.mef.add_client(identity)
        self.mef.allow(identity, MAF_FQDN, lifetime=self.lifetime)
        self.maf.adm("stakeholder", "policy", ADMIN, "--permit", identity)
        return device

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.maf.stop()
        self.mef.stop()
