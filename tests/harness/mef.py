"""A MEF for tests: its directory, mefadm, and mefd as a child process."""
import hashlib
import hmac
import json

from .maf import ADMIN, Maf

MEF_FQDN = "mef.example.com"


class Mef(Maf):
    daemon, command, section, default_fqdn = "mefd", "mefadm", "mef", MEF_FQDN
    label = "EXPORTER-oneM2M-Bootstrap"

    def allow(self, enrolee, target, suid=21, **options):
        args = ["enrolee", "allow", enrolee, "--target", target, "--suid", str(suid)]
        for name, value in options.items():
            args += ["--" + name, value]
        self.adm(*args)

    def queue(self, identity, description, admin=ADMIN):
        """Queues a command and returns its cmdID."""
        path = self.dir.parent / "command.json"
        path.write_text(json.dumps(description))
        return int(json.loads(self.adm("command", "add", "--id", identity, "--stakeholder", admin, "--file", str(path)))["cmdID"])


def usage_key(ke, suid, target):
    """TS-0003 10.3.7, computed by none of our code."""
    label = b"oneM2M Enrolment Key to Usage-Constrained Symmetric Key derivation"
    return hmac.new(ke, label + str(suid).encode() + target.encode(), hashlib.sha256).digest()
