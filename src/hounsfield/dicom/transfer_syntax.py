"""The transfer syntaxes the standard names, and how a data set in each is encoded (PS3.5 section 10, PS3.6 A)."""

from dataclasses import dataclass

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
# PS3.5 A.5, A.7 and A.12: the whole data set is deflated.
_DEFLATED = frozenset({DEFLATED, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """One transfer syntax; ``media_type`` is that of a frame or bulk data in it (PS3.18 8.7.3)."""

    uid: str
    name: str
    is_encapsulated: bool = True
    is_lossy: bool = False
    media_type: str = "application/octet-stream"

    @property
    def is_implicit_vr(self) -> bool:
        return self.uid == IMPLICIT_LITTLE

    @property
    def is_big_endian(self) -> bool:
        return self.uid == EXPLICIT_BIG

    @property
    def is_deflated(self) -> bool:
        return self.uid in _DEFLATED


_JPEG, _JLS, _JP2, _JPX = "image/jpeg", "image/jls", "image/jp2", "image/jpx"
_HT, _JXL, _RLE = "image/jphc", "image/jxl", "image/dicom-rle"
_MPEG, _MP4 = "video/mpeg", "video/mp4"

_TABLE = (
    TransferSyntax(IMPLICIT_LITTLE, "Implicit VR Little Endian", is_encapsulated=False),
    TransferSyntax(EXPLICIT_LITTLE, "Explicit VR Little Endian", is_encapsulated=False),
    TransferSyntax("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian"),
    TransferSyntax(DEFLATED, "Deflated Explicit VR Little Endian", is_encapsulated=False),
    TransferSyntax(EXPLICIT_BIG, "Explicit VR Big Endian", is_encapsulated=False),
    TransferSyntax("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", True, True, _JPEG),
    TransferSyntax("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", True, True, _JPEG),
    TransferSyntax("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", True, True, _JPEG),
    TransferSyntax(
        "1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (Process 6 and 8)", True, True, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.54", "JPEG Spectral Selection (Process 7 and 9)", True, True, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.55", "JPEG Full Progression (Process 10 and 12)", True, True, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.56", "JPEG Full Progression (Process 11 and 13)", True, True, _JPEG
    ),
    TransferSyntax("1.2.840.10008.1.2.4.57", "JPEG Lossless (Process 14)", True, False, _JPEG),
    TransferSyntax("1.2.840.10008.1.2.4.58", "JPEG Lossless (Process 15)", True, False, _JPEG),
    TransferSyntax(
        "1.2.840.10008.1.2.4.59",
        "JPEG Extended Hierarchical (Process 16 and 18)",
        True,
        True,
        _JPEG,
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.60",
        "JPEG Extended Hierarchical (Process 17 and 19)",
        True,
        True,
        _JPEG,
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.61",
        "JPEG Spectral Hierarchical (Process 20 and 22)",
        True,
        True,
        _JPEG,
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.62",
        "JPEG Spectral Hierarchical (Process 21 and 23)",
        True,
        True,
        _JPEG,
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.63", "JPEG Full Hierarchical (Process 24 and 26)", True, True, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.64", "JPEG Full Hierarchical (Process 25 and 27)", True, True, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.65", "JPEG Lossless Hierarchical (Process 28)", True, False, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.66", "JPEG Lossless Hierarchical (Process 29)", True, False, _JPEG
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.70", "JPEG Lossless, First-Order Prediction", True, False, _JPEG
    ),
    TransferSyntax("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", True, False, _JLS),
    TransferSyntax("1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", True, True, _JLS),
    TransferSyntax("1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless Only", True, False, _JP2),
    TransferSyntax("1.2.840.10008.1.2.4.91", "JPEG 2000", True, True, _JP2),
    TransferSyntax("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Lossless Only", True, False, _JPX),
    TransferSyntax("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2", True, True, _JPX),
    TransferSyntax("1.2.840.10008.1.2.4.94", "JPIP Referenced", is_encapsulated=False),
    TransferSyntax("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", is_encapsulated=False),
    TransferSyntax("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", True, True, _MPEG),
    TransferSyntax(
        "1.2.840.10008.1.2.4.100.1",
        "Fragmentable MPEG2 Main Profile / Main Level",
        True,
        True,
        _MPEG,
    ),
    TransferSyntax("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", True, True, _MPEG),
    TransferSyntax(
        "1.2.840.10008.1.2.4.101.1",
        "Fragmentable MPEG2 Main Profile / High Level",
        True,
        True,
        _MPEG,
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile for 2D Video", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 for 2D Video", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile for 3D Video", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 for 3D Video", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.106.1",
        "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile",
        True,
        True,
        _MP4,
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", True, True, _MP4
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", True, True, _MP4
    ),
    TransferSyntax("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", True, False, _JXL),
    TransferSyntax("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", True, True, _JXL),
    TransferSyntax("1.2.840.10008.1.2.4.112", "JPEG XL", True, True, _JXL),
    TransferSyntax(
        "1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Lossless Only", True, False, _HT
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 RPCL Lossless Only", True, False, _HT
    ),
    TransferSyntax("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", True, True, _HT),
    TransferSyntax("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", is_encapsulated=False),
    TransferSyntax(
        "1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", is_encapsulated=False
    ),
    TransferSyntax("1.2.840.10008.1.2.5", "RLE Lossless", True, False, _RLE),
    TransferSyntax("1.2.840.10008.1.2.6.1", "RFC 2557 MIME Encapsulation", is_encapsulated=False),
    TransferSyntax("1.2.840.10008.1.2.6.2", "XML Encoding", is_encapsulated=False),
    TransferSyntax(
        "1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Uncompressed Progressive", is_encapsulated=False
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced", is_encapsulated=False
    ),
    TransferSyntax(
        "1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM Digital Audio", is_encapsulated=False
    ),
    TransferSyntax("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression"),
)

TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {syntax.uid: syntax for syntax in _TABLE}


def of(uid: str) -> TransferSyntax:
    """The syntax of this UID; an unknown one is taken as explicit little endian (PS3.5 A.4)."""
    return TRANSFER_SYNTAXES.get(uid) or TransferSyntax(uid, uid)
