"""A peer that retrieves, over a raw socket."""

import io

from pydicom import Dataset
from pydicom.filereader import read_dataset
from tests.dimse.peer import EXPLICIT
from tests.dimse.querying import PENDING, Finder, encoded

from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.upper_layer.items import RoleSelection

PATIENT_GET, STUDY_GET = "1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_MOVE, STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.2.2"


class Retriever(Finder):
    """Context 1 retrieves; those behind it are what instances may come back on."""

    def open(self, root, *storage, **more):
        contexts = [(root, (EXPLICIT,)), *((uid, (syntax,)) for uid, syntax in storage)]
        roles = tuple(
            RoleSelection(uid, scu_role=False, scp_role=True) for uid in {u for u, _ in storage}
        )
        self.root = root
        return self.associate(*contexts, role_selections=roles, **more)

    def retrieve(self, field, level, destination=None, *, priority=0, **keys):
        identifier = Dataset()
        if level:
            identifier.QueryRetrieveLevel = level
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        self.message_id += 1
        more = {CommandTag.MOVE_DESTINATION: destination} if destination else {}
        request = Command.of(
            field,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: self.root,
                CommandTag.MESSAGE_ID: self.message_id,
                CommandTag.PRIORITY: priority,
                **more,
            },
            dataset=True,
        )
        self.send(request, encoded(identifier, EXPLICIT), context_id=1)

    def take_all(self, answer=lambda _uid: 0):
        """Answer each C-STORE; (data sets by UID, responses, failed UIDs)."""
        came, responses = {}, []
        while True:
            command, data, context_id = self.next_message()
            if command.command_field == CommandField.C_STORE_RQ:
                uid = command.affected_sop_instance_uid
                came[uid] = data
                self.send(respond(command, answer(uid)), context_id=context_id)
                continue
            responses.append(command)
            if command.status != PENDING:
                return came, responses, failed_uids(data)


def failed_uids(data):
    if not data:
        return []

    found = read_dataset(io.BytesIO(data), is_implicit_VR=False, is_little_endian=True)
    value = found.FailedSOPInstanceUIDList
    return [value] if isinstance(value, str) else list(value)
