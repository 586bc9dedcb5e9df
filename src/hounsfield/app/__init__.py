"""Puts the parts together and keeps the server's processes running."""
