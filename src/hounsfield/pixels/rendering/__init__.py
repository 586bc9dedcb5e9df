"""Pixel values as pictures for the eye (PS3.18 8.3.5, PS3.4 N)."""
