"""Throw bytes at the PDU and command decoders: python -m tests.fuzz.pdus --seconds N.

Whatever comes in, only the two errors made for it may come out, and what was understood must say the same
when it is written and read again.
"""

import argparse
import random
import sys
import time

from hounsfield.dimse.command import Command, CommandField, CommandTag, InvalidCommand, respond
from hounsfield.dimse.upper_layer.items import InvalidPdu, UserIdentity, UserInformation
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

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
INFORMATION = UserInformation(
    maximum_length=16384,
    implementation_class_uid="1.2.3",
    implementation_version_name="FUZZ",
    asynchronous_operations_window=(1, 1),
    user_identity=UserIdentity(2, positive_response_requested=True, primary_field=b"user"),
)
SEEDS = [
    encode(message)
    for message in (
        AssociateRq("CALLED", "CALLING", (ProposedContext(1, CT, (EXPLICIT,)),), INFORMATION),
        AssociateAc("CALLED", "CALLING", (AnsweredContext(1, 0, EXPLICIT),), INFORMATION),
        AssociateRj(1, 1, 7),
        PDataTf((PresentationDataValue(1, True, True, b"command"),)),
        ReleaseRq(),
        ReleaseRp(),
        Abort(2, 6),
    )
]
COMMAND_SEEDS = [
    Command.of(
        CommandField.C_STORE_RQ,
        {
            CommandTag.AFFECTED_SOP_CLASS_UID: CT,
            CommandTag.MESSAGE_ID: 7,
            CommandTag.PRIORITY: 0,
            CommandTag.AFFECTED_SOP_INSTANCE_UID: "1.2.3.4",
            CommandTag.MOVE_ORIGINATOR_AE_TITLE: "MOVER",
            CommandTag.MOVE_ORIGINATOR_MESSAGE_ID: 9,
        },
        dataset=True,
    ).encode(),
]


def check_pdu(data: bytes) -> bool:
    """Decode `data` as a PDU; say whether it was understood."""
    if len(data) < PDU_HEADER.size:
        return False
    pdu_type, _length = PDU_HEADER.unpack_from(data)
    try:
        message = decode(pdu_type, data[PDU_HEADER.size :])
    except InvalidPdu:
        return False
    again = encode(message)
    assert decode(pdu_type, again[PDU_HEADER.size :]) == message
    return True


def check_command(data: bytes) -> bool:
    """Decode `data` as a command set; say whether it was understood."""
    try:
        command = Command.decode(data)
    except InvalidCommand:
        return False
    assert Command.decode(command.encode()) == command
    assert command.name
    assert command.move_originator is None or command.move_originator[0]
    if not command.is_response and CommandTag.MESSAGE_ID in command:
        try:
            number = command.message_id
        except InvalidCommand:
            return True
        answer = Command.decode(respond(command, 0x0211, comment=command.name).encode())
        assert answer.message_id_being_responded_to == number
    return True


def mutate(data: bytes, random_: random.Random) -> bytes:
    """Change `data` the way a broken or hostile peer would."""
    changed = bytearray(data)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(changed) or 1)
        match random_.randrange(5):
            case 0 if changed:
                changed[at] = random_.choice((0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256)))
            case 1:
                changed[at:at] = random_.randbytes(random_.randint(1, 8))
            case 2:
                del changed[at : at + random_.randint(1, 8)]
            case 3:
                changed[at:at] = changed[at : at + random_.randint(1, 40)]
            case 4:
                del changed[at:]
    return bytes(changed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    random_ = random.Random(seed)
    end = time.monotonic() + arguments.seconds
    tried = understood = 0
    while time.monotonic() < end:
        for seeds, check in ((SEEDS, check_pdu), (COMMAND_SEEDS, check_command)):
            data = mutate(random_.choice(seeds), random_)
            try:
                understood += check(data)
            except Exception:
                sys.stdout.write(f"seed {seed}, {check.__name__}({data!r})\n")
                raise
            tried += 1
    sys.stdout.write(f"seed {seed}: {tried} inputs, {understood} understood, no failure\n")


if __name__ == "__main__":
    main()
