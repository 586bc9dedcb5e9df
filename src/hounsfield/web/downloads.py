"""Names of files that are downloaded."""


def safe_name(text: str) -> str:
    """A file name for Content-Disposition: plain ASCII without quotes and separators."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text)
    return kept.strip("._")[:80] or "study"
