"""Cutting messages into P-DATA-TF PDUs a peer can take (PS3.7 section 6.3.1, PS3.8 section 9.3.5 and annex E)."""

from hounsfield.dimse.upper_layer.pdus import IS_COMMAND, IS_LAST, PDU_HEADER, PDV_HEADER, PduType

HEADER_BYTES = PDU_HEADER.size + PDV_HEADER.size
LARGEST_SENT_PDU_BYTES = 1 << 18


def fragment_bytes(peer_maximum_length: int) -> int:
    """How many bytes of a message fit one PDU; 0 means that the peer sets no limit (PS3.8 D.1).

    The number is even: PS3.8 annex E would have it so.
    """
    limit = peer_maximum_length or LARGEST_SENT_PDU_BYTES
    return (min(limit, LARGEST_SENT_PDU_BYTES) - PDV_HEADER.size) & ~1


def command_pdus(context_id: int, command_set: bytes, fragment_size: int) -> list[bytes]:
    """Cut a command set into PDUs of one fragment each."""
    last = (len(command_set) - 1) // fragment_size * fragment_size
    pdus = []
    for offset in range(0, len(command_set), fragment_size):
        fragment = command_set[offset : offset + fragment_size]
        control = IS_COMMAND | (IS_LAST if offset == last else 0)
        pdus.append(
            PDU_HEADER.pack(PduType.P_DATA_TF, len(fragment) + PDV_HEADER.size)
            + PDV_HEADER.pack(len(fragment) + 2, context_id, control)
            + fragment
        )
    return pdus


def dataset_pdus(context_id: int, data: bytes, fragment_size: int) -> list[bytes]:
    """Cut a data set that is small into PDUs of one fragment each."""
    last = max(len(data) - 1, 0) // fragment_size * fragment_size
    pdus = []
    for offset in range(0, max(len(data), 1), fragment_size):
        fragment = data[offset : offset + fragment_size]
        pdus.append(
            PDU_HEADER.pack(PduType.P_DATA_TF, len(fragment) + PDV_HEADER.size)
            + PDV_HEADER.pack(len(fragment) + 2, context_id, IS_LAST if offset == last else 0)
            + fragment
        )
    return pdus


def put_dataset_header(buffer: memoryview, context_id: int, length: int, *, is_last: bool) -> None:
    """Write the headers of a data set fragment of `length` bytes into the room left for them in front."""
    PDU_HEADER.pack_into(buffer, 0, PduType.P_DATA_TF, length + PDV_HEADER.size)
    PDV_HEADER.pack_into(buffer, PDU_HEADER.size, length + 2, context_id, IS_LAST if is_last else 0)
