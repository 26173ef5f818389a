"""What the sanitizers do not see, since they do not see into libraries: memcheck on the ways of a key into and out of each token,
and on its use in TLS."""
import subprocess

import pytest

from harness.build import program

RUNS = ["unit-tpm-bus", "unit-se-key swtpm", "unit-se-key softhsm", "unit-se-forms swtpm-plain", "unit-tls-handshake softhsm",
        "unit-tls-tls13 softhsm", "unit-tls-export softhsm"]


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNS)
def test_memcheck(command):
    name, *kind = command.split()
    result = subprocess.run(["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite",
                             program(name), *kind], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, (result.stdout + result.stderr)[-6000:]
