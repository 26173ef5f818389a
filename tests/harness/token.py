"""A fresh token of a kind in a directory, made by the program test-token."""
import os
import pathlib
import re
import select
import signal
import subprocess
import weakref

from .build import ROOT, program

# What every suite of the whole runs on. The way to swtpm is not encrypted there, for the time that it takes; other tests do
# encrypt it.
KINDS = ("softhsm", "softokn", "swtpm-plain")


def end_process(pid_of):
    """Kills the process and waits for its end; it is not our child."""
    pid = pid_of.pop("SWTPM_PID", None)
    if pid is None:
        return
    try:
        fd = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return
    os.kill(int(pid), signal.SIGKILL)
    select.select([fd], [], [], 10)
    os.close(fd)


class Token:
    """swtpm of kinds swtpm and swtpm-plain ends with the object, and in any case with this process."""

    def __init__(self, kind, directory, extra_env=None):
        self.kind, self.making_env = kind, {**os.environ, **(extra_env or {})}
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.process = {}
        weakref.finalize(self, end_process, self.process)
        self.back()

    def back(self):
        """Makes the token; starts swtpm again after away()."""
        made = subprocess.run([program("test-token"), self.kind, str(self.dir), str(os.getpid())], capture_output=True,
                              text=True, timeout=60, env=self.making_env)
        if made.returncode != 0:
            raise RuntimeError(f"test-token {self.kind}: {made.stderr}")
        facts = dict(line.split("=", 1) for line in made.stdout.splitlines() if "=" in line)
        self.uri = facts.pop("URI")
        self.pin_source = facts.pop("PIN_SOURCE", "")
        if "SWTPM_PID" in facts:
            self.process["SWTPM_PID"] = facts.pop("SWTPM_PID")
        self.extra_env = facts

    def away(self):
        """Takes the TPM away: kills swtpm."""
        end_process(self.process)

    @property
    def tcti(self):
        """How tpm2-tss names the swtpm of this token."""
        return self.uri.split("tcti=")[1].split(";")[0]

    def only_what_is_needed(self):
        """SoftHSM with the mechanisms of provisioning/softhsm2.conf, as docs recommend it, instead of all."""
        template = (ROOT / "provisioning" / "softhsm2.conf").read_text()
        with open(self.extra_env["SOFTHSM2_CONF"], "a") as conf:
            conf.write(re.search(r"^slots\.mechanisms = .*\n", template, re.M).group())
        return self

    def env(self):
        """The environment for a process that uses this token."""
        env = dict(os.environ)
        env.update(self.extra_env)
        return env

    def options(self):
        """--token and --pin-source for mafadm and maf."""
        return ["--token", self.uri] + (["--pin-source", self.pin_source] if self.pin_source else [])
