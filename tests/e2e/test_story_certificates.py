"""From nothing to a fleet with certificates, as docs/certificates.md tells it: `mafadm`, `maf` and `mafd`, with pre-shared keys
and certificates side by side."""
import json
import re
import signal

import pytest
from harness.certificates import SP, openssl
from harness.client import BINDINGS, Client
from harness.maf import ADMIN, FQDN, Failed, Maf, wait_for
from harness.peers import OpensslPeer
from harness.token import Token


class Fleet:
    def __init__(self, kind, base, custody="session"):
        self.kind, self.base, self.n = kind, base, 0
        self.maf = maf = Maf(Token(kind, base / "token"), base / "maf", custody=custody)
        maf.adm("ca", "init", "--domain", SP)
        maf.adm("cert", "issue", "--flavour", "fqdn", "--key", "maf")
        for section, key, value in (("certificate", "key", "maf"), ("certificate", "chain", "token:maf"),
                                    ("clients", "crls", "ca/entity.crl.pem ca/node.crl.pem")):
            maf.configure(section, key, value)

    def client(self, identity=None, **how):
        self.n += 1
        identity = identity or f"//{SP}/cse{self.n}/Cae{self.n}"
        return Client(Token(self.kind, self.base / f"token{self.n}"), self.base / f"home{self.n}", identity, self.maf, **how)

    def issue(self, client, flavour="ae", name=None, **options):
        """A request, its certificate and the bundle taken in; returns what mafadm says of the certificate."""
        self.n += 1
        csr, bundle = self.base / f"{self.n}.csr", self.base / f"{self.n}.bundle"
        names = ["--name", name] if name else []
        client.maf("csr", "--flavour", flavour, *names, "--out", str(csr))
        extra = [w for o, v in options.items() for w in ("--" + o, v)]
        made = json.loads(self.maf.adm("cert", "issue", "--flavour", flavour, "--name", name or client.id, "--csr", str(csr),
                                       *extra, "--json"))
        self.maf.adm("bundle", "--stakeholder", ADMIN, "--certificate", made["serial"], "--out", str(bundle))
        client.maf("credential", "import", "--bundle", str(bundle))
        return made

    def permit(self, client, flavour="ae", name=None):
        names = ["--name", name] if name else []
        anchor = self.maf.dir / "ca" / ("entity.pem" if flavour in ("ae", "cse") else "node.pem")
        self.maf.adm("client", "add", "--flavour", flavour, "--id", client.id, *names, "--cert-anchor", str(anchor),
                     "--stakeholder", ADMIN)

    def enrol(self, client, flavour="ae", name=None, **options):
        made = self.issue(client, flavour, name, **options)
        self.permit(client, flavour, name)
        return made

    def member(self, **how):
        client = self.client(**how)
        client.made = self.enrol(client)
        client.register()
        return client

    def psk_member(self, **how):
        client = self.client(**how)
        credential = self.maf.add_client(client.id)
        client.import_km(credential["kmid"], credential["km"])
        client.register()
        return client


@pytest.fixture(scope="module", params=[pytest.param(("softhsm", "session"), id="softhsm-session"),
                                        pytest.param(("softhsm", "psk"), id="softhsm-psk", marks=pytest.mark.slow),
                                        pytest.param(("softokn", "session"), id="softokn-session")])
def fleet(request, tmp_path_factory):
    kind, custody = request.param
    made = Fleet(kind, tmp_path_factory.mktemp("fleet"), custody)
    made.custody = custody
    with made.maf:
        yield made


@pytest.fixture
def own_fleet(tmp_path):
    made = Fleet("softhsm", tmp_path)
    with made.maf:
        yield made


def share(source, target):
    """The Source registers a key by exporter, the Target fetches it: both hold the same."""
    key = source.json("key", "register", "--stakeholder", ADMIN, "--suid", "32", "--target", target.id)
    got = target.json("key", "retrieve", key["keyIdentifier"])
    assert got["check"] == key["check"] and got["source"] == source.id
    return key["keyIdentifier"]


@pytest.mark.parametrize("binding", BINDINGS)
def test_MAF_HS_4_MAF_KR_15_certificates_share_keys_on_every_binding(fleet, binding):
    source, target = (fleet.member(binding=binding, custody=fleet.custody) for _ in range(2))
    share(source, target)


@pytest.mark.parametrize("by,to", [("member", "psk_member"), ("psk_member", "member")])
@pytest.mark.parametrize("binding", BINDINGS)
def test_a_mixed_fleet_shares_keys(fleet, binding, by, to):
    share(getattr(fleet, by)(binding=binding), getattr(fleet, to)(binding="https"))


