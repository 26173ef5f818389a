"""Management objects, and commands of a MEF that name them (docs/formats.md)."""
import json

PSK_SUITES = ["TLS_PSK_WITH_AES_128_CBC_SHA256", "TLS_PSK_WITH_AES_128_CCM_8"]
CERTIFICATE_SUITES = ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"]

PROFILE, ANCHOR, MAF_CFG = 1, 2, 3  # objectTypeID


def node(path, object_type, suid=None):
    args = {"obp": path, "oti": object_type}
    if suid is not None:
        args["otsa"] = {"suid": suid}
    return {"cmci": 3, "cmar": {"mnca": args}}


def device(uri, management=3):
    return {"cmci": 2, "cmar": {"dcca": {"dcfu": f"{management}:{uri}"}}}


def certificate(uri, subject, subject_type=3, protocol=1):
    return {"cmci": 1, "cmar": {"cpca": {"cppi": protocol, "uri": uri, "csty": subject_type, "csid": subject}}}


def put(client, path, **members):
    client.maf("object", "set", path, "-", input=json.dumps(members))


def profile(client, path, suid, **members):
    suites = {} if suid % 10 == 3 else {"TLSCiphersuites": CERTIFICATE_SUITES if suid >= 40 else PSK_SUITES}
    put(client, path, type="authenticationProfile", suid=suid, **({**suites, **members}))


def commands(client):
    """Runs what is queued: [(cmdID, status)], and the answer of the last call."""
    said = client.json("mef", "commands")
    return [(c["cmdID"], c["cmdStatusCode"]) for c in said["commands"]], said
