"""DTLS sessions and workers: a restart of one worker disturbs its own sessions only, and clients recover without help."""
import concurrent.futures
import os
import re
import signal

import pytest
from harness import coap
from harness.coap import CoapPeer
from harness.maf import Maf, wait_for

WORKERS, PEERS = 4, 24


def get(peer, client):
    """One RETRIEVE of the base; False when the session is over or nobody answers."""
    options = [(coap.URI_PATH, b"-"), (coap.FR, client["id"].encode()), (coap.RQI, b"r1"), (coap.RVI, b"3")]
    try:
        return peer.request(1, options).rsc == 2000
    except EOFError:
        return False


def ask_all(peers, client):
    """get() of every peer at the same time: those that wait in vain do so together."""
    with concurrent.futures.ThreadPoolExecutor(len(peers)) as pool:
        return list(pool.map(lambda p: get(p, client), peers))


def sessions(maf):
    """DTLS sessions of each worker, by process id."""
    found = {}
    for pid in maf.worker_pids():
        mark = maf.log_mark()
        os.kill(pid, signal.SIGUSR1)
        wait_for(lambda: "coaps: sessions" in maf.log_since(mark), "no counters")
        found[pid] = int(re.search(r"coaps: sessions (\d+)", maf.log_since(mark)).group(1))
    return found


@pytest.mark.slow
def test_restart_of_a_worker_disturbs_its_own_sessions_only(softhsm, tmp_path):
    with Maf(softhsm, tmp_path / "maf", workers=WORKERS) as maf:
        client = maf.add_client("//sp.example.com/cse1/Cone")
        peers = [CoapPeer(maf, client) for _ in range(PEERS)]
        try:
            assert all(get(p, client) for p in peers)
            spread = sessions(maf)
            assert sum(spread.values()) == PEERS and sum(n > 0 for n in spread.values()) > 1, spread
            victim = max(spread, key=spread.get)
            mark = maf.log_mark()
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: f"{WORKERS} of {WORKERS} workers serve" in maf.log_since(mark), "no new worker")
            left = {pid: n for pid, n in sessions(maf).items() if pid in spread}
            assert left == {pid: n for pid, n in spread.items() if pid != victim}
            lost = PEERS - sum(ask_all(peers, client))
            assert lost == spread[victim], (lost, spread)
            peers.append(CoapPeer(maf, client))
            assert get(peers[-1], client)
        finally:
            for p in peers:
                p.process.kill()
                p.close()


@pytest.mark.slow
def test_clients_recover_when_all_workers_are_lost(softhsm, tmp_path):
    with Maf(softhsm, tmp_path / "maf", workers=2) as maf:
        credential = maf.add_client("//sp.example.com/cse1/Cdevice")
        with CoapPeer(maf, credential) as peer:
            assert get(peer, credential)
            mark = maf.log_mark()
            for pid in maf.worker_pids():
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: "2 of 2 workers serve" in maf.log_since(mark), "no new workers")
            assert not get(peer, credential)
        with CoapPeer(maf, credential) as peer:
            assert get(peer, credential)


def test_reload_ends_sessions_with_a_word(softhsm, tmp_path):
    """A new generation takes over: sessions of the old one are closed, not forgotten, and new ones are served."""
    with Maf(softhsm, tmp_path / "maf", workers=2) as maf:
        credential = maf.add_client("//sp.example.com/cse1/Cdevice")
        for workers in (2, 3, 1):
            with CoapPeer(maf, credential) as peer:
                assert get(peer, credential)
                maf.configure("daemon", "workers", str(workers))
                before = set(maf.worker_pids())
                maf.process.send_signal(signal.SIGHUP)
                wait_for(lambda: len(maf.worker_pids()) == workers and not before & set(maf.worker_pids()), "no reload")
                assert not get(peer, credential)  # at once: close_notify came
            with CoapPeer(maf, credential) as peer:
                assert get(peer, credential)
