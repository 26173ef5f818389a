"""`maf` over WebSocket and CoAP against servers that we did not write: openssl s_server for TLS and DTLS, with the real Km,
and above it a public WebSocket library, or CoAP messages written here. And what bindings add to the story: a worker dies."""
import json
import os
import re
import select
import signal
import subprocess
import time

import pytest
from harness import coap
from harness.build import program
from harness.client import BINDINGS, Client
from harness.maf import ADMIN, FQDN, Maf, wait_for
from harness.peers import LABEL
from harness.token import Token
from test_story import LATER, check_value
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerConnection

CREDENTIAL = {"kmid": f"km@{FQDN}", "km": "6f" * 32}
OWN, TARGET = "//sp.example.com/cse1/Cx", "//sp.example.com/cse1/Cy"


class OpensslServer:
    """s_server's standard output is what it says, then what the client sends; its standard input is sent."""

    def __init__(self, dtls):
        kind = ["-dtls1_2", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"] if dtls else ["-tls1_2", "-cipher", "PSK-AES128-CBC-SHA256"]
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-nocert", "-psk", CREDENTIAL["km"], "-psk_identity",
             CREDENTIAL["kmid"], *kind, "-keymatexport", LABEL, "-keymatexportlen", "48", "-servername", FQDN],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.octets = b""
        self.port = int(self.read(rb"ACCEPT 127\.0\.0\.1:(\d+)"))

    def more(self, deadline):
        assert select.select([self.process.stdout], [], [], deadline - time.monotonic())[0], self.octets
        octets = os.read(self.process.stdout.fileno(), 65536)
        assert octets, self.octets
        self.octets += octets

    def read(self, pattern):
        """The first group of what matches, taken off with all before it."""
        deadline = time.monotonic() + 30
        while (found := re.search(pattern, self.octets, re.S)) is None:
            self.more(deadline)
        self.octets = self.octets[found.end():]
        return found.group(1)

    def exported(self):
        return bytes.fromhex(self.read(rb"Keying material: ([0-9A-F]{96})\n").decode())

    def send(self, octets):
        self.process.stdin.write(octets)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(params=["session", "psk"])
def registering(request, tmp_path):
    """Starts `maf key register` against a server over a binding; returns server, process and client."""
    started = []

    def start(binding, format):
        server = OpensslServer(binding == "coaps")
        started.append(server)
        client = Client(Token("softhsm", tmp_path / "token"), tmp_path / "home", OWN, fqdn=FQDN, binding=binding,
                        format=format, address=f"127.0.0.1:{server.port}", custody=request.param)
        client.import_km(CREDENTIAL["kmid"], CREDENTIAL["km"])
        child = subprocess.Popen([program("maf"), "--home", str(client.home), "key", "register", "--stakeholder", ADMIN,
                                  "--suid", "32", "--target", TARGET, "--expires", LATER, "--json"],
                                 env=client.token.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return server, child

    yield start
    for server in started:
        server.close()


def resource(exported):
    rel = exported[:16].hex().upper()
    return {"sec:skr": {"rn": rel, "ri": rel, "ty": 20003, "pi": "maf", "ct": "20260101T000000", "lt": "20260101T000000",
                        "et": LATER, "cr": OWN, "adfq": ADMIN, "suid": 32, "tgis": [TARGET]}}


def check(child, exported):
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    key = json.loads(out)
    assert key["keyIdentifier"] == f"{exported[:16].hex().upper()}@{FQDN}" and key["check"] == check_value(exported[16:])


@pytest.mark.parametrize("format", ["json", "cbor"])
def test_MAF_KR_15_websocket_library(registering, format):
    import cbor2
    server, child = registering("wss", format)
    exported = server.exported()
    connection = ServerConnection(subprotocols=[f"oneM2M.{format}"])
    deadline = time.monotonic() + 30
    while b"GET / HTTP/1.1\r\n" not in server.octets:
        server.more(deadline)
    server.octets = server.octets[server.octets.index(b"GET /"):]
    message = None
    while message is None:
        if not server.octets:
            server.more(deadline)
        connection.receive_data(server.octets)
        server.octets = b""
        for event in connection.events_received():
            if isinstance(event, Request):
                connection.send_response(connection.accept(event))
            elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                message = event
        server.send(b"".join(connection.data_to_send()))
    assert message.opcode == (Opcode.TEXT if format == "json" else Opcode.BINARY)
    request = json.loads(message.data) if format == "json" else cbor2.loads(message.data)
    assert (request["op"], request["to"], request["fr"], request["ty"], request["rvi"]) == (1, f"//{FQDN}/-", OWN, 20003, "3")
    answer = {"rsc": 2001, "rqi": request["rqi"], "rvi": "3", "pc": resource(exported)}
    if format == "json":
        connection.send_text(json.dumps(answer).encode())
    else:
        connection.send_binary(cbor2.dumps(answer))
    server.send(b"".join(connection.data_to_send()))
    check(child, exported)


def option(number, value, before):
    def nibble(n):
        return (n, b"") if n < 13 else (13, bytes([n - 13])) if n < 269 else (14, (n - 269).to_bytes(2, "big"))
    delta, length = nibble(number - before), nibble(len(value))
    return bytes([delta[0] << 4 | length[0]]) + delta[1] + length[1] + value


def test_MAF_KR_15_dtls_and_coap_by_hand(registering):
    server, child = registering("coaps", "json")
    exported = server.exported()
    # version 1, Confirmable, a token of 8 octets, POST; up to the end of the content
    deadline = time.monotonic() + 30
    while re.search(rb"\x48\x02.{10}.*\}\}", server.octets, re.S) is None:
        server.more(deadline)
    message = re.search(rb"\x48\x02(.{2})(.{8})(.*\}\})", server.octets, re.S)
    mid, token, rest = message.groups()
    rqi = re.search(rb"[0-9a-f]{24}", rest).group()
    options, before = b"", 0
    for number, value in ((coap.CONTENT_FORMAT, coap.uint(50)), (coap.RVI, b"3"), (coap.RQI, rqi), (coap.RSC, coap.uint(2001))):
        options, before = options + option(number, value, before), number
    server.send(b"\x68\x41" + mid + token + options + b"\xff" + json.dumps(resource(exported)).encode())
    check(child, exported)


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_worker_that_dies_is_not_noticed(tmp_path, binding):
    """Clients recover without help: the next command is served by the worker's successor."""
    with Maf(Token("softhsm", tmp_path / "token"), tmp_path / "maf") as maf:
        credential = maf.add_client(OWN)
        client = Client(Token("softhsm", tmp_path / "own"), tmp_path / "home", OWN, maf, binding=binding)
        client.import_km(credential["kmid"], credential["km"])
        client.register()
        (worker,) = maf.worker_pids()
        os.kill(worker, signal.SIGKILL)
        assert client.json("discover")
        wait_for(lambda: maf.worker_pids() not in ([], [worker]), "no other worker came")
        assert client.json("discover")
