"""C-FIND against a live server (PS3.4 C.4.1)."""

import pytest
from pydicom import Dataset
from tests.dimse.conftest import QUICK
from tests.dimse.peer import CT, EXPLICIT, IMPLICIT, aborts, dataset_bytes
from tests.dimse.querying import (
    BIG,
    CANCEL,
    CANNOT_UNDERSTAND,
    DEFLATED,
    NOT_MATCHING,
    PATIENT_ROOT,
    PENDING,
    PENDING_INCOMPLETE,
    STUDY_ROOT,
    SUCCESS,
    Finder,
)
from tests.instances import part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.store import Source
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.identifier import MAX_IDENTIFIER_BYTES
from hounsfield.dimse.upper_layer.items import ExtendedNegotiation
from hounsfield.dimse.upper_layer.pdus import PDataTf
from hounsfield.index.site.records import Peer

PEOPLE = (
    ("P1", "Doe^Jane", "20240131", "Head", ("CT", "SR")),
    ("P2", "Müller^Jörg", "20240201", "Thörax", ("MR",)),
    ("P3", "Yamada^Tarou=山田^太郎=やまだ^たろう", "20240301", "", ("CT",)),
)


@pytest.fixture
def filled(archive):
    """Three patients, a study each, one or two series with two instances each."""
    for number, (patient_id, name, date, description, modalities) in enumerate(PEOPLE, 1):
        for series, modality in enumerate(modalities, 1):
            for image in (1, 2):
                content = part10(
                    PatientID=patient_id, PatientName=name, StudyDate=date,
                    StudyDescription=description, Modality=modality,
                    StudyInstanceUID=f"1.2.{number}", SeriesInstanceUID=f"1.2.{number}.{series}",
                    SOPInstanceUID=f"1.2.{number}.{series}.{image}", InstanceNumber=str(image),
                )  # fmt: skip
                spool = archive.store.spool()
                spool.write(content)
                archive.store.store_instance(spool, Source(LOCAL, "import", "test"))
    return archive


@pytest.fixture
def finder(filled, serve):
    _server, port = serve(filled)
    with Finder(port) as peer:
        peer.join()
        yield peer


def test_a_level_in_small_letters_is_read_as_it_was_meant(finder):
    statuses, found, _ = finder.find(level="study", StudyInstanceUID="")
    assert statuses[-1] == SUCCESS
    assert {ds.QueryRetrieveLevel for ds in found} == {"STUDY"}


# QR-01
def test_both_roots_answer_at_all_their_levels(finder):
    def uids(**query):
        statuses, found, _ = finder.find(**query)
        assert statuses[-1] == SUCCESS
        assert {found.QueryRetrieveLevel for found in found} <= {query["level"]}
        return found

    patients = uids(root=PATIENT_ROOT, level="PATIENT", PatientID="", PatientName="")
    assert {found.PatientID for found in patients} == {"P1", "P2", "P3"}
    studies = uids(root=PATIENT_ROOT, level="STUDY", PatientID="P1", StudyInstanceUID="")
    assert [found.StudyInstanceUID for found in studies] == ["1.2.1"]
    series = uids(level="SERIES", StudyInstanceUID="1.2.1", SeriesInstanceUID="", Modality="")
    assert [(s.SeriesInstanceUID, s.Modality) for s in series] == [
        ("1.2.1.1", "CT"),
        ("1.2.1.2", "SR"),
    ]
    images = uids(
        level="IMAGE", StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.1", SOPInstanceUID=""
    )
    assert [found.SOPInstanceUID for found in images] == ["1.2.1.1.1", "1.2.1.1.2"]


