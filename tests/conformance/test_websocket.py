"""What is special to WebSocket (TS-0020): the opening handshake, messages and the end, with a client that we did not write."""
import json

import cbor2
import pytest
from binding import BINDINGS, KEY_REG, RETRIEVE, Device
from harness.maf import FQDN
from harness.peers import GnutlsPeer, OpensslPeer
from harness.websocket import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Opcode

BASE = {"op": RETRIEVE, "to": f"//{FQDN}/-", "rqi": "w1", "rvi": "3"}


@pytest.fixture
def client(shared_maf):
    """A client, and sockets of it that are closed afterwards."""
    made = []

    class Client:
        device = Device(shared_maf, BINDINGS["wss-json"])
        base = BASE | {"fr": device.id}

        def open(self, *subprotocols, peer=OpensslPeer, **options):
            made.append(WebSocket(peer(shared_maf, self.device.credential), list(subprotocols), **options))
            return made[-1]

    yield Client()
    for socket in made:
        socket.close()


@pytest.mark.parametrize("peer", [OpensslPeer, GnutlsPeer])
def test_a_foreign_client_on_each_tls_stack(client, peer):
    socket = client.open("oneM2M.json", peer=peer)
    for n in range(3):
        socket.send(json.dumps(client.base | {"rqi": f"r{n}"}))
        answer = json.loads(socket.message())
        assert (answer["rsc"], answer["rqi"], answer["pc"]["sec:mafb"]["fqdn"]) == (2000, f"r{n}", FQDN)


@pytest.mark.parametrize("offered,chosen", [(["oneM2M.cbor", "oneM2M.json"], "oneM2M.cbor"),
                                            (["oneM2M.json", "oneM2M.cbor"], "oneM2M.json"),
                                            (["oneM2M.xml", "oneM2M.cbor"], "oneM2M.cbor")])
def test_the_first_acceptable_subprotocol_is_chosen(client, offered, chosen):
    socket = client.open(*offered)
    assert socket.subprotocol == chosen
    request = cbor2.dumps(client.base) if chosen == "oneM2M.cbor" else json.dumps(client.base)
    socket.send(request)
    answer = socket.message()
    assert (cbor2.loads(answer) if isinstance(request, bytes) else json.loads(answer))["rsc"] == 2000


@pytest.mark.parametrize("offered", [[], ["oneM2M.xml"], ["chat", "onem2m.json"]])
def test_no_acceptable_subprotocol_is_an_error_of_http(client, offered):
    with pytest.raises(InvalidStatus) as refused:
        client.open(*offered)
    assert refused.value.response.status_code == 400


def test_compression_is_not_negotiated(client):
    socket = client.open("oneM2M.json", extensions=[ClientPerMessageDeflateFactory(client_max_window_bits=True)])
    assert not socket.client.extensions
    socket.send(json.dumps(client.base))
    assert json.loads(socket.message())["rsc"] == 2000


def test_fragments_pings_and_several_requests(client):
    socket = client.open("oneM2M.json")
    octets = json.dumps(client.base | {"rqi": "whole"}).encode()
    socket.client.send_text(octets[:20], fin=False)
    socket.client.send_ping(b"there?")
    socket.client.send_continuation(octets[20:], fin=True)
    socket.client.send_text(json.dumps(client.base | {"rqi": "next"}).encode())
    socket.flush()
    pong = socket.frame()
    assert (pong.opcode, pong.data) == (Opcode.PONG, b"there?")
    assert [json.loads(socket.message())["rqi"] for _ in range(2)] == ["whole", "next"]


@pytest.mark.parametrize("message,code", [(b"{}", 1003), ("{" + " " * 70000 + "}", 1009)])
def test_what_is_refused_ends_the_socket_with_its_code(client, message, code):
    socket = client.open("oneM2M.json")
    socket.send(message)
    with pytest.raises(EOFError):
        socket.message()
    assert socket.close_code == code


@pytest.mark.parametrize("message", ["", "{", "[]", "nonsense", '{"rqi":"x"'])
def test_what_is_no_primitive_is_a_bad_request(client, message):
    socket = client.open("oneM2M.json")
    socket.send(message)
    assert json.loads(socket.message())["rsc"] == 4000
    socket.send(json.dumps(client.base))
    assert json.loads(socket.message())["rsc"] == 2000


def test_text_may_be_octets_in_cbor(client):
    """TS-0004's own examples write text as byte strings."""
    socket = client.open("oneM2M.cbor")
    socket.send(cbor2.dumps({k.encode(): v.encode() if isinstance(v, str) else v for k, v in client.base.items()}))
    assert cbor2.loads(socket.message())["rqi"] == "w1"


def test_MAF_KR_12_one_exporter_key_per_socket(shared_maf, device):
    """The exporter belongs to the TLS connection below the socket; closing it ends no registration."""
    source = Device(shared_maf, BINDINGS["wss-cbor"])
    target = device()
    registration = source.registered()
    key = source.register_key(target)
    assert key.rsc == 2001 and key.attributes["rn"] == source.session.exported[:16].hex().upper()
    assert source.register_key(target).rsc == 4105
    source.connect()
    assert source.send(RETRIEVE, f"-/{registration}").rsc == 2000
    again = source.register_key(target)
    assert again.rsc == 2001 and again.attributes["rn"] != key.attributes["rn"]
    assert target.retrieve(key.attributes["rn"]).rsc == 2000
    source.close()


def test_a_revoked_credential_ends_its_socket(shared_maf):
    device = Device(shared_maf, BINDINGS["wss-json"])
    device.registered()
    shared_maf.adm("client", "revoke", device.credential["kmid"])
    assert device.send(RETRIEVE).rsc == 4106
    with pytest.raises(EOFError):
        device.session.socket.message()
    assert device.session.socket.close_code == 1008
    device.close()
