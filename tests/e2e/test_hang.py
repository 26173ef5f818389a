"""A token that does not answer while a worker starts: the worker is killed, and does not hold up the others for ever."""
import os
import re
import signal

import pytest
from harness.build import release_build
from harness.maf import Maf, wait_for
from harness.peers import OpensslPeer, http


@pytest.fixture
def hanging(softhsm, tmp_path):
    """A MAF whose token answers no login while the file `hang` is there."""
    softhsm.extra_env["TEST_TROUBLE_MODULE"] = re.search(r"module-path=([^&]*)", softhsm.uri).group(1)
    softhsm.extra_env["TEST_TROUBLE_HANG"] = str(tmp_path / "hang")
    softhsm.uri = re.sub(r"module-path=[^&]*", f"module-path={release_build()}/lib/test-pkcs11-trouble.so", softhsm.uri)
    return Maf(softhsm, tmp_path / "maf", settings=[("daemon", "start-timeout", "1")]), tmp_path / "hang"


def test_mafd_gives_up_when_no_worker_starts(hanging):
    maf, hang = hanging
    hang.touch()
    with pytest.raises(RuntimeError, match="did not start in time: the token"):
        maf.start()
    assert maf.process.returncode == 1


def test_a_hanging_start_is_tried_again_and_a_reload_given_up(hanging):
    maf, hang = hanging
    client = maf.add_client("//sp.example.com/cse1/Ca")
    with maf:
        hang.touch()
        mark = maf.log_mark()
        maf.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "did not start in time" in maf.log_since(mark), "the reload is not given up")
        with OpensslPeer(maf, client) as peer:  # the old workers serve
            assert peer.request(http("GET", "/-", client["id"])).rsc == 2000
        wait_for(lambda: len(maf.worker_pids()) == 1, "the new worker stays")
        mark = maf.log_mark()
        os.kill(maf.worker_pids()[0], signal.SIGKILL)
        wait_for(lambda: "did not start within 1 s; killed" in maf.log_since(mark), "a hanging worker is not killed")
        hang.unlink()  # the connection waits in the queue until there is a worker
        with OpensslPeer(maf, client) as peer:
            assert peer.request(http("GET", "/-", client["id"])).rsc == 2000
