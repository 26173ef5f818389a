"""EST clients that we did not write: requests by `openssl req`, sent over `openssl s_client`, which shows the Finished that
tls-unique is, over Python's ssl, or by curl."""
import base64
import pathlib
import re
import select
import socket
import ssl
import subprocess
import threading

from .authorities import Certificate
from .client import Client
from .maf import ADMIN, run, wait_for
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


class Device(Client):
    """The command `maf` with a MEF; without `maf`, what it is told of a MAF nobody asks."""

    def __init__(self, token, home, identity, mef, address=None, maf="127.0.0.1:9"):
        self.token, self.home, self.id, self.mef = token, pathlib.Path(home), identity, mef
        self.maf("init", "--id", identity, "--maf", "maf.example.com", "--https", maf, "--mef", MEF_FQDN,
                 "--mef-https", address or f"127.0.0.1:{mef.port}", *token.options())

    def enrol(self, *options):
        return self.json("credential", "enrol", "--flavour", "ae", *options)

    def certificates(self):
        return [c for c in self.json("credential", "list") if c["kind"] == "certificate" and c["imported"]]


class Relay:
    """Passes octets between a client and a MEF, and cuts the client off, instead of handing on what the MEF sends, as soon as cut()
    says so."""

    def __init__(self, port, cut):
        self.port, self.cut, self.listener = port, cut, socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self.port)) as server:
                while self._pass(client, server):
                    pass

    def _pass(self, client, server):
        for ready in select.select([client, server], [], [])[0]:
            octets = ready.recv(65536)
            if not octets or (ready is server and self.cut()):
                return False
            (server if ready is client else client).sendall(octets)
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=30)


class Liar:
    """A MEF that answers what it is told to: `openssl s_server` with the client's Kpm. answers: one function of the request each."""

    def __init__(self, kpmid, kpm):
        self.credential = ["-psk_identity", kpmid, "-psk", kpm]

    def serve(self, answers):
        """For one session. Returns the address."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_2", "-nocert", "-quiet", "-naccept", "1", "-cipher",
             "PSK-AES128-CBC-SHA256:@SECLEVEL=0", *self.credential], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0)
        wait_for(lambda: self._listens(port), "openssl s_server does not listen")
        self.thread = threading.Thread(target=self._answer, args=(answers,), daemon=True)
        self.thread.start()
        return f"127.0.0.1:{port}"

    @staticmethod
    def _listens(port):
        """Without connecting, which would be the one session."""
        wanted = f"0100007F:{port:04X} 00000000:0000 0A"
        return wanted in pathlib.Path("/proc/net/tcp").read_text()

    def _answer(self, answers):
        out = self.process.stdout
        for answer in answers:
            octets = b""
            while b"\r\n\r\n" not in octets:
                more = out.read(65536)
                if not more:
                    return
                octets += more
            head, _, body = octets.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            while length and len(body) < int(length.group(1)):
                body += out.read(65536)
            try:
                self.process.stdin.write(answer(body))
            except BrokenPipeError:
                return

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=30)
        self.thread.join(timeout=30)
        self.process.stdin.close()
        self.process.stdout.close()


def reply(content_type, octets, status="200 OK", headers=""):
    """An answer with this in base64."""
    text = base64.b64encode(octets) if content_type != "text/plain" else octets
    return (f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{headers}Content-Length: {len(text)}\r\n\r\n").encode() + text


def certs_only(*paths):
    """These certificates as PKCS#7 in DER, by openssl."""
    args = [w for p in paths for w in ("-certfile", str(p))]
    return subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-outform", "DER", *args], capture_output=True, check=True).stdout
