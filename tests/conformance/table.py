"""Examine Hounsfield and Debian's Orthanc, and put down what came of it.

uv run python -m tests.conformance.table docs/dicomweb-conformance.md
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import servers

HERE = Path(__file__).parent
OUTCOMES = ("passed", "failed", "not offered")

HEAD = """\
# DICOMweb, section by section

What `tests/conformance` finds when it looks at a server from outside, over HTTP alone. Each test is a sentence that the
standard (PS3.18, current edition) says of a server, or of HTTP; a comment in it names the clause or the line of our
checklist. The tests bring their own instances. They run with all others against a server of ours in which nothing may
be missing, and against any other server by

```
uv run pytest tests/conformance --dicomweb-url http://HOST/dicom-web [--wado-uri http://HOST/wado] [--report FILE.json]
```

This page is made by `uv run python -m tests.conformance.table docs/dicomweb-conformance.md`. "Not offered" are tests
of something that the server says it does not have (404, 405, 406, 415 or 501 where success is asked for) or that the
standard leaves to it. The tests are ours, and so is the reading of the standard in them; what another server does
differently is told below by name, so that it can be checked.

Not examined, as Hounsfield does not have them: the Non-Patient Instance Service (chapter 12), and rendered volumes and
MPR of 10.4. DELETE is no transaction of the standard.

"""


class Examined:
    """A server, its name with version, and the outcome of each test."""

    def __init__(self, name: str, tests: list[dict]) -> None:
        self.name = name
        self.tests = tests

    def count(self, section: str | None = None) -> list[int]:
        found = Counter(t["outcome"] for t in self.tests if section in (None, t["section"]))
        return [found[outcome] for outcome in OUTCOMES]

    def named(self, outcome: str) -> dict[str, list[str]]:
        """Return sentences by section."""
        found: dict[str, list[str]] = {}
        for test in self.tests:
            if test["outcome"] == outcome:
                name, _, case = test["test"].removeprefix("test_").partition("[")
                sentences = found.setdefault(test["section"], [])
                sentences.append(name.replace("_", " ") + (f" ({case[:-1]})" if case else ""))
        return found


def examine(name: str, *options: str) -> Examined:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider",
                   str(HERE), "--report", str(report), *options]  # fmt: skip
        subprocess.run(command, check=False, timeout=900)
        return Examined(name, json.loads(report.read_text())["tests"])


def told(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def examine_orthanc() -> Examined:
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.running(servers.Orthanc, Path(folder)) as orthanc,
    ):
        core = told(f"{orthanc.http}/system")["Version"]
        plugin = told(f"{orthanc.http}/plugins/dicom-web")["Version"]
        name = f"Orthanc {core}, DICOMweb {plugin}"
        wado = f"{orthanc.http}/wado"
        return examine(name, "--dicomweb-url", orthanc.dicomweb, "--wado-uri", wado)


def natural(section: str) -> tuple:
    number = section.split(" ", maxsplit=1)[0].split(",", maxsplit=1)[0]
    return tuple(int(part) if part.isdigit() else 99 for part in number.split(".")), section


def page(examined: list[Examined]) -> str:
    sections = sorted({t["section"] for e in examined for t in e.tests}, key=natural)
    text = (
        HEAD + f"Date: {time.strftime('%Y-%m-%d')}. Each cell: passed / failed / not offered.\n\n"
    )
    text += "| PS3.18 | " + " | ".join(e.name for e in examined) + " |\n"
    text += "|---|" + "---|" * len(examined) + "\n"
    for section in [*sections, None]:
        cells = [" / ".join(map(str, e.count(section))) for e in examined]
        text += f"| {section or '**All**'} | " + " | ".join(cells) + " |\n"
    for one in examined:
        for outcome in ("failed", "not offered"):
            found = one.named(outcome)
            if found:
                text += f"\n## {one.name}: {outcome}\n"
            for section in sorted(found, key=natural):
                text += f"\n**{section}**\n\n"
                text += "".join(f"- {sentence}\n" for sentence in sorted(found[section]))
    return text


def main(arguments: list[str]) -> int:
    ours = examine(f"Hounsfield {version('hounsfield')}")
    text = page([ours, examine_orthanc()])
    if arguments:
        Path(arguments[0]).write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
