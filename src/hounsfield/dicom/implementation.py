"""Who wrote a file or opened an association: this implementation's identifiers (PS3.7 D.3.3.2)."""

from hounsfield import __version__

# PS3.5 B.2: 2.25 and a UUID as one decimal number; fixed for the life of the project.
IMPLEMENTATION_CLASS_UID = "2.25.233826917160341259184026103377018473919"
IMPLEMENTATION_VERSION_NAME = f"HOUNSFIELD_{__version__}"[:16]
