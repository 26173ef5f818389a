"""The command `maf` with a home and a token of its own."""
import json
import pathlib
import re

from .build import program
from .maf import ADMIN, run

BINDINGS = ("https", "wss", "coaps", "coaps-tcp")


def address_of(server, binding):
    ports = {"coaps": server.coaps_port, "coaps-tcp": server.coaps_tcp_port}
    return f"127.0.0.1:{ports.get(binding, server.port)}"


class Client:
    """binding: the option of `maf init` that gives the MAF's address; address: another one than that of `maf`. The same for
    the MEF, if there is one, by the same binding unless told otherwise."""

    def __init__(self, token, home, identity, maf=None, fqdn=None, address=None, custody=None, binding="https",
                 format=None, tls_max=None, mef=None, mef_binding=None, mef_address=None, expiry=None):
        self.token, self.home, self.id, self.binding = token, pathlib.Path(home), identity, binding
        if address is None:
            address = address_of(maf, binding)
        args = ["init", "--id", identity, "--maf", fqdn or maf.fqdn, "--" + binding, address, *token.options()]
        if custody:
            args += ["--custody", custody]
        if format:
            args += ["--format", format]
        if tls_max:
            args += ["--tls-max", tls_max]
        if mef:
            args += ["--mef", mef.fqdn, "--mef-" + (mef_binding or binding), mef_address or address_of(mef, mef_binding or binding)]
        if expiry:
            args += ["--enrolment-expiry", expiry]
        self.maf(*args)

    def configure(self, section, key, value):
        """Sets one key that maf.conf has."""
        path = self.home / "maf.conf"
        head, rest = path.read_text().split(f"[{section}]\n")
        path.write_text(f"{head}[{section}]\n" + re.sub(rf"(?m)^#? *{key} = .*$", f"{key} = {value}", rest, count=1))

    def command(self):
        return [program("maf"), "--home", str(self.home)]

    def maf(self, *args, input=None):
        return run([*self.command(), *args], env=self.token.env(), input=input)

    def json(self, *args):
        return json.loads(self.maf(*args, "--json"))

    def import_km(self, kmid, km_hex):
        path = self.home.parent / (self.home.name + ".km")
        path.touch(mode=0o600)
        path.write_text(km_hex + "\n")
        try:
            self.maf("credential", "import", "--kmid", kmid, "--km-file", str(path))
        finally:
            path.unlink()

    def enrol(self, *options, admin=ADMIN):
        return self.json("enrol", "--stakeholder", admin, *options)

    def register(self, admin=ADMIN, **_):
        return self.json("register", "--stakeholder", admin)
