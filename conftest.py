"""With HOUNSFIELD_REQUIRE_ALL=1, as in CI, a test that is skipped counts as failed."""

import os

import pytest

_REQUIRE_ALL = os.environ.get("HOUNSFIELD_REQUIRE_ALL") == "1"


def _fail_if_skipped(report):
    if _REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here (HOUNSFIELD_REQUIRE_ALL=1): {reason}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report():
    return _fail_if_skipped((yield))
