# pyright: reportMissingImports=false
"""`series` beside TimeGAN and DoppelGANger, on the same series and held-out ones.

    python benchmarks/series_peers.py write --data stock_data.csv --window 24 --out stocks-0
    python benchmarks/series_peers.py timegan --out stocks-0   # where tensorflow and timegan are
    python benchmarks/series_peers.py dgan --out stocks-0      # where gretel-synthetics is
    python benchmarks/series_peers.py judge --data stock_data.csv --window 24 --out stocks-0

`write` splits as `series.py` does, and `judge` adds lines to its results, so that its `report`
shows all. Each peer wants an environment of its own:

    pip install 'tensorflow-cpu==2.15.*' tf_slim scikit-learn && pip install --no-deps timegan
    pip install torch pandas scipy category-encoders && pip install --no-deps gretel-synthetics

The first is the code of TimeGAN's authors, ported to TensorFlow 2, with their 24 units, 3 layers
and batches of 128. Each of its three phases has `--iterations`; their 50,000 take hours. The second
is DoppelGANger in torch with its default of 400 epochs, and labels as an attribute (its licence is
the Gretel Source Available License, so it is no part of this project). CPU seconds are of one
thread.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

_CELLS = 12
"""DoppelGANger's recurrent cells make several steps each; it has as many cells as this or more."""


def write(args: argparse.Namespace) -> None:
    """Series to learn from, `[N, L, C]`, and their labels, where there are any."""
    from series import read, split

    train, _ = split(*read(args.data, args.window), args.seed)
    x, y = train.resident
    args.out.mkdir(parents=True, exist_ok=True)
    more: dict[str, Any] = {} if y is None else {"y": y.numpy()}
    np.savez(args.out / "train.npz", x=x.transpose(1, 2).numpy(), **more)


def timegan(args: argparse.Namespace) -> np.ndarray:
    """As many series as it learned from."""
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    import tensorflow
    from timegan.timegan import train_timegan

    np.random.seed(args.seed)  # noqa: NPY002  (theirs draws from it)
    tensorflow.random.set_seed(args.seed)
    parameters = {"module": "gru", "hidden_dim": 24, "num_layer": 3, "batch_size": 128}
    x = np.load(args.out / "train.npz")["x"].astype(np.float64)
    with tempfile.TemporaryDirectory() as place:
        made = train_timegan(
            x, parameters | {"iterations": args.iterations}, filename=f"{place}/model"
        )
    return np.asarray(made)


def dgan(args: argparse.Namespace) -> np.ndarray:
    """As many series as it learned from."""
    import torch
    from gretel_synthetics.timeseries_dgan.config import DGANConfig, OutputType
    from gretel_synthetics.timeseries_dgan.dgan import DGAN

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)  # noqa: NPY002  (theirs draws from it)
    arrays = np.load(args.out / "train.npz")
    x = arrays["x"]
    length = x.shape[1]
    steps = max(one for one in range(1, length) if not length % one and length // one >= _CELLS)
    config = DGANConfig(
        max_sequence_len=length, sample_len=steps, epochs=args.epochs, cuda=False,
        batch_size=min(1024, len(x)),
    )  # fmt: skip
    model = DGAN(config)
    labels = arrays["y"][:, None].astype(str) if "y" in arrays.files else None
    model.train_numpy(
        x, feature_types=[OutputType.CONTINUOUS] * x.shape[2], attributes=labels,
        attribute_types=None if labels is None else [OutputType.DISCRETE],
    )  # fmt: skip
    return np.asarray(model.generate_numpy(len(x))[1])


def judge(args: argparse.Namespace) -> None:
    """A line for each peer that has been run, as `series.py run` writes them."""
    import torch
    from series import RESULTS, figures, read, split

    torch.set_num_threads(1)
    train, real = split(*read(args.data, args.window), args.seed)
    x, _ = train.resident
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = Path(args.data).stem
    for path in sorted(args.out.glob("made-*.npz")):
        kept = np.load(path)
        made = torch.from_numpy(kept["x"]).float().transpose(1, 2)
        rows = torch.from_numpy(np.random.default_rng(args.seed).permutation(len(made)))
        found = figures(made[rows[: len(real)]], real, x, train.space, args.seed)
        what = path.stem.removeprefix("made-")
        line = {"data": name, "what": what, "seed": args.seed, "cpu_s": int(kept["cpu_s"])}
        print(json.dumps(line | found), flush=True)
        with (RESULTS / f"{name}.jsonl").open("a") as handle:
            handle.write(json.dumps(line | found) + "\n")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    peers = {"timegan": timegan, "dgan": dgan}
    parser.add_argument("what", choices=("write", *peers, "judge"))
    parser.add_argument("--data")
    parser.add_argument("--window", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--iterations", type=int, default=50_000)
    parser.add_argument("--epochs", type=int, default=400)
    args = parser.parse_args()
    if args.what in peers:
        start = time.process_time()
        made = peers[args.what](args)
        np.savez(args.out / f"made-{args.what}.npz", x=made, cpu_s=time.process_time() - start)
    elif args.what == "write":
        write(args)
    else:
        judge(args)


if __name__ == "__main__":
    main()
