"""Damaged instances are refused with a clear status, and the server goes on."""

import pytest
from tests.corpus import CorpusFile, dataset_offset, rounds
from tests.interop import dimse_client
from tests.interop.web import failures, referenced

PIXEL_DATA = b"\xe0\x7f\x10\x00OW\0\0"
SIZE = 40_000  # of the file that is damaged, at most


def whole(corpus_files) -> CorpusFile:
    """One explicit VR instance with native pixels."""
    return next(
        f
        for f in rounds(corpus_files)[0]
        if f.expect == "accept"
        and f.transfer_syntax_uid == "1.2.840.10008.1.2.1"
        and f.path.stat().st_size < SIZE
        and f.has_file_meta
        and PIXEL_DATA in f.read()
    )


def cut_in_the_header(data):
    return data[: dataset_offset(data) + 201]


def cut_in_the_pixels(data):
    return data[: data.index(PIXEL_DATA) + 1000]


def without_identity(data):
    return data[: dataset_offset(data)] + b"\x08\x00\x60\x00CS\x02\x00MR"


def nothing_at_all(data):
    return data[: dataset_offset(data)]


def noise(data):
    start = dataset_offset(data)
    return data[:start] + bytes(n * 131 % 251 for n in range(len(data) - start))


def giant_length(data):
    """The first element of the data set claims four gigabytes."""
    start = dataset_offset(data)
    return data[:start] + b"\x08\x00\x08\x00UN\x00\x00\xf0\xff\xff\xff" + data[start:]


def endless_nesting(data):
    start = dataset_offset(data)
    item = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return data[:start] + item * 2000


DAMAGES = [
    cut_in_the_header, cut_in_the_pixels, without_identity, nothing_at_all, noise, giant_length,
    endless_nesting,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_data_set_is_refused_by_c_store_with_a_reason(
    server, corpus_files, tmp_path, damage
):
    # PS3.4 B.2.3: Cxxx "cannot understand", or A900; the Error Comment says why
    path = tmp_path / "damaged.dcm"
    path.write_bytes(damage(whole(corpus_files).read()))
    answer = dimse_client.send(server, [path])[path]
    assert answer.status is not None, "no answer"
    assert answer.status >> 12 == 0xC or answer.status == 0xA900, f"{answer}"
    assert answer.comment.strip()
    assert dimse_client.echo(server)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_file_is_refused_by_stow_rs_with_a_reason(server, web, corpus_files, damage):
    # STOW-01, STOW-02
    response = web.store([damage(whole(corpus_files).read())])
    assert response.status_code == 409, response.text
    assert not referenced(response)
    assert all(reason >> 12 == 0xC or reason == 0xA900 for reason in failures(response))
    assert failures(response)
    assert dimse_client.echo(server)


def test_what_is_no_dicom_at_all_is_refused_by_stow_rs(server, web):
    response = web.store([b"%PDF-1.7 this is something else" * 50])
    assert response.status_code in (400, 409)
    assert dimse_client.echo(server)


def test_a_good_instance_beside_a_damaged_one_is_stored(web, corpus_files):
    # STOW-01: 202 when some failed
    good = whole(corpus_files)
    response = web.store([good.read(), noise(good.read())])
    assert response.status_code == 202, response.text
    assert set(referenced(response)) == {good.sop_instance_uid}
    assert len(failures(response)) == 1


def test_a_damaged_instance_does_not_end_the_association(server, corpus_files, tmp_path):
    good = whole(corpus_files)
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(cut_in_the_header(good.read()))
    answers = dimse_client.send(server, [bad, good.path])  # one association: one context
    assert not answers[bad].is_success
    assert answers[good.path].is_success
