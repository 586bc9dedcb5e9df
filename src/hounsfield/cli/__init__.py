"""The `hounsfield` command."""
