"""C-GET as SCU: what is asked for comes back on the same association (PS3.4 C.4.3, PS3.7 9.1.3; QR-09, NET-06)."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from hounsfield.dicom.sop_classes import STORAGE_SOP_CLASSES
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, respond
from hounsfield.dimse.scu.operation import Operation, never
from hounsfield.dimse.scu.requestor import ScuAssociation
from hounsfield.dimse.scu.retrieval import Progress, Retrieval
from hounsfield.dimse.status import Status, StatusClass, class_of
from hounsfield.dimse.upper_layer.items import RoleSelection
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext

# The transfer syntaxes that instances lie in, the most frequent first. A context each lets the peer send every
# instance as it has it: of several in one context it could use only the one that it chose (PS3.8 9.3.3.2).
_FREQUENT = tuple(
    "1.2.840.10008.1.2" + end
    for end in (
        ".1", "", ".4.70", ".4.90", ".4.50", ".4.91", ".4.80", ".5", ".4.57", ".4.51", ".4.81", ".4.201", ".4.202",
        ".4.203", ".4.102", ".4.103", ".4.100", ".4.101", ".1.99", ".2", ".8.1", ".4.104", ".4.105", ".4.106",
        ".4.107", ".4.108", ".4.110", ".4.111", ".4.112",
    )
)  # fmt: skip
# MIME and XML are no encodings of data sets (PS3.6 annex A, both retired).
_NO_DATASETS = "1.2.840.10008.1.2.6."
_OTHERS = (one for one in TRANSFER_SYNTAXES if not one.startswith(_NO_DATASETS))
# DCMTK rejects a context of more than 50.
_MOST_IN_A_CONTEXT = 32
SYNTAXES = tuple(dict.fromkeys((*_FREQUENT, *_OTHERS)))

_ROOT = "1.2.840.10008.5.1.4.1.1."
# The classes of each modality (PS3.3 C.7.3.1.1.1) that an archive is likely to hold, by what follows the root.
_OF_MODALITY = {
    "CT": "2 2.1 2.2",
    "MR": "4 4.1 4.2 4.3 4.4",
    "CR": "1",
    "DX": "1.1 1.1.1",
    "MG": "1.2 1.2.1 13.1.3 13.1.4 13.1.5",
    "IO": "1.3 1.3.1",
    "PX": "1.3 1.1",
    "US": "6.1 3.1 6.2 6 3",
    "IVUS": "6.1 3.1",
    "XA": "12.1 12.1.1 13.1.1",
    "RF": "12.2 12.2.1 12.1",
    "NM": "20 5",
    "PT": "128 130 128.1",
    "OT": "7 7.1 7.2 7.3 7.4",
    "ES": "77.1.1 77.1.1.1",
    "XC": "77.1.4 77.1.4.1",
    "GM": "77.1.2 77.1.2.1",
    "SM": "77.1.6 77.1.3",
    "OP": "77.1.5.1 77.1.5.2 77.1.5.4",
    "OPT": "77.1.5.4",
    "SR": "88.11 88.22 88.33 88.34",
    "KO": "88.59",
    "PR": "11.1 11.2 11.3 11.4",
    "SEG": "66.4 66.5",
    "REG": "66.1 66.3",
    "RTPLAN": "481.5 481.8",
    "RTSTRUCT": "481.3",
    "RTDOSE": "481.2",
    "RTIMAGE": "481.1",
    "RTRECORD": "481.4 481.6 481.7",
    "DOC": "104.1 104.2",
    "M3D": "104.3 104.4 104.5",
    "ECG": "9.1.1 9.1.2 9.1.3",
    "HD": "9.2.1",
}
# What comes with images of any modality: reports, key objects, presentation states, captures, documents.
_BESIDES = ("SR", "KO", "PR", "OT", "SEG", "DOC")


def classes_of(modalities: Collection[str]) -> list[str]:
    """The SOP classes to expect of some modalities; of none, all that an archive is likely to hold."""
    wanted = (
        [*modalities, *_BESIDES]
        if modalities and set(modalities) <= _OF_MODALITY.keys()
        else list(_OF_MODALITY)
    )
    found = (_ROOT + part for one in wanted for part in _OF_MODALITY[one].split())
    return [uid for uid in dict.fromkeys(found) if uid in STORAGE_SOP_CLASSES]


def storage_contexts(sop_class_uids: Sequence[str], room: int) -> list[tuple[str, tuple[str, ...]]]:
    """The contexts to have instances of these classes sent in, no more than ``room``.

    Few classes get a context for each transfer syntax; the more there are, the more syntaxes share one. The first
    is for what is not compressed: a peer that can send in no other way can send in that.
    """
    classes = list(dict.fromkeys(sop_class_uids))[:room]
    if not classes:
        return []
    groups = _groups(min(len(SYNTAXES), room // len(classes)))
    return [(uid, syntaxes) for uid in classes for syntaxes in groups]


def _groups(number: int) -> list[tuple[str, ...]]:
    """The transfer syntaxes in so many groups."""
    if number == 1:
        return [SYNTAXES[:_MOST_IN_A_CONTEXT]]
    if number == len(SYNTAXES):
        return [(syntax,) for syntax in SYNTAXES]
    alone = [(syntax,) for syntax in SYNTAXES[2:number]]
    return [SYNTAXES[:2], *alone, SYNTAXES[number : number + _MOST_IN_A_CONTEXT]]


def storage_roles(contexts: Sequence[tuple[str, tuple[str, ...]]]) -> list[RoleSelection]:
    """The role selections that let a peer store to us (PS3.4 C.5.3.1)."""
    classes = dict.fromkeys(uid for uid, _syntaxes in contexts)
    return [RoleSelection(uid, scu_role=False, scp_role=True) for uid in classes]


def can_receive(scu: ScuAssociation) -> bool:
    """Whether the peer agreed to store to us in any context."""
    return any(context.requestor_is_scp for context in scu.accepted.values())


OnStore = Callable[[Association, AcceptedContext, Command], Command]


def get(
    scu: ScuAssociation,
    sop_class_uid: str,
    identifier: dict[str, Any],
    on_c_store: OnStore,
    *,
    charset: str = "",
    is_stopped: Callable[[], bool] = never,
    on_progress: Progress | None = None,
) -> Retrieval:
    """Have a peer send what an identifier names on this association; ``on_c_store`` takes each instance.

    Raises NotAcceptable and Unavailable, the latter also where the peer ignores a C-CANCEL.
    """
    operation = Operation(
        scu,
        sop_class_uid,
        CommandField.C_GET_RQ,
        identifier,
        charset=charset,
        is_stopped=is_stopped,
    )
    retrieval = Retrieval()
    stored = 0
    while True:
        context, command = operation.receive()
        if not command.is_response:
            with scu.ended():
                answer = _answer(scu.association, context, command, on_c_store)
                if answer is not None:
                    scu.association.send_command(context.context_id, answer)
                    stored += class_of(answer.status) is not StatusClass.FAILURE
            # Some peers send no Pending responses: what we took is counted here.
            retrieval.completed = max(retrieval.completed, stored)
        else:
            with scu.ended():
                data = scu.read_dataset()
            if not operation.is_answered_by(command):
                continue
            if retrieval.take(operation, command, data):
                return retrieval
        if on_progress is not None:
            on_progress(retrieval)


def _answer(
    association: Association, context: AcceptedContext, command: Command, on_c_store: OnStore
) -> Command | None:
    if command.command_field == CommandField.C_STORE_RQ:
        return on_c_store(association, context, command)
    association.skip_dataset(1 << 20)
    if command.command_field == CommandField.C_CANCEL_RQ:
        return None
    comment = f"{command.name} is not offered on this association"
    return respond(command, Status.UNRECOGNIZED_OPERATION, comment=comment)
