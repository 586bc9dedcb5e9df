"""The protocol-free errors of the archive; each edge has one table that maps them to its statuses.

HounsfieldError
├── InvalidInstance   bytes that are no DICOM instance, or one that contradicts itself
├── InvalidQuery      a query or identifier that cannot be understood
├── NotFound          nothing here has this name
│   └── Gone          what had this name was deleted
├── NotAcceptable     it is here, but not in a form the peer takes
├── Conflict          it contradicts what is already here
├── Refused           the principal may not, or a policy forbids it
├── Unavailable       a part needed for it does not answer now; trying again may help
└── OutOfResources    no space, or a limit is reached
"""


class HounsfieldError(Exception):
    """Something went wrong that a peer or a person should be told about.

    ``about`` is the (SOP Class UID, SOP Instance UID) of the instance that it is about, where that is known.
    """

    about: tuple[str, str] | None = None


class InvalidInstance(HounsfieldError):
    """Bytes that are no DICOM instance, or an instance that contradicts itself."""


class InvalidQuery(HounsfieldError):
    """A query or identifier that cannot be understood."""


class NotFound(HounsfieldError):
    """Nothing here has this name."""


class Gone(NotFound):
    """What had this name was here and was deleted."""


class NotAcceptable(HounsfieldError):
    """It is here, but not in a form the peer takes."""


class Conflict(HounsfieldError):
    """It contradicts what is already here."""


class Refused(HounsfieldError):
    """The principal may not do this, or a policy forbids it."""


class Unavailable(HounsfieldError):
    """A part needed for this does not answer now; trying again may help."""


class OutOfResources(HounsfieldError):
    """There is no space left for it, or a limit is reached."""
