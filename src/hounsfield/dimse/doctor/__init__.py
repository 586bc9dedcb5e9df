"""The connection doctor: what went wrong between two systems, in plain words, and what to change where."""
