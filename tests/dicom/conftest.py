"""Real files for the tests of what the standard says."""
