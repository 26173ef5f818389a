"""The command `maf` with a home and a token of its own."""
import json
import pathlib

from .build import program
from .maf import ADMIN, run

BINDINGS = ("https", "wss", "coaps", "coaps-tcp")


def address_of(server, binding):
    port = {"coaps": server.coaps_port, "coaps-tcp": server.coaps_tcp_port}.get(binding, server.port)
    return f"127.0.0.1:{port}"


class Client:
    """binding: the option of `maf init` that gives the MAF's address; address: another one than that of `maf`; mef: a second server, by the same binding."""

    def __init__(self, token, home, identity, maf=None, fqdn=None, address=None, custody=None, binding="https",
                 format=None, tls_max=None, mef=None):
        self.token, self.home, self.id, self.binding = token, pathlib.Path(home), identity, binding
        address = address or address_of(maf, binding)
        args = ["init", "--id", identity, "--maf", fqdn or maf.fqdn, "--" + binding, address, *token.options()]
        if custody:
            args += ["--custody", custody]
        if format:
            args += ["--format", format]
        if tls_max:
            args += ["--tls-max", tls_max]
        if mef:
            args += ["--mef", mef.fqdn, "--mef-" + binding, address_of(mef, binding)]
        self.maf(*args)

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

    def register(self, admin=ADMIN, **_):
        return self.json("register", "--stakeholder", admin)
