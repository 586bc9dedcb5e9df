"""Synthetic anatomy for demonstrations: an imagined head and chest as CT and MR would show them."""
