"""Application entity titles (PS3.5 section 6.2, value representation AE)."""

MAX_AE_TITLE_LENGTH = 16


def is_valid_ae_title(title: str) -> bool:
    """Say whether `title`, already trimmed, obeys the value representation AE."""
    return 0 < len(title) <= MAX_AE_TITLE_LENGTH and all(
        " " <= character <= "~" and character != "\\" for character in title
    )
