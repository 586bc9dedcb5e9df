"""Pixel data in and out of their encodings (PS3.5 8)."""
