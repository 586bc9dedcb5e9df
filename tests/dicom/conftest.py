"""Real files for the tests of what the standard says."""

import pytest
from tests.interop import corpus


@pytest.fixture(scope="session")
def corpus_files():
    if corpus.folder() is None:
        pytest.skip("the corpus is not here: set HOUNSFIELD_CORPUS to its folder")
    return corpus.load()
