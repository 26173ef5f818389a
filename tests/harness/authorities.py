"""Certificates for tests: authorities and whom they certify, made with the command openssl; good, or with anything wrong."""
import itertools
import pathlib
import subprocess

from .build import program
from .maf import ADMIN, run

_serial = itertools.count(1)
GOOD = {"basicConstraints": "critical,CA:FALSE", "keyUsage": "critical,digitalSignature",
        "subjectKeyIdentifier": "hash", "authorityKeyIdentifier": "keyid"}


def openssl(*args, input=None):
    return run(["openssl", *map(str, args)], input=input)


def config(path, extensions):
    path.write_text("[x]\n" + "".join(f"{k} = {v}\n" for k, v in extensions.items() if v))
    return path


class Certificate:
    """key: the file of a private key, None when that is in a token; chain: what is sent beside it."""

    def __init__(self, path, key, chain=()):
        self.path, self.key, self.chain = path, key, list(chain)

    @property
    def sent(self):
        """All that is sent, in one file."""
        path = self.path.with_suffix(".sent.pem")
        path.write_text(self.path.read_text() + "".join(c.path.read_text() for c in self.chain))
        return path

    def fingerprint(self):
        """SHA-256 of the SubjectPublicKeyInfo, hexadecimal."""
        der = subprocess.run(["openssl", "x509", "-in", str(self.path), "-noout", "-pubkey"], capture_output=True, check=True)
        spki = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der.stdout, capture_output=True, check=True)
        digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=spki.stdout, capture_output=True, check=True)
        return digest.stdout.decode().split()[0]


class Authority:
    """A CA with its key in a file. constraints: its nameConstraints; issuer: None makes a root."""

    def __init__(self, directory, name, constraints=None, issuer=None, curve="P-256", extensions=(), digest="sha256", days=30):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.key = self.new_key(name, curve)
        own = {"basicConstraints": "critical,CA:TRUE", "keyUsage": "critical,keyCertSign,cRLSign",
               "subjectKeyIdentifier": "hash", "nameConstraints": constraints, **dict(extensions)}
        if issuer is None:
            path = self.dir / f"{name}.pem"
            openssl("req", "-x509", "-new", "-key", self.key, "-subj", f"/CN={name}", "-days", days, "-" + digest, "-out", path,
                    "-config", config(self.dir / f"{name}.cnf", own), "-extensions", "x", input="")
            self.certificate = Certificate(path, self.key)
        else:
            self.certificate = issuer.issue(name, key=self.key, days=days, digest=digest,
                                            extensions={**own, "authorityKeyIdentifier": "keyid"})
        self.issuer = issuer
        self.requests = {}

    def new_key(self, name, curve="P-256", encoding="named_curve", form="uncompressed"):
        path = self.dir / f"{name}.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt",
                f"ec_param_enc:{encoding}", "-out", path)
        if form != "uncompressed":
            openssl("ec", "-in", path, "-conv_form", form, "-out", path)
        return path

    @property
    def path(self):
        return self.certificate.path

    def chain(self):
        """What stands between a certificate of this authority and the root."""
        return [] if self.issuer is None else [self.certificate, *self.issuer.chain()]

    def issue(self, cn, san=None, key=None, public=None, extensions=(), days=7, not_before=None, not_after=None,
              digest="sha256", rsa=False):
        """key: a file; public: the public half of a key that is elsewhere; neither: a new key."""
        number = next(_serial)
        stem = self.dir / f"issued-{number}"
        if public is None and key is None:
            if rsa:
                key = stem.with_suffix(".key")
                openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
            else:
                key = self.new_key(stem.name)
        if public is None:
            public = stem.with_suffix(".pub")
            openssl("pkey", "-in", key, "-pubout", "-out", public)
        what = dict(GOOD)
        what.update(dict(extensions))
        if san:
            what["subjectAltName"] = san
        path = stem.with_suffix(".pem")
        # The request is only a vehicle for the subject: its key is replaced by the one that is certified.
        request = self.requests.setdefault(cn, stem.with_suffix(".csr"))
        if not request.exists():
            openssl("req", "-new", "-key", self.key, "-subj", "/CN=" + cn.replace("/", "\\/"), "-out", request, "-config",
                    config(stem.with_suffix(".req.cnf"), {}), input="")
        if not_before or not_after:
            self._issue_at(stem, cn, key, what, not_before, not_after, digest, path)
        else:
            openssl("x509", "-req", "-in", request, "-force_pubkey", public, "-CA", self.path, "-CAkey", self.key,
                    "-set_serial", number + 1000, "-days", days, "-" + digest, "-extfile",
                    config(stem.with_suffix(".cnf"), what), "-extensions", "x", "-out", path)
        return Certificate(path, key, self.chain())

    def _issue_at(self, stem, cn, key, what, not_before, not_after, digest, path):
        """With times of one's own, which `openssl x509` cannot give: `openssl ca` on a certificate that the key signed itself."""
        draft = stem.with_suffix(".draft.pem")
        openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=" + cn.replace("/", "\\/"), "-days", 1, "-out", draft, "-config",
                config(stem.with_suffix(".req.cnf"), {}), input="")
        base = stem.with_suffix(".ca")
        base.mkdir()
        (base / "index.txt").write_text("")
        (base / "serial").write_text(f"{next(_serial) + 1000:06X}\n")
        conf = base / "ca.cnf"
        conf.write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {base}/index.txt\nserial = {base}/serial\nnew_certs_dir = {base}\n"
                        f"default_md = {digest}\npolicy = p\nunique_subject = no\nemail_in_dn = no\n[p]\ncommonName = supplied\n"
                        "[x]\n" + "".join(f"{k} = {v}\n" for k, v in what.items() if v))
        openssl("ca", "-batch", "-config", conf, "-ss_cert", draft, "-keyfile", self.key, "-cert", self.path, "-extensions", "x",
                "-startdate", not_before or "20200101000000Z", "-enddate", not_after or "20991231235959Z", "-out", path, "-notext")

    def crl(self, path, revoked=(), last_update=None, next_update=None, others=0):
        """A CRL with these certificates, PEM, and so many that nobody has seen."""
        base = self.dir / f"{self.name}-crl-{next(_serial)}"
        base.mkdir()
        lines = []
        for one in revoked:
            serial = openssl("x509", "-in", one.path, "-noout", "-serial").strip().split("=")[1]
            lines.append(f"R\t491231235959Z\t240101000000Z\t{serial}\tunknown\t/CN=x\n")
        lines += [f"R\t491231235959Z\t240101000000Z\t7F{n:014X}\tunknown\t/CN=x\n" for n in range(others)]
        (base / "index.txt").write_text("".join(lines))
        (base / "crlnumber").write_text("01\n")
        conf = base / "ca.cnf"
        conf.write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {base}/index.txt\ncrlnumber = {base}/crlnumber\n"
                        "default_md = sha256\ncrl_extensions = x\n[x]\nauthorityKeyIdentifier = keyid\n")
        times = ["-crldays", "7"] if next_update is None else ["-crl_lastupdate", last_update, "-crl_nextupdate", next_update]
        openssl("ca", "-gencrl", "-config", conf, "-keyfile", self.key, "-cert", self.path, *times, "-out", path)
        return pathlib.Path(path)


