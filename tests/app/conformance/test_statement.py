"""The conformance statement says what the code does."""

from pathlib import Path

import pytest

from hounsfield.app.conformance.statement import statement
from hounsfield.dimse.acceptance import OFFERED, STORED_SYNTAXES
from hounsfield.settings.model import Settings

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"


@pytest.fixture(scope="module")
def page():
    return statement(Settings())


def test_the_page_is_what_the_code_says(page):
    assert PAGE.read_text("utf-8") == page, "run: hounsfield conformance > docs/conformance.md"


def test_every_class_and_every_transfer_syntax_is_named(page):
    missing = [uid for uid in (*OFFERED, *STORED_SYNTAXES) if f"`{uid}`" not in page]
    assert missing == []


def test_the_statement_of_a_site_has_its_own_values():
    site = Settings.model_validate({"dimse": {"ae_title": "ARCHIVE"}, "duplicates": "keep-first"})
    page = statement(site)
    assert "`ARCHIVE`" in page
    assert "it is refused, and the first stays" in page


def test_tables_have_as_many_cells_in_each_row(page):
    columns = None
    for line in page.splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        cells = line.replace("\\|", "").count("|")
        assert columns in (None, cells), line
        columns = cells
