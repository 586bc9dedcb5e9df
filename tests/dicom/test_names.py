"""How names sound (PS3.4 C.2.2.2.1.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dicom.names import sounds_like, sounds_of


# QR-03
@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Meier", "Mayr^Josef"),
        ("meyer^josef", "Josef^Meier"),
        ("Schmitt", "Schmidt^Anna"),
        ("Stefan", "Müller^Stephan"),
        ("Mueller", "Müller^Jörg"),
        ("Philip", "Filipp"),
        ("Kowalski", "Kovalsky"),
        ("Catherine", "Doe^Katharine"),
        ("Jackson", "JAXON"),
        ("Bruuns, A", "Bruns^Anna^Maria"),
        ("山田", "Yamada^Tarou=山田^太郎"),
        ("Mei*", "Meierhofer"),
    ],
)
def test_names_that_are_said_alike_are_found(wanted, name):
    assert sounds_like(wanted, name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Adam", "Thom"),
        ("Meier^Anna", "Meier^Josef"),
        ("Bruns, C", "Bruns^Anna"),
        ("Miller", ""),
        ("山", "山田^太郎"),
    ],
)
def test_others_are_not(wanted, name):
    assert not sounds_like(wanted, name)


@given(name=st.text(max_size=40).filter(lambda text: not {*"*?"} & {*text}))
def test_every_name_sounds_like_itself(name):
    assert sounds_like(name, name) or not sounds_of(name)
