"""A peer that says exactly what a test wants it to, over a raw socket; and small instances to send."""

import io
import socket
import struct
import time

from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset

from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.upper_layer.items import UserInformation
from hounsfield.dimse.upper_layer.pdus import (
    PDU_HEADER,
    Abort,
    AssociateAc,
    AssociateRq,
    PDataTf,
    PresentationDataValue,
    ProposedContext,
    decode,
    encode,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
ANSWER_WITHIN_S = 20


def instance(number=1, *, pixels=64, sop_class=CT, **changes):
    """Make a small data set."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, f"1.2.826.0.1.3680043.8.498.9.1.1.{number}"
    ds.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.9.1"
    ds.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.9.1.1"
    ds.PatientID, ds.PatientName, ds.Modality = "P1", "DIMSE^TEST", "CT"
    ds.InstanceNumber = number
    ds.Rows = ds.Columns = 8
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 8, 8, 7
    ds.PixelRepresentation, ds.PhotometricInterpretation = 0, "MONOCHROME2"
    ds.add_new(0x00091001, "UN", b"odd")
    ds.PixelData = bytes(pixels)
    ds["PixelData"].VR = "OB"
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def dataset_bytes(ds, syntax=EXPLICIT):
    """Encode a data set without file meta information."""
    stream = DicomIO(io.BytesIO())
    stream.is_implicit_VR, stream.is_little_endian = syntax == IMPLICIT, True
    write_dataset(stream, ds)
    return stream.parent.getvalue()


class RawPeer:
    """A socket that writes and reads PDUs."""

    def __init__(self, port, *, host="127.0.0.1"):
        self.sock = socket.create_connection((host, port), ANSWER_WITHIN_S)
        self.message_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.sock.close()

    # -- PDUs

    def write(self, data):
        self.sock.sendall(data)

    def say(self, pdu):
        self.write(encode(pdu))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError(f"closed after {len(data)} of {count} bytes")
            data += more
        return data

    def hear(self):
        pdu_type, length = PDU_HEADER.unpack(self._exactly(PDU_HEADER.size))
        return decode(pdu_type, self._exactly(length))

    def hear_the_end(self):
        """Read until the server closes; say which PDUs came before."""
        heard = []
        while True:
            try:
                heard.append(self.hear())
            except (EOFError, ConnectionResetError):
                return heard

    # -- associations

    def ask(
        self,
        *contexts,
        called="HOUNSFIELD",
        calling="RAW",
        maximum_length=16384,
        application_context=None,
        protocol_version=1,
        **information,
    ):
        proposed = contexts or ((CT, (EXPLICIT,)), (VERIFICATION, (IMPLICIT,)))
        more = {"application_context_name": application_context} if application_context else {}
        self.say(
            AssociateRq(
                called,
                calling,
                tuple(
                    ProposedContext(2 * index + 1, abstract, tuple(syntaxes))
                    for index, (abstract, syntaxes) in enumerate(proposed)
                ),
                UserInformation(maximum_length=maximum_length, **information),
                protocol_version=protocol_version,
                **more,
            )
        )
        return self.hear()

    def associate(self, *contexts, **more):
        answer = self.ask(*contexts, **more)
        assert isinstance(answer, AssociateAc), answer
        return answer

    # -- messages

    def values(self, context_id, data, *, is_command, size=4096):
        pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        return [
            PresentationDataValue(context_id, is_command, index == len(pieces) - 1, piece)
            for index, piece in enumerate(pieces)
        ]

    def store_request(self, ds_class=CT, ds_instance="1.2.3", **more):
        self.message_id += 1
        return Command.of(
            CommandField.C_STORE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: ds_class,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: ds_instance,
                CommandTag.MESSAGE_ID: self.message_id,
                CommandTag.PRIORITY: 0,
                **more,
            },
            dataset=True,
        )

    def echo_request(self):
        self.message_id += 1
        return Command.of(
            CommandField.C_ECHO_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: VERIFICATION,
                CommandTag.MESSAGE_ID: self.message_id,
            },
        )

    def send(self, command, data=None, *, context_id=1, size=4096):
        for value in self.values(context_id, command.encode(), is_command=True, size=size):
            self.say(PDataTf((value,)))
        if data is not None:
            for value in self.values(context_id, data, is_command=False, size=size):
                self.say(PDataTf((value,)))

    def response(self):
        data = b""
        while True:
            pdu = self.hear()
            assert isinstance(pdu, PDataTf), pdu
            for value in pdu.values:
                assert value.is_command
                data += value.fragment
                if value.is_last:
                    return Command.decode(data)

    def store(self, ds, **more):
        self.send(self.store_request(ds.SOPClassUID, ds.SOPInstanceUID), dataset_bytes(ds), **more)
        return self.response()

    def echo(self, context_id=3):
        self.send(self.echo_request(), context_id=context_id)
        return self.response().status


def aborts(pdus):
    return [(pdu.source, pdu.reason) for pdu in pdus if isinstance(pdu, Abort)]


def pdv(context_id, control, fragment, *, length=None):
    """Make a PDV item that may lie about its length."""
    size = len(fragment) + 2 if length is None else length
    return struct.pack(">IBB", size, context_id, control) + fragment


def p_data(body, *, length=None):
    """Make a P-DATA-TF that may lie about its length."""
    return PDU_HEADER.pack(4, len(body) if length is None else length) + body


def eventually(condition):
    """Wait for something that another thread is about to make true."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    assert condition()
