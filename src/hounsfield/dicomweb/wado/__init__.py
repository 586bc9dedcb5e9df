"""Retrieve over the web: WADO-RS and WADO-URI (PS3.18 9 and 10.4)."""