# QR-01
@pytest.mark.parametrize(
    ("root", "level", "keys"),
    [
        (STUDY_ROOT, "PATIENT", {"PatientID": "P1"}),
        (STUDY_ROOT, "SERIES", {"SeriesInstanceUID": ""}),
        (STUDY_ROOT, "SERIES", {"StudyInstanceUID": ["1.2.1", "1.2.2"]}),
        (STUDY_ROOT, "IMAGE", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": ""}),
        (PATIENT_ROOT, "STUDY", {"PatientID": "P*"}),
        (PATIENT_ROOT, "SERIES", {"StudyInstanceUID": "1.2.1"}),
        (STUDY_ROOT, "FRAME", {}),
    ],
)
def test_what_breaks_the_rules_of_the_hierarchy_is_refused_with_the_reason(
    finder, root, level, keys
):
    statuses, found, comment = finder.find(root=root, level=level, **keys)
    assert (statuses, found) == ([NOT_MATCHING], [])
    assert "(00" in comment or "Level" in comment
    assert finder.find(StudyInstanceUID="")[0][-1] == SUCCESS


# QR-01
def test_relational_queries_are_answered_where_they_were_negotiated(filled, serve):
    _server, port = serve(filled)
    with Finder(port) as peer:
        answer = peer.join(extended_negotiations=(ExtendedNegotiation(STUDY_ROOT, b"\1\1\1"),))
        assert answer.user_information.extended_negotiations == (
            ExtendedNegotiation(STUDY_ROOT, b"\1\1\1"),
        )
        statuses, found, _ = peer.find(level="SERIES", PatientID="P1", SeriesInstanceUID="")
        assert statuses == [PENDING, PENDING, SUCCESS]
        assert {found.SeriesInstanceUID for found in found} == {"1.2.1.1", "1.2.1.2"}
        # Patient Root was not negotiated so.
        statuses, _, _ = peer.find(root=PATIENT_ROOT, level="STUDY", StudyInstanceUID="")
        assert statuses == [NOT_MATCHING]


# NET-07
def test_what_is_supported_is_answered_so_and_the_conversion_of_images_is_not(filled, serve):
    _server, port = serve(filled)
    with Finder(port) as peer:
        asked = ExtendedNegotiation(STUDY_ROOT, b"\1\1\1\1\1\1\1\1")
        answer = peer.join(extended_negotiations=(asked,))
        (told,) = answer.user_information.extended_negotiations
        assert told.application_information == b"\1\1\1\1\0\1\1\0"


# QR-02, QR-03, QR-04, NET-07
@pytest.mark.parametrize(
    ("position", "keys", "without", "with_it"),
    [
        # combined date and time: the last hours of one day to the first of another
        (2, {"StudyDate": "20240131-20240201", "StudyTime": "1100-0900"}, set(), set()),
        (2, {"StudyDate": "20240131-20240201", "StudyTime": "1000-0900"}, set(), {"1.2.1"}),
        (2, {"StudyDate": "20240131-", "StudyTime": "1100-"}, set(), {"1.2.2", "1.2.3"}),
        # fuzzy: sounds, in any order
        (3, {"PatientName": "Dough^Jane"}, set(), set()),
        (3, {"PatientName": "Jean^Do"}, set(), {"1.2.1"}),
        (3, {"PatientName": "Mueller^Joerg"}, set(), {"1.2.2"}),
        (3, {"PatientName": "Mil*"}, set(), {"1.2.2"}),
        (3, {"PatientName": "=山田*"}, {"1.2.3"}, {"1.2.3"}),
        (3, {"PatientName": "*oe^j*"}, {"1.2.1"}, {"1.2.1"}),
        # empty values
        (6, {"StudyDescription": '""'}, set(), {"1.2.3"}),
        # several values: all of them, or else any of them
        (7, {"ModalitiesInStudy": ["CT", "SR"]}, {"1.2.1", "1.2.3"}, {"1.2.1"}),
        (7, {"ModalitiesInStudy": ["SR", "PT"]}, {"1.2.1"}, set()),
    ],
)
def test_each_kind_of_matching_is_on_where_it_was_negotiated(
    filled, serve, position, keys, without, with_it
):
    _server, port = serve(filled)
    information = bytes(int(n == position) for n in range(1, 8))
    for offered, expected in ((b"\0" * 7, without), (information, with_it)):
        with Finder(port) as peer:
            peer.join(extended_negotiations=(ExtendedNegotiation(STUDY_ROOT, offered),))
            _, found, _ = peer.find(
                **{"SpecificCharacterSet": "ISO_IR 192", "StudyInstanceUID": "", **keys}
            )
            assert {one.StudyInstanceUID for one in found} == expected


# QR-04
def test_times_are_compared_across_time_zones_where_that_was_negotiated(archive, serve):
    for number, offset in ((1, "+0900"), (2, "-0500"), (3, None)):
        content = part10(
            StudyInstanceUID=f"1.2.{number}", SeriesInstanceUID=f"1.2.{number}.1",
            SOPInstanceUID=f"1.2.{number}.1.1", TimezoneOffsetFromUTC=offset,
            StudyDate="20240131", StudyTime="0800",
        )  # fmt: skip
        spool = archive.store.spool()
        spool.write(content)
        archive.store.store_instance(spool, Source(LOCAL, "import", "test"))
    _server, port = serve(archive)
    with Finder(port) as peer:
        peer.join(extended_negotiations=(ExtendedNegotiation(STUDY_ROOT, b"\0\1\0\1"),))
        range_in_tokyo = {"StudyDate": "20240131", "StudyTime": "0700-0900"}
        _, found, _ = peer.find(
            StudyInstanceUID="", TimezoneOffsetFromUTC="+0900", **range_in_tokyo
        )
        assert [(one.StudyInstanceUID, one.TimezoneOffsetFromUTC) for one in found] == [
            ("1.2.1", "+0900")
        ]
        _, found, _ = peer.find(
            StudyInstanceUID="", TimezoneOffsetFromUTC="-0500", **range_in_tokyo
        )
        assert [one.StudyInstanceUID for one in found] == ["1.2.2"]
        _, found, _ = peer.find(StudyInstanceUID="1.2.3", StudyTime="")
        assert len(found[0].TimezoneOffsetFromUTC) == 5
        statuses, _, comment = peer.find(TimezoneOffsetFromUTC="Tokyo", **range_in_tokyo)
        assert statuses == [NOT_MATCHING]
        assert "(0008,0201)" in comment


# QR-02
def test_sequences_are_matched_by_an_item_where_they_are_kept(archive, serve):
    def code(value):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = value, "99TEST"
        return item

    for number, value in enumerate(("CTH", "MRH"), 1):
        spool = archive.store.spool()
        spool.write(
            part10(
                StudyInstanceUID=f"1.2.{number}", SeriesInstanceUID=f"1.2.{number}.1",
                SOPInstanceUID=f"1.2.{number}.1.1",
                ProcedureCodeSequence=[code("OTHER"), code(value)],
            )
        )  # fmt: skip
        archive.store.store_instance(spool, Source(LOCAL, "import", "test"))
    _server, port = serve(archive)
    with Finder(port) as peer:
        peer.join()
        statuses, found, _ = peer.find(StudyInstanceUID="", ProcedureCodeSequence=[code("MR*")])
        assert (statuses[0], [one.StudyInstanceUID for one in found]) == (PENDING, ["1.2.2"])
        assert len(found[0].ProcedureCodeSequence) == 2
        _, found, _ = peer.find(StudyInstanceUID="", ProcedureCodeSequence=[code("")])
        assert len(found) == 2
        statuses, _, _ = peer.find(StudyInstanceUID="", ReferencedStudySequence=[code("X")])
        assert statuses[0] == PENDING_INCOMPLETE


# QR-02, QR-03
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"PatientID": "P2"}, {"1.2.2"}),
        ({"PatientID": "p2"}, set()),
        ({"StudyInstanceUID": ["1.2.1", "1.2.3", "9.9"]}, {"1.2.1", "1.2.3"}),
        ({"PatientID": ""}, {"1.2.1", "1.2.2", "1.2.3"}),
        ({"PatientID": "P?"}, {"1.2.1", "1.2.2", "1.2.3"}),
        ({"StudyDescription": "*hör*"}, {"1.2.2"}),
        ({"StudyDate": "20240131-20240201"}, {"1.2.1", "1.2.2"}),
        ({"StudyDate": "20240202-"}, {"1.2.3"}),
        ({"StudyDate": "-20240131"}, {"1.2.1"}),
        ({"PatientName": "doe^jane"}, {"1.2.1"}),
        ({"PatientName": "MULLER*"}, {"1.2.2"}),
        ({"PatientName": "山田*"}, {"1.2.3"}),
        ({"PatientName": "=山田*"}, {"1.2.3"}),
        ({"PatientName": "==*たろう"}, {"1.2.3"}),
        ({"PatientName": "Doe*=山田*"}, set()),
        ({"ModalitiesInStudy": "SR"}, {"1.2.1"}),
        ({"ModalitiesInStudy": "PT"}, set()),
    ],
)
def test_every_kind_of_matching(finder, keys, expected):
    _, found, _ = finder.find(
        **{"SpecificCharacterSet": "ISO_IR 192", "StudyInstanceUID": "", **keys}
    )
    assert {found.StudyInstanceUID for found in found} == expected


