"""A part of ci/bench: what the clients of a MAF notice of a MEF that never answers.

One worker serves a client that makes one handshake after another. Half of the time a stream of clients names KeIDs that nobody
knows; the MAF asks the MEF for them and waits. The figure is the 99th percentile of the first client's handshakes in those times
over that of the undisturbed ones; short times of both kinds take turns."""
import json
import pathlib
import subprocess
import tempfile

RATE = 20  # clients with an unknown KeID a second
SERVERS = ("silent", "deaf", "mute")  # accepts and says nothing; drops SYN; completes TLS and says nothing
WAYS = ("TLS", "DTLS")


def make_server(name, mef):
    from harness.silent import Deaf, Mute, Silent
    return Mute(mef.port) if name == "mute" else {"silent": Silent, "deaf": Deaf}[name]()


def latency(maf, way, identity, key, seconds, *options):
    """A running bench-latency."""
    from harness.build import program
    from harness.maf import FQDN
    child = subprocess.Popen([program("bench-latency"), *(["-d"] if way == "DTLS" else []), *options, "127.0.0.1",
                              str(maf.coaps_port if way == "DTLS" else maf.port), FQDN, identity, str(seconds)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdin.write(key + "\n")
    child.stdin.close()
    return child


def result(child):
    out = child.stdout.read()
    child.stdout.close()
    if child.wait() != 0:
        raise RuntimeError(f"bench-latency: exit {child.returncode}")
    return json.loads(out)


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def one(maf, way, client, mef_fqdn, seconds, rounds):
    """Undisturbed and disturbed times in turn; of several such pairs the median one counts, so that what else the machine does
    counts in neither."""
    pairs, unknown, count = [], 0, 0
    for _ in range(rounds):
        quiet = result(latency(maf, way, client["kmid"], client["km"], seconds))
        stream = latency(maf, way, "@" + mef_fqdn, "00" * 32, seconds + 1, "-k", str(RATE))
        disturbed = result(latency(maf, way, client["kmid"], client["km"], seconds))
        unknown += result(stream)["began"]
        count += len(disturbed)
        pairs.append([percentile(values, p) for p in (0.99, 0.5) for values in (disturbed, quiet)])
    p99, quiet_p99, p50, quiet_p50 = sorted(pairs, key=lambda p: p[0] / p[1])[len(pairs) // 2]
    return {"handshakes": count, "unknown_keids": unknown, "p99_us": p99, "quiet_p99_us": quiet_p99, "p50_us": p50,
            "quiet_p50_us": quiet_p50, "ratio": round(p99 / quiet_p99, 3), "ratios": [round(p[0] / p[1], 2) for p in pairs]}


def silent_mef(make_token, kind, server_name, seconds, rounds):
    """Figures over TLS and over DTLS for one kind of silence."""
    from harness.maf import Maf
    from harness.mef import Mef
    from harness.walk import introduce
    with tempfile.TemporaryDirectory() as scratch:
        base = pathlib.Path(scratch)
        with Mef(make_token(kind, base / "mef-token"), base / "mef") as mef, \
                Maf(make_token(kind, base / "token"), base / "maf", settings=[("coaps", "max-sessions-per-address", "1000")]) as maf:
            client = maf.add_client("//sp.example.com/cse1/Cother")
            server = make_server(server_name, mef)
            introduce(maf, mef, address=f"127.0.0.1:{server.port}")
            try:
                found = [{"token": kind, "mef": server_name, "over": way, **one(maf, way, client, mef.fqdn, seconds, rounds)} for way in WAYS]
            finally:
                server.close()
            if "no answer within" not in maf.log():
                raise RuntimeError(f"the {server_name} MEF was never waited for")
            return found


def show(figures):
    return (f"a MEF that is {figures['mef']}, {figures['over']}, {figures['token']}: 99th percentile of other clients' handshakes "
            f"{figures['p99_us']} us = {figures['ratio']} x undisturbed ({figures['quiet_p99_us']} us), median "
            f"{figures['p50_us']} and {figures['quiet_p50_us']} us")