@pytest.mark.parametrize("flavour,identity,name", [("cse", f"//{SP}/cse7", f"cse7.{SP}"),
                                                   ("node", f"//{SP}/cse8/Cnode", "urn:gsma:imei:90420156-025763-0"),
                                                   ("device", f"//{SP}/cse9/Cdevice", "0.2.481.1:100.3030.10011"),
                                                   ("device", f"//{SP}/cse9/Curn", "urn:dev:mac:0024befffe804ff1")])
def test_MAF_HS_4_every_flavour_registers(fleet, flavour, identity, name):
    client = fleet.client(identity)
    fleet.enrol(client, flavour, name)
    assert client.register()["id"] == identity
    share(client, fleet.psk_member())


def test_the_whole_life(fleet):
    client, other = fleet.member(), fleet.member()
    client.maf("update", "--stakeholder", ADMIN, "--label", "new")
    key = share(client, other)
    assert key.split("@")[0] in client.json("discover")
    client.maf("key", "update", key, "--expires", "5d")
    client.maf("key", "deregister", key)
    with pytest.raises(Failed, match="4004"):
        other.maf("key", "retrieve", key)
    client.maf("deregister", "--stakeholder", ADMIN)


def test_MAF_HS_4_who_is_not_known_is_refused(fleet):
    """A certificate of the right authority, and no entry at the MAF: refused as any other, with nothing to tell why."""
    client = fleet.client()
    fleet.issue(client)
    with pytest.raises(Failed, match="refused the handshake"):
        client.register()
    fleet.permit(client)
    client.register()


def test_renewal(fleet):
    client, target = fleet.member(), fleet.member()
    first = client.made["serial"]
    second = fleet.issue(client)["serial"]
    assert first != second
    share(client, target)
    assert len(client.json("credential", "list")) == 2


def test_MAF_HS_3_another_maf_is_not_taken_for_ours(fleet, tmp_path):
    """A MAF of the same name with authorities of its own."""
    other = Fleet("softhsm", tmp_path)
    with other.maf:
        client = fleet.client(address=f"127.0.0.1:{other.maf.port}")
        fleet.enrol(client)
        with pytest.raises(Failed, match="trust anchor"):
            client.register()


def test_revocation_reaches_the_maf(own_fleet):
    client, other = own_fleet.member(), own_fleet.member()
    own_fleet.maf.adm("cert", "revoke", client.made["serial"])

    def refused():
        try:
            client.maf("discover")
        except Failed as e:
            return "refused the handshake" in str(e)
        return False

    wait_for(refused, "the revoked certificate still serves")
    other.maf("discover")
    renewed = own_fleet.issue(client)
    client.maf("discover")
    assert renewed["serial"] != client.made["serial"]


def test_the_mafs_certificate_is_renewed_by_a_reload(own_fleet):
    maf, client = own_fleet.maf, own_fleet.member()

    def serial():
        shown = openssl("s_client", "-connect", f"127.0.0.1:{maf.port}", "-servername", FQDN, "-tls1_2", "-cipher",
                        "ECDHE-ECDSA-AES128-SHA256", check=False)
        return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.S).group(0)

    before = serial()
    maf.adm("cert", "issue", "--flavour", "fqdn", "--key", "maf")
    mark = maf.log_mark()
    maf.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "ready" in maf.log_since(mark), "no reload")
    wait_for(lambda: serial() != before, "the old certificate is still shown")
    client.maf("discover")


def test_bundles_give_each_stakeholder_its_credential(own_fleet):
    maf, second = own_fleet.maf, "second.example.com"
    maf.adm("stakeholder", "add", second)
    client = own_fleet.client()
    own_fleet.enrol(client)
    credential = maf.add_client(client.id, admin=second)
    client.import_km(credential["kmid"], credential["km"])
    bundle = own_fleet.base / "second"
    maf.adm("bundle", "--stakeholder", second, "--kmid", credential["kmid"], "--out", str(bundle))
    client.maf("credential", "import", "--bundle", str(bundle))
    client.register(ADMIN)
    client.register(second)
    maf.adm("client", "revoke", credential["kmid"])
    client.maf("update", "--stakeholder", ADMIN, "--label", "a")
    with pytest.raises(Failed, match="refused the handshake"):
        client.maf("update", "--stakeholder", second, "--label", "b")


def test_psk_clients_see_no_difference(own_fleet):
    credential = own_fleet.maf.add_client(f"//{SP}/cse1/Cforeign")
    with OpensslPeer(own_fleet.maf, credential) as peer:
        assert peer.exported
