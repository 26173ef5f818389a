"""Fixtures of the conformance suite: every test runs over each binding and on each token."""
import pytest

from binding import BINDINGS, Device
from harness.authorities import Certified
from harness.maf import Maf
from harness.mef import Mef
from harness.token import KINDS as TOKENS, Token
from harness.walk import World
from mef import MefDevice


# One binding is enough for the inner loop; the others must behave the same, and ci/test sees that they do.
QUICK = "https-json"


def pytest_collection_modifyitems(config, items):
    """What is said of pre-shared keys is not asked of clients with certificates, nor the other way round."""
    def wanted(item):
        if not hasattr(item, "callspec"):
            return True
        by_certificate = item.callspec.params.get("binding", "").endswith("-certificate")
        return not item.get_closest_marker("psk" if by_certificate else "certificate")

    deselected = [item for item in items if not wanted(item)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if wanted(item)]


@pytest.fixture(scope="module", params=TOKENS)
def shared_maf(request, tmp_path_factory):
    """One MAF for a whole module, with certificates beside pre-shared keys; tests add clients of their own."""
    base = tmp_path_factory.mktemp("shared")
    maf = Maf(Token(request.param, base / "token"), base / "maf")
    maf.certified = Certified(maf, base / "pki")
    with maf as running:
        yield running


@pytest.fixture(params=[pytest.param(name, marks=() if name == QUICK else pytest.mark.slow) for name in sorted(BINDINGS)])
def binding(request):
    return BINDINGS[request.param]


@pytest.fixture
def device(shared_maf, binding):
    """Makes devices of the shared MAF; ends their sessions afterwards."""
    made = []

    def make(**options):
        made.append(Device(shared_maf, binding, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def source(device):
    """A registered client."""
    one = device()
    one.registered()
    return one


@pytest.fixture
def target(device):
    return device()


@pytest.fixture(scope="module", params=TOKENS)
def shared_mef(request, tmp_path_factory):
    """One MEF for a whole module, with certificates beside pre-shared keys; tests add clients of their own."""
    base = tmp_path_factory.mktemp("shared")
    settings = [("mef", "device-config-uri", "3:coaps://lwm2m.example.com")]
    mef = Mef(Token(request.param, base / "token"), base / "mef", settings=settings)
    mef.certified = Certified(mef, base / "pki")
    with mef as running:
        yield running


@pytest.fixture
def mef_device(shared_mef, binding):
    """Makes clients of the shared MEF; ends their sessions afterwards."""
    made = []

    def make(**options):
        made.append(MefDevice(shared_mef, binding, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module", params=TOKENS)
def worlds(request, tmp_path_factory):
    """A MAF and a MEF that know each other, for a whole module: by a KpmID, and by certificates. Each is made when it is needed."""
    made = {}

    def get(by_certificate):
        if by_certificate not in made:
            # all its clients have one address, and many of them a KeID that is refused
            limits = [("maf", "unknown-keids", "1000"), ("maf", "unknown-keids-per-address", "1000")]
            made[by_certificate] = World(tmp_path_factory.mktemp("world"), request.param, by_certificate=by_certificate,
                                         maf_settings=limits)
        return made[by_certificate]

    yield get
    for world in made.values():
        world.__exit__()


@pytest.fixture
def world(worlds, binding):
    return worlds(getattr(binding, "certificates", False))
