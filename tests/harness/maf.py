"""A MAF for tests: its directory, mafadm, and mafd as a child process."""
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time

from .build import program

FQDN = "maf.example.com"
ADMIN = "admin.example.com"


class Failed(Exception):
    """A command ended with a status other than 0."""

    def __init__(self, command, result):
        super().__init__(f"{' '.join(command)}: exit {result.returncode}: {result.stderr.strip()}")
        self.returncode = result.returncode
        self.stderr = result.stderr


def run(command, env=None, timeout=60, input=None):
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env, input=input)
    if result.returncode != 0:
        raise Failed(command, result)
    return result.stdout


def wait_for(condition, what, seconds=30):
    """Polls until condition() is true. Fails loudly; the bound is only against hanging for ever."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        select.select([], [], [], 0.02)


class Maf:
    """Mef (mef.py) is the same with other names."""
    daemon, command, section, default_fqdn = "mafd", "mafadm", "maf", FQDN
    label = "EXPORTER-oneM2M-Connection"

    def __init__(self, token, directory, workers=1, custody="session", fqdn=None, settings=()):
        fqdn = fqdn or self.default_fqdn
        self.token, self.dir, self.fqdn = token, pathlib.Path(directory), fqdn
        self.process = None
        self.port = self.coaps_port = self.coaps_tcp_port = None
        self.log_path = self.dir.parent / (self.dir.name + ".log")
        self.adm("init", "--fqdn", fqdn, "--https", "127.0.0.1:0", *token.options())
        self.configure(self.section, "custody", custody)
        self.configure("daemon", "workers", str(workers))
        self.configure("coaps", "listen", "127.0.0.1:0")
        self.configure("coaps+tcp", "listen", "127.0.0.1:0")
        for section, key, value in settings:
            self.configure(section, key, value)
        self.adm("stakeholder", "add", ADMIN)

    # -- the operator --

    def adm(self, *args, input=None):
        words = [a for a in args]
        return run([program(self.command), *words, "--dir", str(self.dir)], env=self.token.env(), input=input)

    def adm_json(self, *args):
        return json.loads(self.adm(*args, "--json"))

    def configure(self, section, key, value):
        """Sets one key of the configuration, in place."""
        path = self.dir / f"{self.daemon}.conf"
        lines, out, here, done = path.read_text().splitlines(), [], None, False
        for line in lines:
            head = re.match(r"\[([\w+]+)\]", line)
            if head:
                if here == section and not done:
                    out.append(f"{key} = {value}")
                    done = True
                here = head.group(1)
            elif here == section and re.match(rf"#?\s*{re.escape(key)}\s*=", line) and not done:
                line, done = f"{key} = {value}", True
            out.append(line)
        if not done:
            if here != section:
                out.append(f"[{section}]")
            out.append(f"{key} = {value}")
        path.write_text("\n".join(out) + "\n")

    def policy(self, document, admin=ADMIN):
        path = self.dir.parent / "policy.json"
        path.write_text(json.dumps(document))
        self.adm("stakeholder", "policy", admin, "--file", str(path))

    def add_client(self, identity, kmid=None, admin=ADMIN, **options):
        """Returns {"kmid", "id", "km" (hex)}."""
        args = ["client", "add", "--id", identity, "--stakeholder", admin, "--generate", "--show-km"]
        if kmid:
            args += ["--kmid", kmid]
        for name, value in options.items():
            args += ["--" + name, value]
        return json.loads(self.adm(*args))

    # -- the daemon --

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([program(self.daemon), "--dir", str(self.dir)], env=self.token.env(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: self.process.poll() is not None or "ready" in self.log_since(self._start_mark),
                 f"{self.daemon} did not get ready")
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.daemon} ended: {self.log()}")
        self.port, self.coaps_port, self.coaps_tcp_port = (self._bound(name) for name in ("https", "coaps", "coaps+tcp"))
        return self

    def _bound(self, binding):
        """The port of a binding, None when it is off."""
        path = self.dir / "run" / f"{binding}.port"
        return int(path.read_text()) if path.exists() else None

    _start_mark = 0

    def log_mark(self):
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_since(self, mark):
        with open(self.log_path, "rb") as f:
            f.seek(mark)
            return f.read().decode(errors="replace")

    def stop(self, sig=signal.SIGTERM):
        """Ends the daemon by its process id; returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sig)
        status = self.process.wait(timeout=30)
        self.process = None
        self._start_mark = self.log_mark()
        return status

    def crash(self):
        """Kills the supervisor; its workers end with it."""
        workers = [os.pidfd_open(pid) for pid in self.worker_pids()]
        self.stop(signal.SIGKILL)
        for fd in workers:
            if not select.select([fd], [], [], 30)[0]:
                raise TimeoutError("workers outlive the daemon")
            os.close(fd)

    def worker_pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(p) for p in children.read_text().split()]

    def pids(self):
        return [self.process.pid, *self.worker_pids()]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
