"""Command sets (PS3.7 annex E)."""

import io
import struct
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dimse.command import (
    MAX_COMMAND_BYTES,
    REQUIRED,
    Command,
    CommandField,
    CommandTag,
    InvalidCommand,
    respond,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom.dsutils import decode as decode_by_pynetdicom

UID = "1.2.840.10008.5.1.4.1.1.2"
VALUES = {
    CommandTag.AFFECTED_SOP_CLASS_UID: UID,
    CommandTag.REQUESTED_SOP_CLASS_UID: UID,
    CommandTag.AFFECTED_SOP_INSTANCE_UID: "1.2.3",
    CommandTag.REQUESTED_SOP_INSTANCE_UID: "1.2.3",
    CommandTag.MESSAGE_ID: 7,
    CommandTag.MESSAGE_ID_BEING_RESPONDED_TO: 7,
    CommandTag.MOVE_DESTINATION: "ELSEWHERE",
    CommandTag.STATUS: 0xA700,
    CommandTag.EVENT_TYPE_ID: 2,
    CommandTag.ACTION_TYPE_ID: 1,
}


def command_of(field, **more):
    wanted = {tag: VALUES[tag] for tag in REQUIRED[field] if tag in VALUES}
    return Command.of(field, wanted, **more)


@pytest.mark.parametrize("field", CommandField)
def test_every_message_is_read_as_it_was_written(field):
    command = Command.decode(command_of(field, dataset=True).encode())
    assert command.command_field == field
    assert command.has_dataset
    assert command.is_response == field.name.endswith("RSP")
    assert command.name == field.name.replace("_", "-")


@pytest.mark.parametrize("field", CommandField)
def test_a_message_without_what_it_must_have_is_refused(field):
    for missing in REQUIRED[field]:
        if missing not in VALUES:
            continue
        wanted = {tag: VALUES[tag] for tag in REQUIRED[field] if tag in VALUES and tag != missing}
        with pytest.raises(InvalidCommand, match=missing.name):
            Command.decode(Command.of(field, wanted).encode())


def test_pynetdicom_reads_what_we_write():
    response = respond(command_of(CommandField.C_STORE_RQ), 0xC000, comment="cannot be read")
    theirs = decode_by_pynetdicom(io.BytesIO(response.encode()), True, True)
    assert theirs.CommandGroupLength == len(response.encode()) - 12
    assert (theirs.Status, theirs.ErrorComment) == (0xC000, "cannot be read")
    assert (theirs.AffectedSOPClassUID, theirs.AffectedSOPInstanceUID) == (UID, "1.2.3")
    assert theirs.MessageIDBeingRespondedTo == 7


def test_the_move_originator_is_read():
    values = {
        **{tag: VALUES[tag] for tag in REQUIRED[CommandField.C_STORE_RQ] if tag in VALUES},
        CommandTag.MOVE_ORIGINATOR_AE_TITLE: "MOVER",
        CommandTag.MOVE_ORIGINATOR_MESSAGE_ID: 9,
    }
    command = Command.decode(Command.of(CommandField.C_STORE_RQ, values).encode())
    assert command.move_originator == ("MOVER", 9)
    assert command_of(CommandField.C_STORE_RQ).move_originator is None


def test_tags_are_read_as_they_were_written():
    tags = (0x0010_0010, 0x7FE0_0010)
    response = Command.decode(
        respond(command_of(CommandField.C_STORE_RQ), 0xA900, offending_elements=tags).encode()
    )
    assert response.offending_elements == tags


# NET-10
def test_an_error_comment_is_cut_to_64_plain_characters():
    response = respond(command_of(CommandField.C_ECHO_RQ), 0x0110, comment="ü\\\n" + 90 * "x")
    assert response.error_comment == "???" + 61 * "x"


# NET-11
def test_wrong_group_length_odd_lengths_and_other_order_are_tolerated():
    elements = [
        struct.pack("<HHIH", 0, 0x0800, 2, 0x0101),
        struct.pack("<HHI", 0, 0x0002, 17) + b"1.2.840.10008.1.1",
        struct.pack("<HHIH", 0, 0x0110, 2, 3),
        struct.pack("<HHIH", 0, 0x0100, 2, 0x0030),
        struct.pack("<HHI", 0, 0x0000, 4) + b"\xff\xff\xff\xff",
        struct.pack("<HHI", 0, 0x5110, 2) + b"??",
    ]
    command = Command.decode(b"".join(elements))
    assert (command.name, command.message_id) == ("C-ECHO-RQ", 3)
    assert command.affected_sop_class_uid == "1.2.840.10008.1.1"


# NET-11
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        struct.pack("<HHI", 0, 0x0100, 0xFFFFFFFF),
        struct.pack("<HHIH", 8, 0x0100, 2, 1),
        struct.pack("<HHI", 0, 0x0100, 0),
        bytes(MAX_COMMAND_BYTES + 1),
    ],
)
def test_what_is_no_command_set_is_refused(data):
    with pytest.raises(InvalidCommand):
        Command.decode(data)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_numbers_keep_their_value(message_id, status):
    request = Command.of(CommandField.C_ECHO_RQ, {CommandTag.MESSAGE_ID: message_id})
    response = Command.decode(respond(request, status).encode())
    assert (response.message_id_being_responded_to, response.status) == (message_id, status)


# NET-11
def test_an_optional_number_that_is_cut_short_is_taken_as_absent():
    data = command_of(CommandField.C_STORE_RQ, dataset=True).encode()
    data += struct.pack("<HHI", 0, 0x1030, 6) + b"MOVER "
    data += struct.pack("<HHI", 0, 0x1031, 1) + b"\x09"
    assert Command.decode(data).move_originator == ("MOVER", 0)
