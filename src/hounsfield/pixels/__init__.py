"""Decoding and rendering of pixel data; the only user of numpy and codecs."""
