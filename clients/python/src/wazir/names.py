"""Resource names: ``owners/{owner}/studies/{study}/trials/{trial}``."""

from __future__ import annotations


def owner_name(owner: str) -> str:
    """Name of an owner."""
    return f"owners/{_checked(owner, 'owner')}"


def study_name(owner: str, study: str) -> str:
    """Name of a study."""
    return f"{owner_name(owner)}/studies/{_checked(study, 'study')}"


def trial_name(study: str, trial: int) -> str:
    """Name of a trial, from the name of its study."""
    return f"{study}/trials/{trial}"


def last_segment(name: str) -> str:
    """The id at the end of a name."""
    return name.rpartition("/")[2]


def _checked(segment: str, what: str) -> str:
    # A slash would make the name of something else; all other rules are the server's to tell.
    if not segment or "/" in segment:
        raise ValueError(f"the id of the {what} must not be empty or hold a slash: {segment!r}")
    return segment
