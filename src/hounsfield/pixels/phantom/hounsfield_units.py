"""CT numbers of the chest phantom in HU, thirty-five seconds after contrast medium."""

AIR, LUNG, FAT, SKIN, MUSCLE = -1000.0, -868.0, -100.0, 20.0, 58.0
BONE, MARROW, CARTILAGE, DISC, CORD, CSF = 1150.0, 230.0, 105.0, 90.0, 42.0, 12.0
AORTA, PULMONARY, VEIN, MYOCARDIUM = 265.0, 225.0, 320.0, 112.0
LIVER, SPLEEN, STOMACH, KIDNEY = 98.0, 118.0, 24.0, 165.0
