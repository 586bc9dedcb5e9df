"""Packages of other projects from npm: fetched once, pinned by hash, kept outside of the repository."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache" / "npm-packages"


def _npm() -> str | None:
    """Return the machine's npm, or what `make.py` got from PyPI."""
    own = REPOSITORY / ".cache" / "node-commands" / "npm"
    return shutil.which("npm") or (str(own) if own.exists() else None)


def unpacked(package: str, version: str, sha256: str, inner: str) -> Path:
    """Return the folder ``inner`` of a package; without npm or its registry the test is skipped."""
    name = f"{package.removeprefix('@').replace('/', '-')}-{version}"
    folder = CACHE / name
    if folder.exists():
        return folder
    npm = _npm()
    if npm is None:
        pytest.skip("npm is not installed")
    work = CACHE / f"{name}-{os.getpid()}"
    work.mkdir(parents=True)
    try:
        command = [npm, "pack", f"{package}@{version}", "--silent", "--pack-destination", work]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode != 0:
            pytest.skip(f"{package} cannot be had from the npm registry: {done.stderr[-300:]}")
        file = work / f"{name}.tgz"
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        assert found == sha256, f"{file.name} is another than the one that was looked at: {found}"
        with tarfile.open(file) as archive:
            archive.extractall(work, filter="data")
        with contextlib.suppress(OSError):  # another process of the same test run was first
            (work / "package" / inner).rename(folder)
    finally:
        shutil.rmtree(work)
    return folder