# QR-02
@pytest.mark.parametrize("keys", [{"StudyDate": "yesterday"}, {"StudyInstanceUID": "1.2.*"}])
def test_a_value_that_cannot_match_anything_is_refused(finder, keys):
    statuses, _, comment = finder.find(**keys)
    assert statuses == [NOT_MATCHING]
    assert "(00" in comment


# QR-05
def test_answers_say_where_and_how_the_study_can_be_had_and_in_which_characters(finder):
    _, (found,), _ = finder.find(StudyInstanceUID="1.2.2", StudyDescription="", PatientName="")
    assert (found.RetrieveAETitle, found.InstanceAvailability) == ("HOUNSFIELD", "ONLINE")
    assert (found.SpecificCharacterSet, str(found.PatientName)) == ("ISO_IR 192", "Müller^Jörg")
    _, (found,), _ = finder.find(
        SpecificCharacterSet="ISO_IR 100", StudyInstanceUID="1.2.2", PatientName=""
    )
    assert (found.SpecificCharacterSet, str(found.PatientName)) == ("ISO_IR 100", "Müller^Jörg")
    _, (found,), _ = finder.find(StudyInstanceUID="1.2.1", PatientName="")
    assert "SpecificCharacterSet" not in found


# QR-05
def test_keys_that_are_none_of_ours_are_left_out_and_told_by_ff01(finder):
    statuses, (found,), _ = finder.find(StudyInstanceUID="1.2.1", PatientName="")
    assert statuses == [PENDING, SUCCESS]
    statuses, (found,), _ = finder.find(
        StudyInstanceUID="1.2.1", PatientReligiousPreference="", SeriesNumber="", StudyID=""
    )
    assert statuses == [PENDING_INCOMPLETE, SUCCESS]
    assert "PatientReligiousPreference" not in found
    assert "SeriesNumber" not in found
    assert found.StudyID == "S1"
    statuses, _, _ = finder.find(StudyInstanceUID="1.2.1", NumberOfStudyRelatedSeries="7")
    assert statuses == [PENDING_INCOMPLETE, SUCCESS]


