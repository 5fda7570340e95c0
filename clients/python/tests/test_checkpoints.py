from __future__ import annotations

import os
from pathlib import Path

from wazir.checkpoints import CheckpointFolder


def test_names(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, "a b/ü", "uid")
    assert folder.path == str(tmp_path / "a%20b%2F%C3%BC-uid")
    assert folder.place(7, 2) == os.path.join(folder.path, "7-2")
    assert folder.place(7, 2, 1) == os.path.join(folder.path, "7-2-1")
    assert not os.path.exists(folder.path)
    folder.make()
    folder.make()
    assert os.path.isdir(folder.path)


def test_long_ids_stay_within_what_file_systems_allow(tmp_path: Path) -> None:
    one = CheckpointFolder(tmp_path, "é" * 128, "uid1")
    one.make()
    assert one.path != CheckpointFolder(tmp_path, "é" * 128, "uid2").path


def test_removes_only_what_bears_the_trials_name_in_the_folder(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, "s", "u")
    folder.make()
    inside = [Path(folder.path) / name for name in ("7-1", "7-2-3", "70-1", "7-x", "notes")]
    outside = tmp_path / "7-1"
    for path in (*inside, outside):
        path.write_text("x")
    (Path(folder.path) / "7-4").mkdir()
    (Path(folder.path) / "7-4" / "weights").write_text("x")
    (Path(folder.path) / "7-5").symlink_to(tmp_path)
    folder.remove(7, str(outside))
    folder.remove(7, str(inside[2]))
    folder.remove(7, os.path.join(folder.path, "..", "7-1"))
    assert outside.exists() and inside[2].exists()
    assert folder.trials() == {7, 70}
    folder.remove_trial(7)
    assert sorted(os.listdir(folder.path)) == ["7-x", "70-1", "notes"]
    assert outside.exists() and tmp_path.exists()


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "none", "s", "u")
    folder.remove_trial(1)
    assert folder.trials() == set()
