"""A TPM by way of tpm2-pkcs11 is refused, with the reason and the way out (docs/adr/0056).

The module and the TPM are the real ones: when a later version can load keys, this fails, and the module can become a
token like the others."""
import pytest

from harness.build import program
from harness.maf import FQDN, Failed, run
from harness.token import Token

IDENTITY = "//sp.example.com/cse1/Ca"


@pytest.fixture
def tpm2_pkcs11(tmp_path):
    tpm = Token("swtpm", tmp_path / "tpm")
    yield Token("tpm2-pkcs11", tmp_path / "token", {"TPM2_PKCS11_TCTI": tpm.tcti})


def commands(tmp_path):
    yield ["mafadm", "init", "--dir", str(tmp_path / "maf"), "--fqdn", FQDN]
    yield ["maf", "--home", str(tmp_path / "home"), "init", "--id", IDENTITY, "--maf", FQDN, "--https", "127.0.0.1:1"]


def test_refused_with_the_reason_and_the_way_out(tpm2_pkcs11, tmp_path):
    for name, *args in commands(tmp_path):
        with pytest.raises(Failed) as refusal:
            run([program(name), *args, *tpm2_pkcs11.options()], env=tpm2_pkcs11.env())
        for part in ("CKM_AES_KEY_WRAP", "CKM_GENERIC_SECRET_KEY_GEN", "tpm2-pkcs11", "C_UnwrapKey", "tpm2:tcti="):
            assert part in refusal.value.stderr, refusal.value.stderr


def test_no_pin_is_tried(tpm2_pkcs11, tmp_path):
    """A PIN that is missing is not even missed: the TPM's lockout counter stays where it is."""
    for name, *args in commands(tmp_path):
        with pytest.raises(Failed, match="CKM_AES_KEY_WRAP"):
            run([program(name), *args, "--token", tpm2_pkcs11.uri, "--pin-source", f"file:{tmp_path}/none"],
                env=tpm2_pkcs11.env())
