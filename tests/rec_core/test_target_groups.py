from __future__ import annotations

import numpy as np

from rec_core.target_groups import target_groups


def rows(length: int) -> np.ndarray:
    return np.zeros(length, dtype=np.int64)


def test_users_fall_into_thirds_by_length_of_history() -> None:
    histories = [rows(length) for length in (1, 2, 3, 4, 5, 6)]
    targets = np.array([1, 2, 3, 1, 2, 3])
    groups = target_groups(histories, targets, np.arange(6), np.full(4, 9))
    activity = [group for group in groups if group.kind == "activity"]
    assert [group.name for group in activity] == [
        "history of at most 2",
        "history of 3 to 4",
        "history of 5 or more",
    ]
    assert [group.places.tolist() for group in activity] == [[0, 1], [2, 3], [4, 5]]
    assert [group.n_users for group in activity] == [2, 2, 2]


def test_equal_lengths_stay_together() -> None:
    groups = target_groups([rows(3)] * 5, np.arange(5), np.arange(5), np.full(5, 9))
    activity = [group for group in groups if group.kind == "activity"]
    assert [group.places.tolist() for group in activity] == [[0, 1, 2, 3, 4]]


def test_targets_are_cold_by_what_training_saw() -> None:
    counts = np.array([0, 1, 2, 3])
    users, targets = np.array([0, 0, 1, 2]), np.array([3, 0, 1, 2])
    groups = target_groups([rows(1), rows(2), rows(3)], targets, users, counts, cold_below=3)
    found = {group.name: group for group in groups if group.kind == "target"}
    assert {name: group.places.tolist() for name, group in found.items()} == {
        "never in training": [1],
        "fewer than 3 training events": [1, 2, 3],
        "3 or more training events": [0],
    }
    cold = found["fewer than 3 training events"]
    assert cold.users.tolist() == [0, 1, 2]
    assert found["never in training"].users.tolist() == [0]


def test_users_are_numbered_within_the_group() -> None:
    users, targets = np.array([0, 1, 1, 3]), np.array([0, 1, 1, 1])
    groups = target_groups([rows(1)] * 4, targets, users, np.array([0, 9]))
    warm = next(group for group in groups if "or more training" in group.name)
    assert warm.places.tolist() == [1, 2, 3]
    assert warm.users.tolist() == [0, 0, 1]
    assert warm.n_users == 2


def test_no_targets_no_groups() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert target_groups([], nothing, nothing, np.array([1])) == ()
