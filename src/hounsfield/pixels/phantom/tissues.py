"""What tissues look like: CT numbers in HU, and signal in T1- and T2-weighted MR at 1.5 T in arbitrary units."""

from enum import Enum

Look = tuple[float, ...]


class Tissue(Enum):
    """A tissue as (CT number, T1 signal, T2 signal)."""

    AIR = (-1000.0, 0.0, 0.0)
    SKIN = (30.0, 420.0, 260.0)
    FAT = (-98.0, 900.0, 620.0)
    MUSCLE = (56.0, 360.0, 150.0)
    CORTICAL_BONE = (1350.0, 25.0, 25.0)
    DENSE_BONE = (1750.0, 25.0, 25.0)
    SPONGY_BONE = (620.0, 520.0, 330.0)
    MARROW = (260.0, 560.0, 330.0)
    TOOTH = (2300.0, 10.0, 10.0)
    CARTILAGE = (95.0, 300.0, 300.0)
    DISC = (85.0, 300.0, 330.0)
    CSF = (6.0, 110.0, 1000.0)
    GREY_MATTER = (38.0, 430.0, 500.0)
    WHITE_MATTER = (28.0, 610.0, 360.0)
    DEEP_GREY = (37.0, 490.0, 420.0)
    CORD = (36.0, 560.0, 370.0)
    DURA = (55.0, 260.0, 120.0)
    SINUS_BLOOD = (56.0, 200.0, 90.0)
    FRESH_BLOOD = (70.0, 380.0, 520.0)
    OEDEMA = (20.0, 470.0, 720.0)
    CALCIFICATION = (320.0, 180.0, 110.0)
    VITREOUS = (9.0, 130.0, 980.0)
    LENS = (92.0, 480.0, 160.0)
    SCLERA = (48.0, 260.0, 190.0)
    NERVE = (36.0, 480.0, 380.0)
    MUCOSA = (42.0, 420.0, 780.0)
    GLAND = (48.0, 600.0, 480.0)
    TONGUE = (50.0, 430.0, 230.0)
    FOAM = (-930.0, 0.0, 0.0)
    COUCH = (-250.0, 0.0, 0.0)

    def on(self, channels: tuple[int, ...]) -> Look:
        """Its look in the chosen channels."""
        return tuple(self.value[channel] for channel in channels)
