"""Trained vectors of a million items, for `benchmarks/top_k.py`: alternating least squares on the made-up world.

    python benchmarks/peers/als_vectors.py --folder FOLDER

The world is that of `benchmarks/scale.py` (ten events an item, twenty a user); implicit's ALS, the one of the peers'
comparison, learns 64 numbers for every item and user in its own environment. Written to FOLDER: items.npy
(n, 64) and users.npy (5,000 of the users, drawn at random). Items that nobody took have zeros. Two CPU-minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.peers.environments import interpreter

_USERS = 5_000
_EVENTS_PER_ITEM = 10
_EVENTS_PER_USER = 20


def write_pairs(n_items: int, seed: int, path: Path) -> None:
    """User and item rows of the world's events, as numpy reads them without another package."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from benchmarks.synthetic import World, write_events

    n_events = n_items * _EVENTS_PER_ITEM
    n_users = n_events // _EVENTS_PER_USER
    world = World(n_items=n_items, n_events=n_events, n_users=n_users, seed=seed)
    events = path.with_suffix(".parquet")
    write_events(world, events)
    table = pq.read_table(events, columns=["user_id", "item_id"])
    users, items = (  # "u12" and "i34" are rows 12 and 34
        pc.cast(pc.utf8_slice_codeunits(table[name], 1), "int32").to_numpy()  # pyright: ignore[reportAttributeAccessIssue]
        for name in ("user_id", "item_id")
    )
    np.savez(path, users=users, items=items, shape=np.array([n_users, n_items]))


def fit(pairs: Path, folder: Path, *, iterations: int, seed: int) -> None:
    """Runs in implicit's environment."""
    import scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares  # pyright: ignore[reportMissingImports]

    with np.load(pairs, allow_pickle=False) as arrays:
        users, items, shape = arrays["users"], arrays["items"], tuple(arrays["shape"])
    taken = sp.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape)
    model = AlternatingLeastSquares(
        factors=64, iterations=iterations, num_threads=1, random_state=seed
    )
    model.fit(taken, show_progress=False)
    asking = np.random.default_rng(seed).choice(shape[0], min(_USERS, shape[0]), replace=False)
    np.save(folder / "items.npy", model.item_factors)
    np.save(folder / "users.npy", model.user_factors[asking])


def main() -> None:
    """Make the world, then fit on it in the other environment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where the vectors go")
    add("--items", type=int, default=1_000_000)
    add("--iterations", type=int, default=5, help="of alternating least squares")
    add("--seed", type=int, default=0)
    environments = ROOT / ".rapport" / "peers" / "environments"
    add("--environments", type=Path, default=environments, help="of the peers")
    add("--fit-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    pairs = arguments.folder / "pairs.npz"
    if arguments.fit_only:
        fit(pairs, arguments.folder, iterations=arguments.iterations, seed=arguments.seed)
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_pairs(arguments.items, arguments.seed, pairs)
    python = interpreter("implicit", arguments.environments.resolve())
    command = [str(python), str(Path(__file__).resolve()), *sys.argv[1:], "--fit-only"]
    subprocess.run(command, check=True)  # noqa: S603  the arguments are this project's own


if __name__ == "__main__":
    main()
