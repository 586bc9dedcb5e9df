"""The DICOM network edge (PS3.7, PS3.8): associations and the DIMSE services on them."""
