"""The statement's part on each service: what is done with its messages and what they are answered with (PS3.4)."""

from collections.abc import Iterator
from operator import itemgetter

from hounsfield.app.conformance.markdown import attribute, sop_class, status, table
from hounsfield.dicom import items
from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.commitment import FAILURE_REASONS, MAX_REFERENCES
from hounsfield.dicom.orders import STEP_SEQUENCE, worklist_item
from hounsfield.dicom.procedure_steps import AT_CREATION, END_DATE, END_TIME, PERFORMED_SERIES
from hounsfield.dicom.query import COMPUTED, COMPUTED_KEYS, RANGE_VRS, WILDCARD_VRS, Level
from hounsfield.dicom.sop_classes import (
    MODALITY_WORKLIST_FIND,
    STORAGE_COMMITMENT_PUSH_MODEL,
    STORAGE_SOP_CLASSES,
)
from hounsfield.dimse.identifier import UNIQUE_KEYS, vr_of_key
from hounsfield.dimse.scp.find_scp import FIND_SOP_CLASSES
from hounsfield.dimse.scp.procedure_step_scp import PROCEDURE_STEP_SOP_CLASSES
from hounsfield.dimse.scp.retrieve_scp import GET_SOP_CLASSES, MOVE_SOP_CLASSES
from hounsfield.dimse.scp.work_item_scp import (
    STATUS_OF_NOTICE,
    STATUS_OF_RULE,
    WORK_ITEM_SOP_CLASSES,
)
from hounsfield.dimse.status import MEANINGS, STORE_STATUSES
from hounsfield.settings.model import Settings

_FIND_STATUSES = (0x0000, 0xA900, 0xC000, 0xFE00, 0xFF00, 0xFF01, 0x0124)
_STEP_STATUSES = (0x0000, 0x0106, 0x0110, 0x0111, 0x0112, 0x0120, 0x0121, 0x0124)
_RETRIEVE_STATUSES = (
    *(0x0000, 0xA701, 0xA702, 0xA801, 0xA900, 0xAA00, 0xAA02, 0xAA03, 0xAA04),
    *(0xB000, 0xC000, 0xFE00, 0xFF00, 0x0124),
)


def sections(settings: Settings) -> Iterator[str]:
    """The services, one after the other."""
    yield from _storage(settings)
    yield from _query()
    yield from _retrieve()
    yield from _commitment()
    yield from _worklist()
    yield from _procedure_steps()
    yield from _work_items()


def _names(uids: frozenset[str]) -> str:
    return ", ".join(sop_class(uid)[0] for uid in sorted(uids))


def _storage(settings: Settings) -> Iterator[str]:
    duplicates = {
        "keep-both": "both are kept as versions and flagged, and the newest is shown",
        "replace": "the newest is kept and shown, the older one is kept as a version",
        "keep-first": "it is refused, and the first stays",
    }[settings.duplicates]
    yield f"""\
## Storage

Success is answered when the object is synced to disk and its row is committed. The data set is stored as it comes,
in the transfer syntax of the context, behind file meta information that is made here. The same instance again with
the same bytes is a success that changes nothing; with other bytes, {duplicates} (setting `duplicates`).
"""
    yield table(
        ("status of a C-STORE", "meaning"), ((status(code), why) for code, why in STORE_STATUSES)
    )
    yield """\
Sent to others by routing, by people and by C-MOVE: in the transfer syntax as stored where the receiver takes it,
otherwise rewritten without loss where that is possible, and never compressed with loss. What the receiver answers is
kept for each instance; only a success or a warning counts as sent.

<details><summary>All storage SOP classes</summary>
"""
    yield table(("SOP class", "UID"), (sop_class(uid) for uid in sorted(STORAGE_SOP_CLASSES)))
    yield "</details>\n"


def _query() -> Iterator[str]:
    yield f"""\
## Query

{_names(FIND_SOP_CLASSES)}; all levels, hierarchical, and relational where that is negotiated. Matches are sent as they
are found, and a C-CANCEL ends them. Answers are in the character set that the identifier names, or else its peer is set to,
where that can hold their text, otherwise in UTF-8. Code extensions (ISO 2022) are written as well as read.

Extended negotiation is answered with 1 for relational queries, combined date-time matching, fuzzy matching of person
names, time zone query adjustment, empty value matching and multiple value matching, each only where it is asked for,
and with 0 for enhanced multi-frame image conversion. Fuzzy matching is by the sound of the words of Patient's Name in
any order: consonants that are easily confused are one class, vowels and double letters do not count, words in scripts
other than Latin are compared as written; a word that begins with a wild card is matched as it stands. Dates and times
are combined for the pairs of Study, Series, Acquisition, Content, Instance Creation, Performed Procedure Step Start and
Patient's Birth. A time that is not known counts as the beginning of the day; a date without a time in the identifier is
not adjusted. Times whose zone a study does not say are taken to be in that of the server.
"""
    for level in Level:
        yield f"### Keys of the level {level}\n"
        rows: list[tuple[str, ...]] = []
        for tag, one in ATTRIBUTES.items():
            if one.level is level:
                kind = "unique" if UNIQUE_KEYS[level] == tag else "optional"
                rows.append((*attribute(tag), one.vr, kind, _matching(one.vr)))
        for tag, levels in COMPUTED.items():
            if min(levels, key=lambda found: found.depth) is level:
                searched = _matching(vr_of_key(tag)) if tag in COMPUTED_KEYS else "returned only"
                rows.append((*attribute(tag), vr_of_key(tag), "computed", searched))
        rows.sort(key=itemgetter(1))
        yield table(("attribute", "tag", "VR", "key", "matching"), rows)
    yield """\
Keys of the levels above are returned too. A key that is not in these tables, or that would have to be matched in a way
not listed, is answered with FF01 instead of FF00. Person names are compared without regard to case and accents, by
component group.
"""
    yield _statuses("C-FIND", _FIND_STATUSES)


