"""Hounsfield's own web edge: JSON API, live events, health, and the browser app's files."""
