import pytest

from hounsfield.dicomweb.negotiation import choose, parse_accept
from hounsfield.errors import NotAcceptable

OCTETS, DICOM, JSON = "application/octet-stream", "application/dicom", "application/dicom+json"


@pytest.mark.parametrize(
    ("accept", "part"),
    [
        # WEB-03: as OHIF, dicomweb-client, Weasis, Slicer and curl write it
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", OCTETS),
        ('multipart/related; type="application/octet-stream"; transfer-syntax=*', OCTETS),
        (
            'multipart/related;type="application/dicom";transfer-syntax=1.2.840.10008.1.2.1, */*;q=0.1',
            DICOM,
        ),
        ("multipart/related; type=application/dicom ; q=0.9", DICOM),
        ("multipart/related", DICOM),
        ("*/*", DICOM),
        ("", DICOM),
    ],
)
def test_clients_get_parts_of_the_type_they_mean(accept, part):
    assert any(entry.allows_parts(part) for entry in parse_accept(accept))


def test_the_best_quality_wins():
    ranges = parse_accept("application/json;q=0.2, application/dicom+json;q=0.8, text/html;q=0")
    assert [entry.media_type for entry in ranges] == [JSON, "application/json"]
    assert choose(ranges, ("application/json", JSON)) == JSON


def test_what_is_refused_by_name_is_not_meant_by_a_range():
    # WEB-03; RFC 9110 12.5.1
    for accept in ("image/jpeg;q=0, image/*", "*/*, image/jpeg; q=0.0"):
        assert choose(parse_accept(accept), ("image/jpeg", "image/png")) == "image/png"
    with pytest.raises(NotAcceptable):
        choose(parse_accept("image/jpeg;q=0, */*"), ("image/jpeg",))
    assert (
        choose(parse_accept("image/jpeg, image/*;q=0"), ("image/png", "image/jpeg")) == "image/jpeg"
    )


def test_only_what_fits_nothing_is_not_acceptable():
    with pytest.raises(NotAcceptable, match="dicom"):
        choose(parse_accept("image/png"), (JSON,))


@pytest.mark.parametrize("accept", [";;;", ",,,", 'a/b;x="', "no slash", "a/b;q=x", "x" * 100_000])
def test_malformed_values_are_survived(accept):
    assert parse_accept(accept)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("filling", ["a", " ", "a ", "=", '"', 'a="', "a= "])
def test_a_long_entry_is_read_in_one_go(filling):
    # Searched anew from each of its characters, one would hold up everybody for most of a second.
    for _ in range(100):
        ranges = parse_accept("a/b;" + filling * (8100 // len(filling)))
        assert ranges[0].media_type == "a/b"
