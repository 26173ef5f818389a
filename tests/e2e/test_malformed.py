"""Every malformed request gets the 4xxx of the status table with one line that says what is wrong; nothing is stored."""
import base64
import json
import select
import socket

import pytest
from harness.maf import ADMIN, Maf
from harness.peers import OpensslPeer, http
from harness.token import Token

LATER = "20991231T235959"
GOOD = json.dumps({"sec:mafcr": {"et": LATER, "adfq": ADMIN}}).encode()
DEEP = b'{"sec:mafcr":' + b"[" * 3000 + b"]" * 3000 + b"}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    base = tmp_path_factory.mktemp("malformed")
    with Maf(Token("softhsm", base / "token"), base / "maf",
             settings=[("https", "idle-timeout", "2"), ("https", "request-timeout", "2"), ("https", "handshake-timeout", "2"),
                       ("https", "max-connections", "8"), ("https", "max-header", "8192"), ("https", "max-body", "16384")]) as maf:
        yield maf, maf.add_client("//sp.example.com/cse1/Ca")


ME = "//sp.example.com/cse1/Ca"


def post(body=GOOD, **options):
    p = {"originator": ME, "ty": 20002, "body": body}
    p.update(options)
    return http("POST", p.pop("path", "/-"), **p)


CASES = {
    "not JSON": (post(b"{"), 4000),
    "empty body": (post(b""), 4000),
    "no body": (http("POST", "/-", ME, None, 20002), 4000),
    "two documents": (post(GOOD + GOOD), 4000),
    "duplicate member": (post(b'{"sec:mafcr":{"et":"%s","et":"%s","adfq":"x"}}' % (LATER.encode(), LATER.encode())), 4000),
    "not UTF-8": (post(b'{"sec:mafcr":{"et":"\xff","adfq":"x"}}'), 4000),
    "NUL in a string": (post(b'{"sec:mafcr":{"et":"\\u0000","adfq":"x"}}'), 4000),
    "deep nesting": (post(DEEP), 4000),
    "array": (post(b"[]"), 4000),
    "number": (post(b"7"), 4000),
    "huge number": (post(b'{"sec:mafcr":{"et":1e999,"adfq":"x"}}'), 4000),
    "other resource": (post(b'{"sec:skr":{}}'), 4000),
    "no ty": (http("POST", "/-", ME, GOOD), 4000),
    "ty is text": (post(ty="abc"), 4000),
    "ty overflows": (post(ty="99999999999999999999"), 4000),
    "unknown ty": (post(ty=20999), 4108),
    "mef type": (post(ty=20005), 4108),
    "content type xml": (post(content_type="application/xml"), 4015),
    "content type text": (post(content_type="text/plain"), 4015),
    "accept xml only": (post(headers=["Accept: application/xml"]), 5207),
    "no originator": (http("GET", "/-/x", None), 4000),
    "other originator": (http("GET", "/-", "//sp.example.com/cse1/Cb"), 4106),
    "two originators": (http("GET", "/-", ME, headers=["X-M2M-Origin: //sp.example.com/cse1/Cb"]), 4000),
    "no request id": (http("GET", "/-", ME, rqi=None), 4000),
    "long request id": (http("GET", "/-", ME, rqi="x" * 200), 4000),
    "no version": (http("GET", "/-", ME, rvi=None), 4001),
    "version 1": (http("GET", "/-", ME, rvi="1"), 4001),
    "notify": (http("POST", "/-", ME, b'{"m2m:sgn":{}}', content_type="application/vnd.onem2m-ntfy+json"), 4015),
    "expired": (http("GET", "/-", ME, headers=["X-M2M-RET: 20200101T000000"]), 4008),
    "bad timestamp": (http("GET", "/-", ME, headers=["X-M2M-RET: yesterday"]), 4000),
    "rcn is text": (http("GET", "/-?rcn=all", ME), 4000),
    "rcn out of range": (http("GET", "/-?rcn=77", ME), 4000),
    "unknown query": (http("GET", "/-?nonsense=1", ME), 4000),
    "non-blocking": (http("GET", "/-?rt=1", ME), 5206),
    "bad percent": (http("GET", "/-/%zz", ME), 4000),
    "NUL in path": (http("GET", "/-/a%00b", ME), 4000),
    "dots": (http("GET", "/-/../../etc/passwd", ME), 4004),
    "slashes": (http("GET", "//-//", ME), 4004),
    "unknown resource": (http("GET", "/-/nothing", ME), 4004),
    "unknown base": (http("GET", "/cse1", ME), 4004),
    "other maf": (http("GET", "/_/other.example.com/-", ME), 4004),
    "delete base": (http("DELETE", "/-", ME), 4005),
    "put base": (http("PUT", "/-", ME, GOOD), 4005),
    "patch": (http("PATCH", "/-", ME, GOOD), 4005),
    "options": (http("OPTIONS", "/-", ME), 4005),
    "past expiry": (post(b'{"sec:mafcr":{"et":"20200101T000000","adfq":"admin.example.com"}}'), 4000),
    "stakeholder unknown": (post(b'{"sec:mafcr":{"et":"%s","adfq":"nobody.example.com"}}' % LATER.encode()), 4103),
    "filter is text": (http("GET", "/-?fu=x", ME), 4000),
    "limit negative": (http("GET", "/-?fu=1&lim=-1", ME), 4000),
    "key too short": (post(json.dumps({"sec:skr": {"et": LATER, "adfq": ADMIN, "suid": 32, "tgis": ["//a.b/c"],
                                                   "kyv": base64.b64encode(bytes(8)).decode()}}).encode(), ty=20003), 4103),
}


