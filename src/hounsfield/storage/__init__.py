"""Immutable objects, byte for byte as they were received."""
