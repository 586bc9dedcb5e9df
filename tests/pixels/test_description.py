import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from hounsfield.errors import InvalidInstance
from hounsfield.pixels.description import ImagePixelDescription

EXPLICIT = "1.2.840.10008.1.2.1"


def image(**attributes):
    dataset = Dataset()
    dataset.Rows, dataset.Columns = 4, 6
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation, dataset.SamplesPerPixel = 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def test_dicom_json_and_data_set_describe_the_same():
    dataset = image(WindowCenter=[40, 600], WindowWidth=[80, 2800], RescaleIntercept=-1024)
    metadata = dataset.to_json_dict() | {"7FE00010": {"vr": "OW", "BulkDataURI": "bulkdata/1"}}
    found = ImagePixelDescription.from_json(metadata, EXPLICIT)
    assert found == ImagePixelDescription.from_dataset(dataset, EXPLICIT, pixel_vr="OW")
    assert (found.window_center, found.window_width, found.rescale_intercept) == (40, 80, -1024)


def test_a_frame_of_an_enhanced_image_has_its_own_window_and_rescale():
    def frame(center, intercept):
        group, voi, transformation = Dataset(), Dataset(), Dataset()
        voi.WindowCenter, voi.WindowWidth = center, 100
        transformation.RescaleIntercept, transformation.RescaleSlope = intercept, 2
        group.FrameVOILUTSequence = Sequence([voi])
        group.PixelValueTransformationSequence = Sequence([transformation])
        return group

    shared, measures = Dataset(), Dataset()
    measures.PixelSpacing = [2, 1]
    shared.PixelMeasuresSequence = Sequence([measures])
    dataset = image(
        PerFrameFunctionalGroupsSequence=Sequence([frame(1, 10), frame(2, 20)]),
        SharedFunctionalGroupsSequence=Sequence([shared]),
    )
    second = ImagePixelDescription.from_dataset(dataset, EXPLICIT, 1)
    assert (second.window_center, second.rescale_intercept, second.rescale_slope) == (2, 20, 2)
    assert second.pixel_aspect == 2


def test_a_data_set_without_rows_is_no_image():
    with pytest.raises(InvalidInstance, match="no image"):
        ImagePixelDescription.from_dataset(Dataset(), EXPLICIT)


@pytest.mark.filterwarnings("ignore")
def test_metadata_that_cannot_be_read_is_refused():
    with pytest.raises(InvalidInstance):
        ImagePixelDescription.from_json({"00280010": {"vr": "US", "Value": ["many"]}}, EXPLICIT)


def test_float_pixel_data_has_the_size_of_its_representation():
    dataset = image()
    del dataset.BitsAllocated, dataset.BitsStored
    found = ImagePixelDescription.from_dataset(dataset, EXPLICIT, pixel_vr="OD")
    assert (found.bits_allocated, found.bits_stored) == (64, 64)


def palette(descriptor, **data):
    attributes = {}
    for colour in ("Red", "Green", "Blue"):
        attributes[f"{colour}PaletteColorLookupTableDescriptor"] = descriptor
        for kind, value in data.items():
            attributes[f"{kind}{colour}PaletteColorLookupTableData"] = value
    return image(PhotometricInterpretation="PALETTE COLOR", **attributes)


def test_a_palette_with_0_entries_has_65536():
    values = np.arange(65536, dtype="<u2").tobytes()
    found = ImagePixelDescription.from_dataset(palette([0, 0, 16], **{"": values}), EXPLICIT)
    assert len(found.palette[0].values) == 65536


def test_eight_bit_palette_entries_may_lie_in_bytes():
    found = ImagePixelDescription.from_dataset(
        palette([4, 0, 8], **{"": bytes([1, 2, 3, 4])}), EXPLICIT
    )
    assert found.palette[2].values.tolist() == [1, 2, 3, 4]


def test_a_segmented_palette_is_unfolded():
    # Two entries, a ramp of four to 500, then the first segment again (PS3.3 C.7.9.2).
    words = [0, 2, 7, 100, 1, 4, 500, 2, 1, 0, 0]
    found = ImagePixelDescription.from_dataset(
        palette([8, 0, 16], Segmented=np.array(words, "<u2").tobytes()), EXPLICIT
    )
    assert found.palette[0].values.tolist() == [7, 100, 200, 300, 400, 500, 7, 100]


@pytest.mark.parametrize("words", [[9, 9, 9], [2, 5, 0, 0], [1, 3, 4], [2, 1, 60, 0, 0, 0], [0]])
def test_segments_that_make_no_sense_end_without_a_palette_or_with_what_there_was(words):
    found = ImagePixelDescription.from_dataset(
        palette([8, 0, 16], Segmented=np.array(words, "<u2").tobytes()), EXPLICIT
    )
    assert found.palette is None or len(found.palette[0].values) <= 8


def test_a_look_up_table_holds_on_to_its_ends():
    item = Dataset()
    item.add_new(0x00283002, "SS", [3, -2, 16])
    item.add_new(0x00283006, "US", [10, 20, 30])
    found = ImagePixelDescription.from_dataset(image(VOILUTSequence=Sequence([item])), EXPLICIT)
    assert found.voi_lut.apply(np.array([-99, -2, -1, 0, 99])).tolist() == [10, 10, 20, 30, 30]


@pytest.mark.parametrize(
    ("attributes", "aspect"),
    [
        ({"PixelSpacing": [1, 2]}, 0.5),
        ({"ImagerPixelSpacing": [3, 1]}, 3),
        ({"PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelSpacing": [0, 0]}, 1),
        ({"PixelSpacing": [1, 1e9]}, 1),
        ({}, 1),
    ],
)
def test_the_shape_of_a_pixel_is_taken_where_it_is_said_and_sane(attributes, aspect):
    found = ImagePixelDescription.from_dataset(image(**attributes), EXPLICIT)
    assert found.pixel_aspect == pytest.approx(aspect)
