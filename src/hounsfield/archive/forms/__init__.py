"""The forms in which what is stored is given out; what was received stays as it is."""
