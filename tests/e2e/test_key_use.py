"""Keys for ESPrim and ESData, used in the token by `maf`: both ends come to the same as Python does with the key."""
import hashlib
import hmac
import os

import pytest
from conftest import TOKENS
from harness.maf import Failed, Maf
from harness.saef import Pair
from harness.token import Token

LABEL = b"oneM2M HMAC-SHA256 sessionESPrimKey derivation algorithm"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    base = tmp_path_factory.mktemp("use")
    with Maf(Token("softhsm", base / "token"), base / "maf") as running:
        yield running


@pytest.fixture(scope="module", params=[*TOKENS, "swtpm"])
def pair(request, served, tmp_path_factory):
    return Pair(served, request.param, tmp_path_factory.mktemp(f"use-{request.param}"))


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("how", [[], ["--generate"]], ids=["exporter", "generated"])
def test_session_keys_of_ESPrim(pair, how):
    key_id, kc = pair.key(33, *how)
    receiver, originator = os.urandom(16), os.urandom(16)
    options = ["key", "derive", key_id, "--receiver-rand", receiver.hex(), "--originator-rand", originator.hex().upper()]
    want = mac(bytes.fromhex(kc), receiver + originator + LABEL)
    assert pair.source.json(*options)["sessionESPrimKey"] == want
    assert pair.target.maf(*options) == want + "\n"


@pytest.mark.parametrize("suid", [34, 35])
@pytest.mark.parametrize("how", [[], ["--generate"]], ids=["exporter", "generated"])
def test_MAF_GEN_8_halves_for_ESData(pair, suid, how):
    key_id, kc = pair.key(suid, *how)
    key = bytes.fromhex(kc)
    for client in (pair.source, pair.target):
        for half, part in (("first", key[:16]), ("second", key[16:])):
            got = client.maf("key", "hmac", key_id, "--suid", str(suid), "--half", half, input="what is signed")
            assert got == mac(part, b"what is signed") + "\n"
        assert client.maf("key", "hmac", key_id, "--suid", str(suid), input="") == mac(key, b"") + "\n"


def test_MAF_KT_9_other_uses(pair):
    key_id, _ = pair.key(35)
    esprim, _ = pair.key(33)
    rand = ["--receiver-rand", "00" * 16, "--originator-rand", "11" * 16]
    for args, why in ((["derive", key_id, *rand], "is for SUID 35, not 33"),
                      (["derive", esprim, "--receiver-rand", "00", *rand[2:]], "16 octets"),
                      (["derive", esprim, "--receiver-rand", "0g" * 16, *rand[2:]], "16 octets"),
                      (["hmac", key_id, "--suid", "34"], "is for SUID 35, not 34"),
                      (["hmac", key_id, "--suid", "35", "--half", "third"], "first or second"),
                      (["hmac", esprim, "--suid", "33", "--half", "first"], "are used whole")):
        with pytest.raises(Failed, match=why):
            pair.target.maf("key", *args, input="")
    with pytest.raises(Failed, match="more than 1048576"):
        pair.target.maf("key", "hmac", key_id, "--suid", "35", input="x" * ((1 << 20) + 1))
