"""Custody over the walk of remote provisioning: no Kpm, Ke, Km or Kc in the memory or in a file of the MAF and the MEF."""
import base64
import contextlib
import json

import pytest
from harness.coap import CoapPeer
from harness.maf import ADMIN
from harness.mef import MEF_FQDN
from harness.peers import HandshakeFailed, OpensslPeer, http
from harness.search_keys import files, memory, search
from harness.walk import DEVICE, LATER, MAF_FQDN, World, first_contact, register
from test_custody import prepared_forms


def post(peer, ty, attributes, host=MAF_FQDN):
    member = {20002: "sec:mafcr", 20003: "sec:skr", 20005: "sec:mefcr"}[ty]
    body = json.dumps({member: {"et": LATER, "adfq": ADMIN} | attributes}).encode()
    answer = peer.request(http("POST", "/-", DEVICE, body, ty, host=host))
    assert answer.rsc in (2001, 4117), answer
    return answer.json()[member] if answer.rsc == 2001 else None


class Walk:
    """The device's part; keeps every secret on the way."""

    def __init__(self, world):
        self.world, self.secrets = world, []
        for credential in (world.device, world.maf_at_mef):
            if "km" in credential:  # else it has a certificate
                self.know(bytes.fromhex(credential["km"]))

    def know(self, key):
        self.secrets += prepared_forms(key)

    def enrol(self, peer_class=OpensslPeer):
        with peer_class(self.world.mef, self.world.device) as peer:
            contact = first_contact(peer.exported, DEVICE)
            self.know(peer.exported[16:])
            self.know(bytes.fromhex(contact["km"]))
            return contact

    def register_key_at_mef(self):
        """For the second path (MEF-RP-8): Ke itself, registered for the MAF."""
        with OpensslPeer(self.world.mef, self.world.device) as peer:
            post(peer, 20005, {}, MEF_FQDN)
            post(peer, 20003, {"suid": 21, "tgis": [MAF_FQDN]}, MEF_FQDN)
            self.know(peer.exported[16:])
            return {"id": DEVICE, "kmid": f"{peer.exported[:16].hex()}@{MEF_FQDN}", "km": peer.exported[16:].hex()}

    def register_key(self, contact, target):
        with OpensslPeer(self.world.maf, contact) as peer:
            key = post(peer, 20003, {"suid": 32, "tgis": [target]})
            self.secrets.append(peer.exported[16:])
            return key["rn"]

    def found(self, *where):
        return [h for one in where for h in search(one, self.secrets)]

    def in_memory(self):
        return self.found(*(memory(pid) for server in (self.world.maf, self.world.mef) for pid in server.pids()))

    def on_disk(self):
        return self.found(files(self.world.directory))


@pytest.mark.parametrize("kind,custody,by", [("softhsm", "session", "kpmid"), ("softhsm", "psk", "kpmid"), ("softokn", "session", "kpmid"),
                                             ("swtpm", "session", "kpmid"), ("softhsm", "session", "certificate")])
def test_MAF_GEN_11_MEF_FC_7_no_secret_of_the_walk_in_memory_or_on_disk(kind, custody, by, tmp_path):
    with World(tmp_path, kind, workers=2, custody=custody, by_certificate=by == "certificate") as world:
        walk = Walk(world)
        contact = walk.enrol()
        with OpensslPeer(world.maf, contact) as peer:
            kmid = register(peer, DEVICE).json()["sec:mafcr"]["aski"]
            # what is in memory while the session by the fetched key is open counts too
            hits = walk.in_memory()
        known = dict(contact, kmid=kmid)
        target = world.maf.add_client("//in.provider.com/cse1/Ctarget")
        walk.know(bytes.fromhex(target["km"]))
        key = walk.register_key(known, target["id"])
        with OpensslPeer(world.maf, target) as peer:
            got = peer.request(http("GET", f"/-/{key}", target["id"])).json()["sec:skr"]["kyv"]
            assert base64.b64decode(got) == walk.secrets[-1]
        # renewal, over DTLS at both ends; one of which nothing comes; then the second path
        CoapPeer(world.maf, walk.enrol(CoapPeer)).close()
        with contextlib.suppress(HandshakeFailed):
            OpensslPeer(world.maf, dict(walk.enrol(), km="00" * 32)).close()
        with OpensslPeer(world.maf, walk.register_key_at_mef()):
            hits += walk.in_memory()
        disk = walk.on_disk()
    disk += walk.on_disk()
    assert not disk, disk
    if kind == "softokn":
        # softokn keeps plain copies of loaded keys of its own; we say so and count them (docs/custody.md)
        print(f"softokn, custody {custody}: {len(hits)} plain copies in the memory of mafd and mefd")
    else:
        assert not hits, hits