# QR-06
def test_what_is_known_of_the_entities_below_is_computed(finder):
    _, (study,), _ = finder.find(
        StudyInstanceUID="1.2.1", ModalitiesInStudy="", SOPClassesInStudy="",
        NumberOfStudyRelatedSeries="", NumberOfStudyRelatedInstances="",
    )  # fmt: skip
    assert list(study.ModalitiesInStudy) == ["CT", "SR"]
    assert study.SOPClassesInStudy == CT
    assert (study.NumberOfStudyRelatedSeries, study.NumberOfStudyRelatedInstances) == (2, 4)
    _, (patient,), _ = finder.find(
        root=PATIENT_ROOT, level="PATIENT", PatientID="P1", NumberOfPatientRelatedStudies="",
        NumberOfPatientRelatedSeries="", NumberOfPatientRelatedInstances="",
    )  # fmt: skip
    assert patient.NumberOfPatientRelatedStudies == 1
    assert patient.NumberOfPatientRelatedSeries == 2
    assert patient.NumberOfPatientRelatedInstances == 4


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_queries_are_answered_in_the_transfer_syntax_they_come_in(filled, serve, syntax):
    _server, port = serve(filled)
    with Finder(port) as peer:
        peer.join(syntax)
        statuses, (found,), _ = peer.find(
            StudyInstanceUID="1.2.1", PatientName="Doe*", StudyDate=""
        )
        assert statuses == [PENDING, SUCCESS]
        assert (str(found.PatientName), found.StudyDate) == ("Doe^Jane", "20240131")


# QR-05
@pytest.mark.parametrize("charset", ["\\ISO 2022 IR 87", "ISO 2022 IR 6\\ISO 2022 IR 87"])
def test_who_asks_with_code_extensions_is_answered_with_them(finder, charset):
    statuses, (found,), _ = finder.find(
        SpecificCharacterSet=charset, StudyInstanceUID="", PatientName="山田*"
    )
    assert statuses[-1] == SUCCESS
    assert "\\".join(found.SpecificCharacterSet) == charset
    assert str(found.PatientName) == "Yamada^Tarou=山田^太郎=やまだ^たろう"