@pytest.mark.parametrize("name", CASES)
def test_malformed_request(world, name):
    maf, me = world
    request, rsc = CASES[name]
    with OpensslPeer(maf, me) as peer:
        answer = peer.request(request)
        assert answer.rsc == rsc, answer
        reason = answer.json()["m2m:dbg"]
        assert reason and "\n" not in reason and len(reason) < 300, reason
        assert answer.headers.get("cache-control") == "no-store"
    assert maf.adm_json("registration", "list") == [] and maf.adm_json("key", "list") == []


BROKEN = {
    "TLS in TLS": b"\x16\x03\x01" * 50,
    "no request": b"GARBAGE\r\n\r\n",
    "no path": b"GET\r\n\r\n",
    "HTTP 9.9": b"GET / HTTP/9.9\r\n\r\n",
    "negative length": b"POST /- HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    "huge length": b"POST /- HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    "bad chunk": b"POST /- HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "long header": b"GET /- HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
    "long body": b"POST /- HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"a" * 20000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_http_ends_the_session_or_gets_a_4xx(world, name):
    maf, me = world
    with OpensslPeer(maf, me) as peer:
        try:
            answer = peer.request(BROKEN[name])
            assert 400 <= answer.status < 600, answer
        except EOFError:
            pass
    with OpensslPeer(maf, me) as peer:
        assert peer.request(http("GET", "/-", me["id"])).rsc == 2000


def closes(sock):
    try:
        while sock.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def test_silent_and_slow_peers_are_closed(world):
    maf, me = world
    with socket.create_connection(("127.0.0.1", maf.port), timeout=30) as silent:
        assert closes(silent)
    with OpensslPeer(maf, me) as idle:
        idle.wait_closed()
    with OpensslPeer(maf, me) as slow:
        request = http("GET", "/-", me["id"])
        ended = False
        for octet in request:
            try:
                slow.send(bytes([octet]))
                if select.select([slow.process.stdout], [], [], 0.1)[0]:
                    ended = True
                    break
            except EOFError:
                ended = True
                break
        slow.wait_closed()
        assert ended and b"2000" not in slow.buffer


def test_connections_are_limited_and_come_back(world):
    maf, me = world
    held = [socket.create_connection(("127.0.0.1", maf.port), timeout=30) for _ in range(8)]
    with OpensslPeer(maf, me) as peer:
        assert peer.request(http("GET", "/-", me["id"])).rsc == 2000
    for s in held:
        assert closes(s)
        s.close()


def test_malformed_client_hello(world):
    maf, me = world
    for octets in (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x16\x03\x03\xff\xff" + bytes(65535), b"\x80" * 200, bytes(500)):
        with socket.create_connection(("127.0.0.1", maf.port), timeout=30) as s:
            s.sendall(octets)
            assert closes(s)
    with OpensslPeer(maf, me) as peer:
        assert peer.request(http("GET", "/-", me["id"])).rsc == 2000
