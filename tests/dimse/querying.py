"""A peer that queries and retrieves, over a raw socket."""

import io
import warnings
import zlib

from pydicom import Dataset
from pydicom.filereader import read_dataset
from tests.dimse.peer import EXPLICIT, IMPLICIT, RawPeer, dataset_bytes

from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.upper_layer.pdus import PDataTf

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
BIG, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
SUCCESS, CANCEL, PENDING, PENDING_INCOMPLETE = 0x0000, 0xFE00, 0xFF00, 0xFF01
NOT_MATCHING, CANNOT_UNDERSTAND = 0xA900, 0xC000


class Finder(RawPeer):
    """A peer that queries; context 1 is Patient Root, 3 Study Root."""

    syntax = EXPLICIT

    def join(self, syntax=EXPLICIT, **more):
        self.syntax = syntax
        return self.associate((PATIENT_ROOT, (syntax,)), (STUDY_ROOT, (syntax,)), **more)

    def ask_for(self, identifier, *, root=STUDY_ROOT, raw=None):
        """Send a C-FIND; give its message ID."""
        self.message_id += 1
        request = Command.of(
            CommandField.C_FIND_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: root,
                CommandTag.MESSAGE_ID: self.message_id,
                CommandTag.PRIORITY: 0,
            },
            dataset=True,
        )
        data = raw if raw is not None else encoded(identifier, self.syntax)
        self.send(request, data, context_id=1 if root == PATIENT_ROOT else 3)
        return self.message_id

    def next_message(self):
        """(command, bytes of its data set, context)."""
        parts = {True: b"", False: b""}
        command = None
        while True:
            pdu = self.hear()
            assert isinstance(pdu, PDataTf), pdu
            for value in pdu.values:
                parts[value.is_command] += value.fragment
                if value.is_last and value.is_command:
                    command = Command.decode(parts[True])
                if value.is_last and (not value.is_command or not command.has_dataset):
                    return command, parts[False], value.context_id

    def message(self):
        """(command, data set or None)."""
        command, data, _context_id = self.next_message()
        return command, read(data, self.syntax) if command.has_dataset else None

    def find(self, *, root=STUDY_ROOT, level="STUDY", **keys):
        """(statuses, data sets, comment of the final response)."""
        identifier = Dataset()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some are wrong on purpose
            identifier.QueryRetrieveLevel = level
            for keyword, value in keys.items():
                setattr(identifier, keyword, value)
        self.ask_for(identifier, root=root)
        statuses, found = [], []
        while True:
            command, dataset = self.message()
            statuses.append(command.status)
            if dataset is None:
                return statuses, found, command.error_comment
            found.append(dataset)


def encoded(dataset, syntax):
    if syntax == DEFLATED:
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        raw = deflate.compress(dataset_bytes(dataset)) + deflate.flush()
        return raw + b"\0" * (len(raw) % 2)  # PS3.5 A.5
    if syntax != BIG:
        return dataset_bytes(dataset, syntax)
    raw = io.BytesIO()
    dataset.save_as(raw, implicit_vr=False, little_endian=False)
    return raw.getvalue()


def read(raw, syntax):
    if syntax == DEFLATED:
        raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw)
    return read_dataset(
        io.BytesIO(raw), is_implicit_VR=syntax == IMPLICIT, is_little_endian=syntax != BIG
    )
