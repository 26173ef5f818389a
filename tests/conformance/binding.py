"""How the conformance suite talks to a MAF: whole primitives in, whole primitives out, over one binding.

A binding is a callable (maf, credential) -> session, and a session has request(primitive) -> answer, .exported (48 octets
of the peer's own exporter) and close(). A new binding is one class, and one entry in BINDINGS for each serialization."""
import base64
import functools
import itertools
import json
import time
import urllib.parse

import cbor2
from harness import coap
from harness.maf import ADMIN, FQDN  # noqa: F401: FQDN for the tests
from harness.peers import GnutlsPeer, OpensslPeer, http
from harness.websocket import WebSocket

CREATE, RETRIEVE, UPDATE, DELETE = 1, 2, 3, 4
MAF_BASE, CLIENT_REG, KEY_REG = 20001, 20002, 20003
MEF_BASE, MEF_CLIENT_REG, MEF_CLIENT_CMD = 20004, 20005, 20006
MEMBER = {CLIENT_REG: "sec:mafcr", KEY_REG: "sec:skr", MAF_BASE: "sec:mafb",
          MEF_BASE: "sec:mefb", MEF_CLIENT_REG: "sec:mefcr", MEF_CLIENT_CMD: "sec:mefcc"}


def timestamp(seconds_from_now):
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(time.time() + seconds_from_now))


# Within what the default policy grants (ten years).
LATER, LATER_STILL = timestamp(300 * 86400), timestamp(400 * 86400)


class Answer:
    def __init__(self, rsc, pc, rqi, rvi):
        self.rsc, self.pc, self.rqi, self.rvi = rsc, pc, rqi, rvi

    @property
    def attributes(self):
        return next(iter(self.pc.values()))

    @property
    def reason(self):
        return (self.pc or {}).get("m2m:dbg", "")

    def __repr__(self):
        return f"<{self.rsc} {self.pc}>"


class Json:
    media_type = "application/json"
    content_format = 50
    subprotocol = "oneM2M.json"

    @staticmethod
    def octets(tree):
        return json.dumps(tree).encode()

    @staticmethod
    def message(tree):
        return json.dumps(tree)

    tree = staticmethod(json.loads)


class Cbor:
    media_type = "application/cbor"
    content_format = 60
    subprotocol = "oneM2M.cbor"
    octets = message = staticmethod(cbor2.dumps)
    tree = staticmethod(cbor2.loads)


def query_pairs(p):
    """What HTTP and CoAP carry in the query, as (name, value)."""
    pairs = [(k, str(p[k])) for k in ("rcn", "rt") if k in p]
    for name, value in p.get("fc", {}).items():
        pairs.append((name, value if isinstance(value, str) else "+".join(value) if isinstance(value, list) else str(value)))
    if "atrl" in p:
        pairs.append(("atrl", "+".join(p["atrl"])))
    return pairs


class HttpsSession:
    METHOD = {CREATE: "POST", RETRIEVE: "GET", UPDATE: "PUT", DELETE: "DELETE"}

    def __init__(self, maf, credential, serialization=Json, peer=OpensslPeer, **options):
        self.serialization, self.host = serialization, maf.fqdn
        self.peer = peer(maf, credential, **options)
        self.exported = self.peer.exported

    @staticmethod
    def path(to):
        return "/_/" + to[2:] if to.startswith("//") else "/" + to

    @staticmethod
    def query(p):
        pairs = query_pairs(p)
        return "?" + "&".join(f"{k}={urllib.parse.quote(v, safe='+')}" for k, v in pairs) if pairs else ""

    def request(self, p):
        s = self.serialization
        body = s.octets(p["pc"]) if p.get("pc") is not None else None
        extra = [f"Accept: {s.media_type}"] + ([f"X-M2M-RET: {p['rqet']}"] if "rqet" in p else [])
        answer = self.peer.request(http(self.METHOD[p["op"]], self.path(p["to"]) + self.query(p), p.get("fr"), body,
                                        p.get("ty"), p.get("rqi"), p.get("rvi"), headers=extra,
                                        content_type=s.media_type, host=self.host))
        if answer.body:
            assert answer.headers["content-type"] == s.media_type, answer
        pc = s.tree(answer.body) if answer.body else None
        return Answer(answer.rsc, pc, answer.headers.get("x-m2m-ri"), answer.headers.get("x-m2m-rvi"))

    def close(self):
        self.peer.close()


class HttpsGnutlsSession(HttpsSession):
    def __init__(self, maf, credential, **options):
        super().__init__(maf, credential, peer=GnutlsPeer, **options)


class WssSession:
    def __init__(self, maf, credential, serialization=Json, peer=OpensslPeer, **options):
        self.serialization = serialization
        self.peer = peer(maf, credential, **options)
        self.exported = self.peer.exported
        self.socket = WebSocket(self.peer, [serialization.subprotocol], host=maf.fqdn)

    @staticmethod
    def whole(p):
        """The primitive as it travels: what HTTP puts into the query has its place in it."""
        p = dict(p)
        if "atrl" in p:
            p["pc"] = {"m2m:atrl": p.pop("atrl")}
        if "rt" in p:
            p["rt"] = {"rtv": p["rt"]}
        return p

    def request(self, p):
        self.socket.send(self.serialization.message(self.whole(p)))
        answer = self.serialization.tree(self.socket.message())
        assert set(answer) <= {"rsc", "rqi", "rvi", "pc"}, answer
        return Answer(answer["rsc"], answer.get("pc"), answer.get("rqi"), answer.get("rvi"))

    def close(self):
        self.socket.close()


