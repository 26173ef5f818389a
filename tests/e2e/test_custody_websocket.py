"""Custody over WebSocket: its library's buffers are ours to wipe, so keys are looked for while the sockets are open."""
import base64
import json
import os

import cbor2
import pytest
from harness.maf import ADMIN, Maf
from harness.peers import OpensslPeer
from harness.search_keys import memory, search
from harness.token import Token
from harness.websocket import WebSocket

FORMATS = {"oneM2M.json": (json.dumps, json.loads), "oneM2M.cbor": (cbor2.dumps, cbor2.loads)}


class Client:
    def __init__(self, maf, identity):
        self.maf, self.credential = maf, maf.add_client(identity)
        self.sockets = {}

    def send(self, subprotocol, **p):
        dumps, loads = FORMATS[subprotocol]
        if subprotocol not in self.sockets:
            self.sockets[subprotocol] = WebSocket(OpensslPeer(self.maf, self.credential), [subprotocol])
        socket = self.sockets[subprotocol]
        socket.send(dumps({"fr": self.credential["id"], "rqi": "r", "rvi": "3"} | p))
        return loads(socket.message())


@pytest.mark.parametrize("custody", ["session", "psk"])
def test_MAF_GEN_11_no_key_value_stays_in_memory(softhsm, tmp_path, custody):
    with Maf(softhsm, tmp_path / "maf", custody=custody) as maf:
        source, target = Client(maf, "//sp.example.com/cse1/Csource"), Client(maf, "//sp.example.com/cse1/Ctarget")
        attributes = {"et": "20300101T000000", "adfq": ADMIN}
        assert source.send("oneM2M.json", op=1, to="-", ty=20002, pc={"sec:mafcr": attributes})["rsc"] == 2001
        values = []
        try:
            for subprotocol in FORMATS:
                for padding in ("x", "x" * 100):  # shorter and longer than the library's buffer
                    values.append(os.urandom(64))
                    key = attributes | {"suid": 32, "tgis": [target.credential["id"]],
                                        "kyv": base64.b64encode(values[-1]).decode(),
                                        "lbl": [f"l{i}:{padding}" for i in range(32)]}
                    answer = source.send(subprotocol, op=1, to="-", ty=20003, pc={"sec:skr": key})
                    assert answer["rsc"] == 2001, answer
                    got = target.send(subprotocol, op=2, to="-/" + answer["pc"]["sec:skr"]["rn"])
                    assert base64.b64decode(got["pc"]["sec:skr"]["kyv"]) == values[-1]
                    # fragments, the cut in the middle of the key
                    octets = FORMATS[subprotocol][0]({"op": 1, "to": "-", "fr": "//a.b/c", "rqi": "x", "rvi": "3", "ty": 20003,
                                                      "pc": {"sec:skr": {"kyv": base64.b64encode(values[-1]).decode()}}})
                    octets = octets.encode() if isinstance(octets, str) else octets
                    client = source.sockets[subprotocol].client
                    (client.send_text if subprotocol == "oneM2M.json" else client.send_binary)(octets[:-60], fin=False)
                    client.send_continuation(octets[-60:], fin=True)
                    source.sockets[subprotocol].flush()
                    assert FORMATS[subprotocol][1](source.sockets[subprotocol].message())["rsc"] == 4106
            hits = [h for pid in maf.pids() for h in search(memory(pid), values)]
        finally:
            for socket in (*source.sockets.values(), *target.sockets.values()):
                socket.close()
    assert not hits, hits
