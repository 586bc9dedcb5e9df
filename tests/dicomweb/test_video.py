"""Films of frames and stored video over HTTP (PS3.18 8.7.4, WADO-04, WADO-06)."""

import io

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from tests.dicomweb.conftest import open_site
from tests.dicomweb.wado.test_rendered import INSTANCE, film, get, image, picture, png

from hounsfield.errors import InvalidInstance, NotFound
from hounsfield.pixels.codecs import video

av = pytest.importorskip("av")

H264, HEVC, MPEG2 = (f"1.2.840.10008.1.2.4.{n}" for n in ("102", "107", "100"))
GREYS = list(range(20, 236, 18))  # as many as a transport stream needs to be told as one


def stream(codec, container):
    """Frames of one grey each, as a scanner's encoder would give them."""
    made = io.BytesIO()
    with av.open(made, "w", format=container) as target:
        track = target.add_stream(codec, rate=25)
        track.width = track.height = 64
        track.pix_fmt = "yuv420p"
        for grey in GREYS:
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8), format="rgb24")
            target.mux(track.encode(frame))
        target.mux(track.encode(None))
    return made.getvalue()


def stored_video(content, syntax, **changes):
    return image(
        transfer_syntax_uid=syntax,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.1.1",
        SamplesPerPixel=3,
        PhotometricInterpretation="YBR_PARTIAL_420",
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        NumberOfFrames=len(GREYS),
        CineRate="25",
        PixelData=encapsulate([content]),
        **changes,
    )


def greys_of(content):
    with av.open(io.BytesIO(content)) as source:
        frames = source.decode(video=0)
        return [int(frame.to_ndarray(format="rgb24").mean()) for frame in frames]


def test_a_multi_frame_image_becomes_an_mp4_at_its_speed(tmp_path):
    # WADO-04
    with open_site(tmp_path) as site:
        site.put(film())
        answer = get(site, INSTANCE + "/rendered", "video/mp4")
        assert answer.headers["content-type"] == "video/mp4"
        assert np.abs(np.array(greys_of(answer.content)) - [0, 85, 170, 255]).max() < 4
        with av.open(io.BytesIO(answer.content)) as source:
            times = [float(frame.time) for frame in source.decode(video=0)]
        assert np.diff(times) == pytest.approx([0.04, 0.04, 0.04])
        some = get(site, INSTANCE + "/frames/4,1/rendered", "video/mp4")
        assert np.abs(np.array(greys_of(some.content)) - [255, 0]).max() < 4
        assert get(site, INSTANCE + "/frames/4/rendered", "video/mp4").status_code == 406


@pytest.mark.parametrize(
    ("codec", "container", "syntax"),
    [
        ("libx264", "mp4", H264),
        ("libx264", "mpegts", H264),
        ("libx265", "mp4", HEVC),
        ("mpeg2video", "mpegts", MPEG2),
        ("mpeg2video", "mpeg2video", MPEG2),
    ],
)
def test_stored_video_is_given_as_it_is_as_mp4_and_frame_by_frame(
    tmp_path, codec, container, syntax
):
    # WADO-04, WADO-06
    content = stream(codec, container)
    with open_site(tmp_path) as site:
        site.put(stored_video(content, syntax))
        whole = get(site, INSTANCE + "/rendered")
        if container == "mp4" or syntax == MPEG2:
            assert whole.content.rstrip(b"\0") == content.rstrip(b"\0")
        played = get(site, INSTANCE + "/rendered", "video/mp4")
        assert played.content[4:8] == b"ftyp", played.text
        assert np.abs(np.array(greys_of(played.content)) - GREYS).max() < 8
        third = png(site, INSTANCE + "/frames/3/rendered", viewport="16,16")
        assert third.shape == (16, 16, 3)
        assert np.abs(third - GREYS[2]).max() < 8
        assert picture(get(site, INSTANCE + "/thumbnail", viewport="32,32")).shape[:2] == (32, 32)
        assert get(site, INSTANCE + "/frames/13/rendered").status_code == 404


def test_damaged_video_is_a_clean_error(tmp_path):
    with open_site(tmp_path) as site:
        site.put(stored_video(b"no video at all " * 20, H264))
        for end in ("/rendered", "/thumbnail", "/frames/1/rendered"):
            assert get(site, INSTANCE + end).status_code == 400, end
    content = stream("mpeg2video", "mpegts")
    with pytest.raises(NotFound):
        video.video_frame(content, 99)
    with pytest.raises(InvalidInstance):
        video.playable(b"", 40)


def test_odd_sizes_and_colours_fit_into_a_film():
    colours = np.zeros((33, 47, 3), np.uint8)
    colours[..., 1] = 200
    made = video.mp4([colours, colours], [40.0, 40.0])
    first = video.video_frame(made, 0)
    assert first.shape == (34, 48, 3)
    assert abs(int(first[10, 10, 1]) - 200) < 8


def test_without_pyav_the_answer_says_how_to_install_it(tmp_path, monkeypatch):
    # WADO-04
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "av.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", str(hidden))  # for the processes that encode
    with open_site(tmp_path) as site:
        site.put(film())
        refused = get(site, INSTANCE + "/rendered", "video/mp4")
        assert refused.status_code == 406
        assert 'pip install "hounsfield[video]"' in refused.json()["detail"]
        assert get(site, INSTANCE + "/rendered", "image/gif").status_code == 200
