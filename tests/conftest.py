"""Shared by all Python tests: where the build is, and a MAF per test module and token kind."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.build import release_build  # noqa: E402
from harness.maf import Maf  # noqa: E402
from harness.token import KINDS as TOKENS, Token  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left out of ci/test --quick")
    config.addinivalue_line("markers", "psk: about clients with pre-shared keys only")
    config.addinivalue_line("markers", "certificate: about clients with certificates only")


@pytest.fixture(scope="session")
def build():
    return release_build()


@pytest.fixture(params=TOKENS)
def token_kind(request):
    return request.param


@pytest.fixture
def token(token_kind, tmp_path):
    return Token(token_kind, tmp_path / "token")


@pytest.fixture
def softhsm(tmp_path):
    return Token("softhsm", tmp_path / "token")


@pytest.fixture
def maf(softhsm, tmp_path):
    """A running MAF on a fresh SoftHSM token, with one stakeholder."""
    with Maf(softhsm, tmp_path / "maf") as running:
        yield running


@pytest.fixture(scope="module", params=TOKENS)
def shared_maf(request, tmp_path_factory):
    """One MAF for a whole module; tests add clients of their own and do not break it."""
    base = tmp_path_factory.mktemp("shared")
    with Maf(Token(request.param, base / "token"), base / "maf") as running:
        yield running
