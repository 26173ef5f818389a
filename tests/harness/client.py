"""The command `maf` with a home and a token of its own."""
import json
import pathlib

from .build import program
from .maf import ADMIN, run


class Client:
    def __init__(self, token, home, identity, maf=None, fqdn=None, https=None, custody=None):
        self.token, self.home, self.id = token, pathlib.Path(home), identity
        args = ["init", "--id", identity, "--maf", fqdn or maf.fqdn, "--https", https or f"127.0.0.1:{maf.port}",
                *token.options()]
        if custody:
            args += ["--custody", custody]
        self.maf(*args)

    def maf(self, *args, input=None):
        return run([program("maf"), "--home", str(self.home), *args], env=self.token.env(), input=input)

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
