"""The DICOM conformance statement, written from the tables that the code itself works by (PS3.2)."""