# QR-05
def test_a_peer_that_names_no_character_set_is_read_in_its_own(filled, serve):
    peer = Peer("RAW", "127.0.0.1", name="gb", character_set="GB18030")
    _server, port = serve(filled, peers=(peer,))
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", ""
    identifier.SpecificCharacterSet, identifier.PatientName = "GB18030", "山田*"
    raw = dataset_bytes(identifier)
    begin = raw.index(b"\x10\0\x10\0PN")
    level = raw[raw.index(b"\x08\0\x52\0CS") : begin]
    with Finder(port) as asking:
        asking.join()
        asking.ask_for(None, raw=level + raw[begin:])
        command, found = asking.message()
        assert command.status == PENDING
        assert found.SpecificCharacterSet == "GB18030"
        assert found.StudyInstanceUID == "1.2.3"


# QR-07
def test_a_cancel_ends_the_answers_with_fe00(filled, serve):
    for number in range(2000):
        spool = filled.store.spool()
        spool.write(
            part10(
                PixelData=None, StudyInstanceUID=f"1.3.{number}",
                SeriesInstanceUID=f"1.3.{number}.1", SOPInstanceUID=f"1.3.{number}.1.1",
            )
        )  # fmt: skip
        filled.store.store_instance(spool, Source(LOCAL, "import", "test"))
    _server, port = serve(filled)
    with Finder(port) as peer:
        peer.join()
        identifier = Dataset()
        identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", ""
        message_id = peer.ask_for(identifier)
        assert peer.message()[0].status == PENDING
        cancel = Command.of(
            CommandField.C_CANCEL_RQ, {CommandTag.MESSAGE_ID_BEING_RESPONDED_TO: message_id}
        )
        peer.send(cancel, context_id=3)
        statuses = [PENDING]
        while statuses[-1] == PENDING:
            statuses.append(peer.message()[0].status)
        assert statuses[-1] == CANCEL
        assert len(statuses) < 2000
        # A cancel that comes too late is passed over.
        peer.send(cancel, context_id=3)
        assert peer.find(StudyInstanceUID="1.2.1")[0] == [PENDING, SUCCESS]


# NET-12
def test_another_request_while_one_is_answered_ends_the_association(filled, serve):
    _server, port = serve(filled, times=QUICK)
    with Finder(port) as peer:
        peer.join()
        identifier = Dataset()
        identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", ""
        request = Command.of(
            CommandField.C_FIND_RQ,
            {CommandTag.AFFECTED_SOP_CLASS_UID: STUDY_ROOT, CommandTag.MESSAGE_ID: 1},
            dataset=True,
        )
        data = dataset_bytes(identifier)
        values = [
            value
            for _ in range(2)
            for value in (
                *peer.values(3, request.encode(), is_command=True),
                *peer.values(3, data, is_command=False),
            )
        ]
        peer.say(PDataTf(tuple(values)))
        assert len(aborts(peer.hear_the_end())) == 1


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", NOT_MATCHING),
        (b"\x08\x00\x52\x00CS\x06\x00STUD", CANNOT_UNDERSTAND),
        (b"\x01\x02\x03", CANNOT_UNDERSTAND),
        (b"\x09\x00\x01\x10UN\0\0" + (MAX_IDENTIFIER_BYTES).to_bytes(4, "little")
         + bytes(MAX_IDENTIFIER_BYTES), NOT_MATCHING),
    ],
)  # fmt: skip
def test_an_identifier_that_cannot_be_read_is_refused_and_the_association_goes_on(
    finder, raw, status
):
    finder.ask_for(None, raw=raw)
    command, _ = finder.message()
    assert command.status == status
    assert command.error_comment
    assert finder.find(StudyInstanceUID="1.2.1")[0] == [PENDING, SUCCESS]


def test_no_query_on_a_context_for_storage(filled, serve):
    _server, port = serve(filled)
    with Finder(port) as peer:
        peer.associate((PATIENT_ROOT, (EXPLICIT,)), (CT, (EXPLICIT,)))
        identifier = Dataset()
        identifier.QueryRetrieveLevel = "STUDY"
        peer.ask_for(identifier)
        assert peer.message()[0].status == 0x0122


@pytest.mark.parametrize("key", ["PatientBirthDate", "StudyTime", "StudyDate"])
def test_what_somebody_looks_for_does_not_come_into_the_log(finder, caplog, key):
    statuses, _, comment = finder.find(**{"PatientID": "SECRET", key: "SECRET"})
    assert statuses == [NOT_MATCHING]
    assert "is no date" in comment
    said = [one.getMessage() for one in caplog.records if one.name.startswith("hounsfield")]
    assert any("refused" in one for one in said)
    assert not any("SECRET" in one for one in said)
