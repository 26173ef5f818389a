"""A fresh software TPM (swtpm) on free loopback ports, with its state in a directory."""
import pathlib
import socket
import subprocess

from .maf import wait_for

TRIES = 5


def free_pair():
    """Two neighbouring free ports: a TCTI finds the control channel at the one after the data channel's."""
    while True:
        with socket.socket() as data, socket.socket() as control:
            data.bind(("127.0.0.1", 0))
            port = data.getsockname()[1]
            try:
                control.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Swtpm:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.process = self.port = None
        for _ in range(TRIES):  # somebody else may take a port in between
            if self._start(free_pair()):
                return
        raise RuntimeError("swtpm: " + self.log())

    @property
    def tcti(self):
        return f"swtpm:host=127.0.0.1,port={self.port}"

    def log(self):
        return (self.dir / "swtpm.log").read_text(errors="replace")

    def _start(self, port):
        where = "type=tcp,bindaddr=127.0.0.1,port="
        with open(self.dir / "swtpm.log", "w") as log:
            self.process = subprocess.Popen(
                ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.dir}", "--server", f"{where}{port}", "--ctrl",
                 f"{where}{port + 1}", "--flags", "not-need-init,startup-clear"], stdout=log, stderr=log)
        self.port = port
        wait_for(lambda: self.process.poll() is not None or self._answers(), "swtpm listens")
        return self.process.poll() is None

    def _answers(self):
        """Only the control channel is tried: swtpm serves one connection of each."""
        try:
            with socket.create_connection(("127.0.0.1", self.port + 1)):
                return True
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
