"""Names of stored objects: readable by a person, unique by content, never renamed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from hounsfield.dicom.identity import Identity

HASH_DIGITS = 32  # of 64: enough to never meet twice, short enough to read past
_DAY_US = 86_400_000_000

_PART = r"(?!\.)[0-9A-Za-z._-]{1,64}"
_KEY = re.compile(
    rf"(?P<year>\d{{4}})/(?P<month>\d\d)/(?P<day>\d\d)/(?P<study>{_PART})/(?P<series>{_PART})/"
    rf"(?P<sop>{_PART})\.(?P<hash>[0-9a-f]{{{HASH_DIGITS}}})\.dcm",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class KeyParts:
    """What a key says about its object."""

    date: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sha256_prefix: str


def object_key(identity: Identity, sha256: str, received_at_us: int) -> str:
    """The key of an instance received at ``received_at_us`` (µs since 1970, UTC)."""
    return (
        f"{_day(received_at_us // _DAY_US)}/{identity.study_instance_uid}/{identity.series_instance_uid}/"
        f"{identity.sop_instance_uid}.{sha256[:HASH_DIGITS]}.dcm"
    )


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return f"{datetime.fromtimestamp(days * _DAY_US // 1_000_000, UTC):%Y/%m/%d}"


def parse_key(key: str) -> KeyParts | None:
    """Take a key apart; None if it is not one of ours."""
    match = _KEY.fullmatch(key)
    if match is None or ".." in key:
        return None
    date = match["year"] + match["month"] + match["day"]
    return KeyParts(date, match["study"], match["series"], match["sop"], match["hash"])
