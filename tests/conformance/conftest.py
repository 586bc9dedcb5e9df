"""Our own server, or with --dicomweb-url any other, and the instances that every section looks at.

uv run pytest tests/conformance --dicomweb-url http://host/dicom-web --report FILE.json
"""

import json
import platform
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.conformance import data
from tests.conformance.target import Target
from tests.live import live_server

HERE = Path(__file__).parent


def pytest_addoption(parser):
    group = parser.getgroup("DICOMweb conformance")
    group.addoption("--dicomweb-url", help="base URI of the DICOMweb server to examine; else ours")
    group.addoption("--wado-uri", help="address of its WADO-URI service; else BASE/wado")
    group.addoption("--report", help="JSON file for the outcome of each test by section")


def pytest_collection_modifyitems(items):
    for item in items:
        section = getattr(getattr(item, "module", None), "SECTION", None)
        if section and HERE in item.path.parents:
            item.user_properties.append(("section", section))


def pytest_configure(config):
    if config.getoption("--report", None) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(Path(config.getoption("--report"))))


class Report:
    """Writes what became of each test."""

    def __init__(self, file):
        self.file = file
        self.tests = {}

    def pytest_runtest_logreport(self, report):
        section = dict(report.user_properties).get("section")
        outcome = {"passed": "passed", "failed": "failed", "skipped": "not offered"}[report.outcome]
        if section and (report.when == "call" or outcome != "passed"):
            name = report.nodeid.rpartition("::")[2]
            why = "" if outcome == "passed" else str(report.longrepr)[-400:]
            self.tests[report.nodeid] = {
                "section": section, "test": name, "outcome": outcome, "why": why,
            }  # fmt: skip

    def pytest_sessionfinish(self):
        tests = list(self.tests.values())
        made = {
            "date": time.strftime("%Y-%m-%d"),
            "machine": platform.platform(),
            "totals": Counter(test["outcome"] for test in tests),
            "tests": tests,
        }
        self.file.write_text(json.dumps(made, indent=1))


@pytest.fixture(scope="session")
def target(request, tmp_path_factory):
    url = request.config.getoption("--dicomweb-url", None)
    if url:
        wado_uri = request.config.getoption("--wado-uri") or url.rstrip("/") + "/wado"
        with Target(url, wado_uri, is_ours=False) as there:
            yield there
        return
    with live_server(
        tmp_path_factory.mktemp("conformance"),
        environment={"HOUNSFIELD_WEB_TRUSTED_PROXIES": "127.0.0.1"},
    ) as running:
        with Target(running.dicomweb, running.dicomweb + "/wado", is_ours=True) as ours:
            yield ours
        assert running.is_running
        assert "Traceback" not in running.log.read_text(), running.log_tail()


def stored(target, *instances):
    response = target.store([one.content for one in instances])
    assert response.status_code == 200, response.text
    return instances


@pytest.fixture(scope="session")
def ct(target):
    """A study of two series: three CT images and one MR image."""
    first = data.image(InstanceNumber="1")
    others = [data.image(first.study, first.series, InstanceNumber=str(n)) for n in (2, 3)]
    mr = data.image(
        first.study, SOPClassUID=data.instances.MR_IMAGE, Modality="MR", SeriesNumber="2"
    )
    return stored(target, first, *others, mr)


@pytest.fixture(scope="session")
def implicit(target):
    """An instance that came in Implicit VR Little Endian."""
    return stored(target, data.image(transfer_syntax_uid=data.IMPLICIT))[0]


@pytest.fixture(scope="session")
def frames(target):
    """Three frames that can be told apart."""
    return stored(target, data.multi_frame())[0]


@pytest.fixture(scope="session")
def jpeg(target):
    """A colour image in JPEG Baseline."""
    return stored(target, data.bundled("SC_rgb_jpeg_dcmtk.dcm"))[0]


@pytest.fixture(scope="session")
def rle(target):
    """Two frames in RLE."""
    return stored(target, data.bundled("SC_rgb_rle_2frame.dcm"))[0]


@pytest.fixture(scope="session")
def pdf(target):
    return stored(target, data.pdf())[0]


@pytest.fixture(scope="session")
def report(target):
    """A structured report."""
    return stored(target, data.bundled("reportsi.dcm"))[0]


@pytest.fixture(scope="session")
def names(target):
    """A name in three groups, in ISO 2022 with JIS X 0208."""
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    return stored(
        target,
        data.image(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name),
    )[0]
