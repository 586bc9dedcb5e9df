"""What the DICOM standard says, as functions over bytes and data sets, without input or output."""
