"""STOW-RS: what is stored as it arrives, and what is told of it (PS3.18 10.5)."""
