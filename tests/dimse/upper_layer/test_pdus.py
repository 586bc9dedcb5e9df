"""PDUs say the same when written and read again, and bad lengths are refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dimse.upper_layer.items import (
    AbortReason,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    InvalidPdu,
    RoleSelection,
    UserIdentity,
    UserInformation,
    decode_user_information,
    encode_user_information,
    item,
)
from hounsfield.dimse.upper_layer.pdus import (
    PDU_HEADER,
    Abort,
    AnsweredContext,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    PDataTf,
    PresentationDataValue,
    ProposedContext,
    ReleaseRp,
    ReleaseRq,
    decode,
    encode,
)

BYTE = st.integers(0, 255)
UID = st.from_regex(r"[0-9]{1,5}(\.[0-9]{1,6}){0,6}", fullmatch=True)
AE_TITLE = st.text("ABCXYZ0189_- ", min_size=1, max_size=16).map(str.strip)
ODD = st.integers(0, 127).map(lambda number: 2 * number + 1)
U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
SMALL_BYTES = st.binary(max_size=40)


def tuples(strategy, max_size=4, **more):
    return st.lists(strategy, max_size=max_size, **more).map(tuple)


USER_INFORMATION = st.builds(
    UserInformation,
    maximum_length=st.none() | U32,
    implementation_class_uid=st.just("") | UID,
    implementation_version_name=st.text("HOUNSFIELD_0.1", max_size=16),
    asynchronous_operations_window=st.none() | st.tuples(U16, U16),
    role_selections=tuples(st.builds(RoleSelection, UID, st.booleans(), st.booleans())),
    extended_negotiations=tuples(st.builds(ExtendedNegotiation, UID, SMALL_BYTES)),
    common_extended_negotiations=tuples(
        st.builds(CommonExtendedNegotiation, UID, UID, tuples(UID))
    ),
    user_identity=st.none()
    | st.builds(UserIdentity, st.integers(1, 5), st.booleans(), SMALL_BYTES, SMALL_BYTES),
    user_identity_response=st.none() | SMALL_BYTES,
)
PROPOSED = tuples(
    st.builds(ProposedContext, ODD, UID, tuples(UID)),
    max_size=128,
    unique_by=lambda context: context.context_id,
)
# The syntax of a context that was not accepted is not significant, and not kept (PS3.8 9.3.3.2).
ANSWERED = tuples(
    st.builds(AnsweredContext, ODD, st.just(0), UID)
    | st.builds(AnsweredContext, ODD, st.integers(1, 4), st.just("")),
    max_size=128,
    unique_by=lambda context: context.context_id,
)
PDUS = (
    st.builds(AssociateRq, AE_TITLE, AE_TITLE, PROPOSED, USER_INFORMATION, UID, U16)
    | st.builds(AssociateAc, AE_TITLE, AE_TITLE, ANSWERED, USER_INFORMATION, UID, U16)
    | st.builds(AssociateRj, BYTE, BYTE, BYTE)
    | st.builds(
        PDataTf,
        tuples(st.builds(PresentationDataValue, BYTE, st.booleans(), st.booleans(), SMALL_BYTES)),
    )
    | st.just(ReleaseRq())
    | st.just(ReleaseRp())
    | st.builds(Abort, BYTE, BYTE)
)


def reread(message):
    data = encode(message)
    pdu_type, length = PDU_HEADER.unpack_from(data)
    assert length == len(data) - PDU_HEADER.size
    return decode(pdu_type, data[PDU_HEADER.size :])


# NET-01, NET-03
@given(PDUS)
def test_every_pdu_is_read_as_it_was_written(message):
    assert reread(message) == message


# NET-05, NET-06, NET-07, NET-08
@given(USER_INFORMATION)
def test_user_information_is_read_as_it_was_written(information):
    assert decode_user_information(encode_user_information(information)) == information


# NET-11
@given(PDUS.filter(lambda message: not isinstance(message, PDataTf)), st.data())
def test_a_pdu_cut_short_in_its_fixed_part_is_refused(message, data):
    if isinstance(message, ReleaseRq | ReleaseRp):
        return  # their four bytes are reserved and not tested
    fixed = 68 if isinstance(message, AssociateRq | AssociateAc) else 4
    body = encode(message)[PDU_HEADER.size :][: data.draw(st.integers(0, fixed - 1))]
    with pytest.raises(InvalidPdu):
        decode(encode(message)[0], body)


# NET-04
def test_a_pdu_of_unknown_type_is_unrecognized():
    with pytest.raises(InvalidPdu) as caught:
        decode(0x08, b"")
    assert caught.value.reason == AbortReason.UNRECOGNIZED_PDU


# NET-01
@pytest.mark.parametrize("ids", [(2,), (1, 1), (0,)])
def test_context_ids_are_odd_and_unique(ids):
    contexts = tuple(ProposedContext(number, "1.2", ("1.3",)) for number in ids)
    with pytest.raises(InvalidPdu):
        reread(AssociateRq("A", "B", contexts))


# NET-11
def test_an_item_longer_than_its_pdu_is_refused():
    data = bytearray(encode(AssociateRq("A", "B", (ProposedContext(1, "1.2", ("1.3",)),))))
    data[6 + 68 + 2 : 6 + 68 + 4] = b"\xff\xff"
    with pytest.raises(InvalidPdu):
        decode(1, bytes(data[6:]))


# NET-11
@pytest.mark.parametrize("length", [0, 1, 9, 0xFFFF_FFFF])
def test_a_pdv_that_does_not_fit_its_pdu_is_refused(length):
    with pytest.raises(InvalidPdu):
        decode(4, struct.pack(">IBB", length, 1, 3) + b"12345")


# NET-12
def test_ae_titles_lose_their_padding_and_nothing_else():
    message = reread(AssociateRq("  A B ", "C", ()))
    assert (message.called_ae_title, message.calling_ae_title) == ("A B", "C")


def test_a_uid_padded_with_nul_is_read():
    information = decode_user_information(item(0x52, b"1.2.3\0"))
    assert information.implementation_class_uid == "1.2.3"


def test_unknown_sub_items_are_passed_over():
    data = item(0x7F, b"?") + item(0x51, b"\0\0\x40\0")
    assert decode_user_information(data).maximum_length == 16384


# NET-07
def test_common_extended_negotiation_without_related_classes_is_read():
    value = b"\0\x031.2\0\x031.3"
    assert decode_user_information(item(0x57, value)).common_extended_negotiations == (
        CommonExtendedNegotiation("1.2", "1.3"),
    )


# NET-08
def test_a_user_identity_does_not_show_its_secrets():
    identity = UserIdentity(2, True, b"alice", b"hunter2")
    assert "alice" not in repr(identity)
    assert "hunter2" not in repr(identity)


def test_an_item_longer_than_its_length_field_is_not_written():
    with pytest.raises(ValueError, match="65536"):
        item(0x52, bytes(65536))
