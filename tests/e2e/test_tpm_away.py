"""A MAF whose TPM is away, as its devices and its supervisor meet it (docs/tpm.md)."""
import os
import re
import signal

import pytest
from harness.client import BINDINGS, Client
from harness.maf import Failed, Maf, wait_for
from harness.token import Token


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A MAF on a TPM, and a registered client for each binding, with tokens of their own."""
    tmp_path = tmp_path_factory.mktemp("away")
    token = Token("swtpm", tmp_path / "token")
    with Maf(token, tmp_path / "maf", custody="psk", workers=2) as maf:
        clients = {}
        for binding in BINDINGS:
            credential = maf.add_client(f"//sp.example.com/cse1/C{binding}")
            own = Token("softhsm", tmp_path / binding)
            clients[binding] = Client(own, tmp_path / f"home-{binding}", credential["id"], maf, binding=binding)
            clients[binding].import_km(credential["kmid"], credential["km"])
            clients[binding].register()
        yield maf, token, clients


def works(client):
    try:
        client.json("discover")
        return True
    except Failed as failed:
        assert failed.returncode == 3
        return False


def test_devices_are_told_to_come_again(served):
    """No device may take a MAF without its token for one that has revoked its credential (exit status 3, not 1)."""
    maf, token, clients = served
    token.away()
    for client in clients.values():
        with pytest.raises(Failed, match="cannot serve at the moment") as failed:
            client.json("discover")
        assert failed.value.returncode == 3
    token.back()
    for client in clients.values():
        wait_for(lambda: works(client), "a device is not served")


def test_workers_that_start_meanwhile_are_back_soon(served):
    """Whoever starts without the TPM is tried again every few seconds, however long it is away."""
    maf, token, clients = served
    mark = maf.log_mark()
    token.away()
    os.kill(maf.worker_pids()[0], signal.SIGKILL)

    def pauses():
        return [int(ms) for ms in re.findall(r"no connection with swtpm.*started again in (\d+) ms", maf.log_since(mark))]

    wait_for(lambda: len(pauses()) >= 6, "no worker is started again")
    assert max(pauses()) <= 3000
    token.back()
    wait_for(lambda: "2 of 2 workers serve" in maf.log_since(mark), "the worker does not come back")
    for client in clients.values():
        wait_for(lambda: works(client), "a device is not served")
