"""Paths of the build under test. OPENMAF_BUILD names another build directory than build/release."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_dir(preset):
    return ROOT / "build" / preset


def release_build():
    path = pathlib.Path(os.environ.get("OPENMAF_BUILD", build_dir("release")))
    if not (path / "bin" / "mafd").exists():
        raise RuntimeError(f"{path} holds no build: run ci/build release first")
    return path


def program(name):
    return str(release_build() / "bin" / name)
