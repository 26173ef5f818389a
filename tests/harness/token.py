"""A fresh token of a kind in a directory, made by the program test-token."""
import os
import pathlib
import subprocess

from .build import program


class Token:
    def __init__(self, kind, directory, extra_env=None):
        self.kind = kind
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        made = subprocess.run([program("test-token"), kind, str(self.dir)], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **(extra_env or {})})
        if made.returncode != 0:
            raise RuntimeError(f"test-token {kind}: {made.stderr}")
        facts = dict(line.split("=", 1) for line in made.stdout.splitlines() if "=" in line)
        self.uri = facts.pop("URI")
        self.pin_source = facts.pop("PIN_SOURCE", "")
        self.extra_env = facts

    def env(self):
        """The environment for a process that uses this token."""
        env = dict(os.environ)
        env.update(self.extra_env)
        return env

    def options(self):
        """--token and --pin-source for mafadm and maf."""
        return ["--token", self.uri] + (["--pin-source", self.pin_source] if self.pin_source else [])
