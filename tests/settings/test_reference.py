from pathlib import Path

from hounsfield.settings.model import settings_of
from hounsfield.settings.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text("utf-8") == reference(), (
        "run: hounsfield settings --reference > docs/reference/settings.md"
    )


def test_every_setting_is_described():
    assert [s.key for s in settings_of() if not s.field.description] == []
