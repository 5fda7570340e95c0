"""Where checkpoints lie: ``{directory}/{study}-{uid}/{trial}-{attempt}``.

Every attempt writes under a name of its own, so that a worker that has lost its
trial without knowing can not spoil the file of the one that has it now. Nothing is
ever removed but by such a name in such a folder.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from urllib.parse import quote

_log = logging.getLogger("wazir")

#: Where checkpoints go unless told: below the directory in which the job was started.
DEFAULT_DIRECTORY = "wazir-checkpoints"

# Study ids may be long and hold anything; the uid alone makes the folder unique.
_MOST_OF_ID = 60
_NAME = re.compile(r"(?P<trial>[0-9]+)-(?P<attempt>[0-9]+)(?:-[0-9]+)?")


class CheckpointFolder:
    """The checkpoints of one study. Its workers must be able to read one another's files."""

    def __init__(self, directory: str | os.PathLike[str], study_id: str, uid: str) -> None:
        label = quote(study_id, safe="")[:_MOST_OF_ID]
        # Absolute, since the path is told to workers that run elsewhere.
        self.path = os.path.join(os.path.abspath(os.fspath(directory)), f"{label}-{quote(uid, safe='')}")

    def place(self, trial: int, attempt: int, number: int = 0) -> str:
        """Where an attempt writes; `number` counts the checkpoints it wrote before."""
        suffix = f"-{number}" if number else ""
        return os.path.join(self.path, f"{trial}-{attempt}{suffix}")

    def make(self) -> None:
        """Makes the folder, if it is not there."""
        os.makedirs(self.path, exist_ok=True)

    def trial_of(self, path: str) -> int | None:
        """The trial that a path of this folder belongs to; None for any other path."""
        match = _NAME.fullmatch(os.path.basename(path))
        if match is None or os.path.dirname(path) != self.path:
            return None
        return int(match["trial"])

    def remove(self, trial: int, path: str) -> None:
        """Removes a checkpoint of a trial, a file or a directory, if it is one of this folder."""
        if self.trial_of(path) != trial or not os.path.lexists(path):
            return
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except OSError as error:
            _log.warning("could not remove the checkpoint %s: %s", path, error)

    def trials(self) -> set[int]:
        """The trials of which something lies here."""
        return {trial for path in self._entries() for trial in [self.trial_of(path)] if trial is not None}

    def remove_trial(self, trial: int) -> None:
        """Removes all checkpoints of a trial."""
        for path in self._entries():
            self.remove(trial, path)

    def _entries(self) -> set[str]:
        try:
            return {os.path.join(self.path, name) for name in os.listdir(self.path)}
        except FileNotFoundError:
            return set()
