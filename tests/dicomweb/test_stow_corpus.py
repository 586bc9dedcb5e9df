"""Real files through STOW-RS: as they are, and taken apart into metadata and bulk data (PS3.18 10.5)."""

import json

from tests.dicomweb.storing import JSON, bulk, failures, message, post, stored, stow

from hounsfield.dicom.frames import offsets
from hounsfield.dicom.json_model import find_bulk_data, write_dataset
from hounsfield.dicom.part10 import read_header
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import HounsfieldError


def test_every_file_is_stored_or_refused_with_words(site, corpus_files):
    # STOW-01, STOW-02
    for file in corpus_files[::3]:
        answer = stow(site, file.read())
        assert answer.status_code in {200, 202, 409}, f"{file}: {answer.text}"
        if file.expect == "accept":
            assert stored(answer) == [file.sop_instance_uid], f"{file}: {answer.text}"
        if file.expect == "reject":
            assert all(text for _, text in failures(answer)), str(file)
            assert not stored(answer), str(file)


def taken_apart(data: bytes) -> bytes | None:
    """A message of metadata and bulk data that says what a file says; None for what the web does not carry."""
    header = read_header(data)
    syntax = of(header.transfer_syntax_uid)
    if syntax.is_deflated or syntax.is_big_endian:
        return None
    uris: list[str] = []

    def uri(path: str) -> str:
        uris.append(path)
        return path

    found = json.loads(write_dataset(data, header, bulk_data_uri=uri))
    parts = []
    for path in uris:
        offset, length, _ = find_bulk_data(data, header, path)
        if path == "7FE00010" and syntax.is_encapsulated:
            kind = f"{syntax.media_type}; transfer-syntax={syntax.uid}"
            table = offsets(header, data)
            if table is None or table.number_of_frames != int(
                found.get("00280008", {}).get("Value", [1])[0]
            ):
                return None
            for number in range(table.number_of_frames):
                frame = b"".join(data[at : at + size] for at, size in table.ranges(number))
                parts.append(bulk(path, frame, kind))
        else:
            parts.append(bulk(path, data[offset : offset + length]))
    return message(({"Content-Type": JSON}, json.dumps(found).encode()), *parts)


def test_files_taken_apart_are_put_together_again(site, corpus_files):
    # STOW-04
    done = 0
    for file in corpus_files[::3]:
        if file.expect != "accept" or file.path.stat().st_size > 2 << 20:
            continue
        data = file.read()
        try:
            body = taken_apart(data)
        except (HounsfieldError, ValueError):
            continue  # the table of frames, or the number of them, is what is wrong with it
        if body is None:
            continue
        answer = post(site, body, f'multipart/related; type="{JSON}"; boundary=b')
        assert answer.status_code in {200, 409}, f"{file}: {answer.text}"
        if answer.status_code == 409:
            assert all(text for _, text in failures(answer))
            continue
        assert stored(answer) == [file.sop_instance_uid], str(file)
        done += 1
    assert done > 20
