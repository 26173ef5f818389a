"""Custody over CoAP: libcoap's heap cannot be hooked, so keys are looked for while the sessions are open."""
import base64
import json
import os

import pytest
from harness import coap
from harness.coap import CoapPeer
from harness.maf import ADMIN, Maf
from harness.search_keys import files, memory, search

LATER = "20300101T000000"


class Client:
    def __init__(self, maf, identity):
        self.maf, self.credential, self.peers = maf, maf.add_client(identity), {}

    def send(self, how, code, path, ty=None, member=None, attributes=None):
        tcp, block = how
        if how not in self.peers:
            self.peers[how] = CoapPeer(self.maf, self.credential, tcp=tcp, block=block)
        options = [(coap.URI_PATH, s.encode()) for s in path.split("/")]
        options += [(coap.FR, self.credential["id"].encode()), (coap.RQI, b"r"), (coap.RVI, b"3"), (coap.ACCEPT, coap.uint(50))]
        if ty:
            options += [(coap.TY, coap.uint(ty)), (coap.CONTENT_FORMAT, coap.uint(50))]
        body = json.dumps({member: attributes}).encode() if member else b""
        return self.peers[how].request(code, options, body)


@pytest.mark.parametrize("custody", ["session", "psk"])
def test_MAF_GEN_11_no_key_stays_in_memory(softhsm, tmp_path, custody):
    ways = [(tcp, block) for tcp in (False, True) for block in (None, 64)]
    with Maf(softhsm, tmp_path / "maf", custody=custody) as maf:
        source, target = Client(maf, "//sp.example.com/cse1/Csource"), Client(maf, "//sp.example.com/cse1/Ctarget")
        secrets = [bytes.fromhex(c.credential["km"]) for c in (source, target)]
        base = {"et": LATER, "adfq": ADMIN}
        assert source.send(ways[0], 2, "-", 20002, "sec:mafcr", base).rsc == 2001
        try:
            for how in ways:
                key = base | {"suid": 32, "tgis": [target.credential["id"]]}
                exported = source.send(how, 2, "-", 20003, "sec:skr", key)
                assert exported.rsc == 2001, exported
                secrets.append(source.peers[how].exported[16:])
                value = os.urandom(64)
                secrets.append(value)
                own = source.send(how, 2, "-", 20003, "sec:skr", key | {"kyv": base64.b64encode(value).decode()})
                assert own.rsc == 2001, own
                for answer, expected in ((exported, secrets[-2]), (own, value)):
                    got = target.send(how, 1, "-/" + json.loads(answer.payload)["sec:skr"]["rn"])
                    assert got.rsc == 2000, got
                    assert base64.b64decode(json.loads(got.payload)["sec:skr"]["kyv"]) == expected
            hits = [h for pid in maf.pids() for h in search(memory(pid), secrets)]
            hits += search(files(maf.dir), secrets) + search([("log", maf.log_path.read_bytes())], secrets)
        finally:
            for peer in (*source.peers.values(), *target.peers.values()):
                peer.close()
    assert not hits, hits