class CoapsSession:
    CODE = {RETRIEVE: 1, CREATE: 2, UPDATE: 3, DELETE: 4}

    def __init__(self, maf, credential, serialization=Json, **options):
        self.serialization = serialization
        self.peer = coap.CoapPeer(maf, credential, **options)
        self.exported = self.peer.exported

    def options(self, p):
        to = p["to"]
        path = ["_", *to[2:].split("/")] if to.startswith("//") else ["~", *to[1:].split("/")] if to.startswith("/") else to.split("/")
        texts = [(coap.FR, p.get("fr")), (coap.RQI, p.get("rqi")), (coap.RVI, p.get("rvi")), (coap.RQET, p.get("rqet"))]
        found = [(coap.URI_PATH, segment.encode()) for segment in path]
        found += [(coap.URI_QUERY, f"{k}={v}".encode()) for k, v in query_pairs(p)]
        found += [(number, str(text).encode()) for number, text in texts if text is not None]
        if p.get("ty") is not None:
            found.append((coap.TY, coap.uint(p["ty"])))
        if p.get("pc") is not None:
            found.append((coap.CONTENT_FORMAT, coap.uint(self.serialization.content_format)))
        return found + [(coap.ACCEPT, coap.uint(self.serialization.content_format))]

    def request(self, p):
        s = self.serialization
        body = s.octets(p["pc"]) if p.get("pc") is not None else b""
        answer = self.peer.request(self.CODE[p["op"]], self.options(p), body)
        assert answer.get(coap.MAX_AGE) == b"" and answer.get(4) is None, answer  # never cached, no ETag
        if answer.payload:
            assert int.from_bytes(answer.get(coap.CONTENT_FORMAT), "big") == s.content_format, answer
        rqi, rvi = answer.get(coap.RQI), answer.get(coap.RVI)
        return Answer(answer.rsc, s.tree(answer.payload) if answer.payload else None, rqi and rqi.decode(), rvi and rvi.decode())

    def close(self):
        self.peer.close()


class CoapsTcpSession(CoapsSession):
    def __init__(self, maf, credential, **options):
        super().__init__(maf, credential, tcp=True, **options)


BINDINGS = {f"{name}-{serialization.__name__.lower()}": functools.partial(session, serialization=serialization)
            for name, session in (("https", HttpsSession), ("wss", WssSession), ("coaps", CoapsSession), ("coaps+tcp", CoapsTcpSession)) for serialization in (Json, Cbor)}


class WithCertificates:
    """A binding whose devices have AE-ID certificates in place of a KmID."""
    certificates = True

    def __init__(self, session):
        self.session = session

    def __call__(self, maf, credential):
        return self.session(maf, credential)


BINDINGS |= {f"{name}-certificate": WithCertificates(BINDINGS[f"{name}-json"]) for name in ("https", "wss", "coaps", "coaps+tcp")}

_number = itertools.count(1)


def fresh(name):
    """An FQDN that no other test of this process has."""
    return f"{name}{next(_number)}.example.com"


class Device:
    """A client played by a foreign TLS stack: a credential at the MAF, and a session when one is needed."""
    client_reg = CLIENT_REG

    def __init__(self, maf, binding, admin=ADMIN, identity=None, **options):
        self.maf, self.binding, self.admin = maf, binding, admin
        self.id = identity or f"//sp.example.com/cse{next(_number)}/Cae{next(_number)}"
        by_certificate = getattr(binding, "certificates", False)
        self.credential = (maf.certified.of if by_certificate else maf.add_client)(self.id, admin=admin, **options)
        self.session = None

    def connect(self):
        self.close()
        self.session = self.binding(self.maf, self.credential)
        return self.session

    def send(self, op, to="-", **p):
        """One request with sane defaults; a parameter given as None is left out."""
        if self.session is None:
            self.connect()
        if to.startswith("-"):
            to = f"//{self.maf.fqdn}/{to}"
        primitive = {"op": op, "to": to, "fr": self.id, "rqi": f"r{next(_number)}", "rvi": "3"}
        primitive.update(p)
        return self.session.request({k: v for k, v in primitive.items() if v is not None})

    def close(self):
        if self.session is not None:
            self.session.close()
            self.session = None

    # the procedures, with everything right unless told otherwise

    def create(self, ty, attributes, **p):
        return self.send(CREATE, ty=ty, pc={MEMBER[ty]: attributes}, **p)

    def register(self, **changes):
        return self.create(self.client_reg, drop_none({"et": LATER, "adfq": self.admin} | changes))

    def registered(self, **changes):
        """Registers and returns the mafClientRegID."""
        answer = self.register(**changes)
        assert answer.rsc == 2001, answer
        return answer.attributes["ri"]

    def key_attributes(self, target, **changes):
        targets = [target.id if isinstance(target, Device) else target] if target is not None else None
        return drop_none({"et": LATER, "adfq": self.admin, "suid": 32, "tgis": targets} | changes)

    def register_key(self, target, **changes):
        return self.create(KEY_REG, self.key_attributes(target, **changes))

    def own_key(self, target, value=bytes(range(32)), **changes):
        """Registers a self-generated key and returns its RelativeKeyID."""
        answer = self.register_key(target, kyv=base64.b64encode(value).decode(), **changes)
        assert answer.rsc == 2001, answer
        return answer.attributes["rn"]

    def retrieve(self, key, **p):
        return self.send(RETRIEVE, f"-/{key}", **p)

    def update(self, resource, ty, attributes, **p):
        return self.send(UPDATE, f"-/{resource}", pc={MEMBER[ty]: attributes}, **p)

    def delete(self, resource, **p):
        return self.send(DELETE, f"-/{resource}", **p)


def drop_none(attributes):
    return {k: v for k, v in attributes.items() if v is not None}