class Certified:
    """A MAF's certificates: an authority for itself and one for its clients; gives mafd.conf what it needs."""

    def __init__(self, maf, directory):
        self.maf, self.dir = maf, pathlib.Path(directory)
        self.authority = Authority(self.dir / "maf-ca", "MAF CA", constraints="critical,permitted;DNS:example.com,permitted;DNS:localhost")
        self.clients = Authority(self.dir / "client-ca", "Client CA",
                                 constraints="critical,permitted;URI:.example.com,permitted;URI:sp.example.com,permitted;URI:in.provider.com,"
                                             "permitted;DNS:example.com")
        self.nodes = Authority(self.dir / "node-ca", "Node CA")
        self.key = self.clients.new_key("shared")
        self.public = self.dir / "shared.pub"
        openssl("pkey", "-in", self.key, "-pubout", "-out", self.public)
        self.own = self.serve("certificate", "maf", [maf.fqdn, "localhost"])

    def serve(self, section, key, names, key_is="{}"):
        """A certificate for a key of the MAF's token, and the section of mafd.conf that names it: key_is says how."""
        public = self.dir / f"{key}.pub"
        public.write_text(run([program("test-signer"), self.maf.token.uri, self.maf.token.pin_source, key], env=self.maf.token.env()))
        made = self.authority.issue(names[0], ",".join(f"DNS:{n}" for n in names), public=public)
        self.maf.configure(section, "key", key_is.format(key))
        self.maf.configure(section, "chain", str(made.sent))
        return made

    def add(self, flavour, name, ids, anchor=None, fingerprint=None, admin=ADMIN, **options):
        """The MAF learns of a client; returns how it names it."""
        args = ["client", "add", "--flavour", flavour, "--stakeholder", admin]
        for identity in ids:
            args += ["--id", identity]
        if name:
            args += ["--name", name]
        for one in anchor or [self.authority_of(flavour)]:
            args += ["--cert-anchor", str(one.path)]
        if fingerprint:
            args += ["--cert-fingerprint", fingerprint]
        for key, value in options.items():
            args += ["--" + key, value]
        import json
        return json.loads(self.maf.adm(*args))["certificate"]

    def authority_of(self, flavour):
        return self.clients if flavour in ("ae", "cse", "fqdn") else self.nodes

    def client(self, flavour, identity, name, san, **options):
        """A client with a certificate, known to the MAF: what peers take as its credential. All have one key, which saves the
        making of many."""
        made = self.authority_of(flavour).issue("client", san, key=self.key, public=self.public,
                                                extensions={"extendedKeyUsage": "clientAuth"})
        name = self.add(flavour, name, [identity], **options)
        return {"certificate": made, "name": name, "id": identity, "anchors": str(self.authority.path)}

    def ae(self, identity, **options):
        return self.client("ae", identity, None, f"URI:m2m:{identity}", **options)

    def fqdn(self, identity, **options):
        """A MAF, as client of a MEF."""
        return self.client("fqdn", identity, None, f"DNS:{identity}", **options)

    def of(self, identity, **options):
        return (self.ae if identity.startswith("//") else self.fqdn)(identity, **options)
