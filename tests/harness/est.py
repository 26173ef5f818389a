"""EST clients that we did not write: requests by `openssl req`, sent over `openssl s_client`, which shows the Finished that
tls-unique is, over Python's ssl, or by curl."""
import base64
import pathlib
import re
import socket
import ssl
import subprocess

from .authorities import Certificate
from .maf import ADMIN, run
from .mef import MEF_FQDN, Mef
from .peers import OpensslPeer, Response

SP = "sp.example.com"
WELL_KNOWN = "/.well-known/est/"


class EstMef(Mef):
    """A MEF with authorities, a certificate of its own, and EST."""

    def __init__(self, *args, aliases="localhost", **kwargs):
        super().__init__(*args, **kwargs)
        if aliases:
            self.configure("mef", "aliases", aliases)
        self.adm("ca", "init", "--domain", SP)
        self.adm("cert", "issue", "--flavour", "fqdn", "--key", "mef", "--out", str(self.dir / "own.pem"))
        for section, key, value in (("certificate", "key", "mef"), ("certificate", "chain", "token:mef"), ("est", "enabled", "yes")):
            self.configure(section, key, value)

    def serve_localhost(self):
        """A certificate for the alias, for clients that look names up."""
        self.adm("cert", "issue", "--flavour", "fqdn", "--name", "localhost", "--key", "local")
        self.configure("certificate2", "key", "local")
        self.configure("certificate2", "chain", "token:local")
        return self

    @property
    def anchor(self):
        return self.dir / "ca" / "maf.pem"

    def enrolee(self, identity, flavour="ae", **options):
        """An Enrolee with a Kpm that may have a certificate."""
        device = self.add_client(identity)
        extra = [w for o, v in options.items() for w in ("--" + o, v)]
        self.adm("cert", "allow", identity, "--flavour", flavour, "--stakeholder", ADMIN, *extra)
        return device


def key(path, curve="P-256"):
    run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt", "ec_param_enc:named_curve",
         "-out", str(path)])
    return pathlib.Path(path)


def request(private, subject, san, challenge=None, digest="sha256", more=""):
    """PKCS#10 in DER."""
    lines = ["[req]", "prompt = no", "distinguished_name = dn", "string_mask = utf8only"]
    lines += ["req_extensions = ext"] if san or more else []
    lines += ["attributes = attr"] if challenge else []
    lines += ["[dn]", f"CN = {subject}", "[ext]"] + ([f"subjectAltName = {san}"] if san else []) + [more, "[attr]"]
    lines += [f"challengePassword = {challenge}"] if challenge else []
    config = private.with_suffix(".cnf")
    config.write_text("\n".join(lines) + "\n")
    made = subprocess.run(["openssl", "req", "-new", "-key", str(private), "-" + digest, "-outform", "DER", "-config", str(config)],
                          capture_output=True, check=True)
    return made.stdout


def message(method, path, body=None, content_type="application/pkcs10", host=MEF_FQDN, headers=()):
    """The octets of one request of EST; body is DER."""
    lines = [f"{method} {WELL_KNOWN}{path} HTTP/1.1", f"Host: {host}", *headers]
    text = b""
    if body is not None:
        text = base64.encodebytes(body)
        lines += [f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64", f"Content-Length: {len(text)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def certificates(answer, folder):
    """What is in an answer, read by `openssl pkcs7`: paths of PEM files."""
    der = base64.b64decode(answer.body, validate=False)
    said = subprocess.run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=der, capture_output=True, check=True)
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", said.stdout.decode(), re.S)
    paths = []
    for block in blocks:
        path = folder / f"got-{len(list(folder.glob('got-*')))}.pem"
        path.write_text(block)
        paths.append(path)
    return paths


def serial(path):
    return run(["openssl", "x509", "-in", str(path), "-noout", "-serial"]).strip().split("=")[1].lower()


class KpmPeer(OpensslPeer):
    """`openssl s_client` with a Kpm (or a certificate)."""

    def __init__(self, mef, credential, folder, **kwargs):
        path = folder / f"msg-{len(list(folder.glob('msg-*')))}"
        super().__init__(mef, credential, extra=["-msg", "-msgfile", str(path)], **kwargs)
        sent = re.findall(r">>> TLS 1\.2, Handshake \[length 0010\], Finished\n((?: +(?:[0-9a-f]{2} ?)+\n)+)", path.read_text())
        octets = bytes.fromhex("".join(sent[0].split())) if sent else b""
        self.unique = base64.b64encode(octets[4:]).decode()

    def est(self, *args, **kwargs):
        return self.request(message(*args, **kwargs))


class PythonPeer:
    """Python's ssl with a client certificate."""

    def __init__(self, mef, certificate, sni=MEF_FQDN):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
        context.load_verify_locations(str(mef.anchor))
        context.load_cert_chain(str(certificate.path), str(certificate.key))
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", mef.port), timeout=30), server_hostname=sni)
        self.unique = base64.b64encode(self.socket.get_channel_binding("tls-unique")).decode()

    def est(self, *args, **kwargs):
        self.socket.sendall(message(*args, **kwargs))
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += self._more()
        length = int(re.search(rb"(?i)content-length: *(\d+)", raw).group(1))
        while len(raw) < raw.index(b"\r\n\r\n") + 4 + length:
            raw += self._more()
        return Response(raw)

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise EOFError
        return more

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def holder(path, private):
    return Certificate(pathlib.Path(path), pathlib.Path(private))