def _matching(vr: str) -> str:
    if vr == "SQ":
        return "universal, sequence"
    kinds = ["single value", "universal"]
    if vr == "UI":
        kinds.append("list of UIDs")
    if vr in WILDCARD_VRS:
        kinds.append("wild card")
    if vr in RANGE_VRS:
        kinds.append("range")
    return ", ".join(kinds)


def _statuses(request: str, codes: tuple[int, ...]) -> str:
    rows = ((status(code), MEANINGS.get(code, "")) for code in codes)
    return table((f"status of a {request}", "meaning"), rows)


def _retrieve() -> Iterator[str]:
    yield f"""\
## Retrieve

{_names(GET_SOP_CLASSES | MOVE_SOP_CLASSES)}. The counters of sub-operations are in every response, the list of failed
SOP Instance UIDs in the final one. A C-MOVE goes to a peer that is known with an address; its sub-operations name their
originator. A sub-operation that fails does not end the others. An instance whose transfer syntax is not taken is decoded
or written in another byte order or VR encoding, without loss; video is not. Sub-operations have the priority of the
retrieval, which changes nothing here: what is asked is done when it comes, whatever its priority.

At the level FRAME a new instance of the frames that Simple Frame List or Calculated Frame List names is made for the
request, uncompressed and without private attributes, and not kept; Time Range is refused. Retrieval without bulk data
leaves out what PS3.4 table Z.1-1 names.
"""
    yield _statuses("C-GET or C-MOVE", _RETRIEVE_STATUSES)


def _commitment() -> Iterator[str]:
    yield f"""\
## Storage commitment

{sop_class(STORAGE_COMMITMENT_PUSH_MODEL)[0]}. A request of up to {MAX_REFERENCES} instances is answered at once and
carried out in the background: an instance is committed when it is in the archive under the SOP class named, and its
object, read from the disk, has the SHA-256 that was recorded when it was received. The result is told on the same
association while that lasts, otherwise on a new one with the roles reversed; for days, until the peer has taken it.
"""
    reasons = ((status(code), why) for code, why in FAILURE_REASONS.items())
    yield table(("failure reason", "meaning"), reasons)


def _worklist() -> Iterator[str]:
    yield f"""\
## Modality worklist

{sop_class(MODALITY_WORKLIST_FIND)[0]}. Items are orders that are scheduled, arrived or in progress; they leave the list when their
work is done or given up. Every key below can be matched and is returned: text by single value and wild card, dates and
times by range, a range of dates and one of times together as one period. Other keys are answered empty, with FF01.
"""
    item = worklist_item({}, "SCHEDULED")
    step = items.first_item(item[STEP_SEQUENCE])
    rows = [
        (*attribute(int(tag, 16)), value["vr"], where)
        for where, dataset in (
            ("patient and request", item),
            ("Scheduled Procedure Step Sequence", step),
        )
        for tag, value in sorted(dataset.items())
    ]
    yield table(("attribute", "tag", "VR", "in"), rows)
    yield _statuses("C-FIND", _FIND_STATUSES)


def _procedure_steps() -> Iterator[str]:
    yield f"""\
## Performed procedure steps

{_names(PROCEDURE_STEP_SOP_CLASSES)}. A step is created IN PROGRESS and ends COMPLETED or DISCONTINUED, after which it is not changed
any more (0110 with Error ID A710). It moves the orders that its Scheduled Step Attributes Sequence names by Study Instance UID or
accession number; steps without an order are kept too. The instances that its Performed Series Sequence references are those that
the study is expected to have. What a step is known by stays as it was created, also where an N-SET names it again.
"""
    wanted = (
        ("at creation", AT_CREATION),
        ("COMPLETED or DISCONTINUED", (END_DATE, END_TIME)),
        ("COMPLETED", (PERFORMED_SERIES,)),
    )
    yield table(
        ("attribute that must have a value", "tag", "when"),
        ((*attribute(int(tag, 16)), when) for when, tags in wanted for tag in tags),
    )
    yield _statuses("N-CREATE, N-SET or N-GET", _STEP_STATUSES)


def _work_items() -> Iterator[str]:
    yield f"""\
## Unified procedure steps

{_names(WORK_ITEM_SOP_CLASSES)}. Global and filtered subscriptions are accepted from everybody who may use the worklist,
for peers that are known with an address. Deletion locks are granted and not removed. Events go to each watcher in
order, on associations that we ask for. Missing attributes that may be empty are added empty; the time and, where
nobody gave one, the reason of a cancellation are filled in.
"""
    codes: list[tuple[int, str]] = [(0, MEANINGS[0])]
    codes += [(code, str(rule)) for rule, code in STATUS_OF_RULE.items()]
    codes += [(code, str(notice)) for notice, code in STATUS_OF_NOTICE.items()]
    yield table(("status", "meaning"), ((status(code), why) for code, why in sorted(codes)))
