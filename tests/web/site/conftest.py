"""The application is set up as for DICOMweb."""

from tests.dicomweb.conftest import site

__all__ = ["site"]
