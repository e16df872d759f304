"""`python page.py PROGRAM` runs a program as it is, but does less of what the pages do not show.

It hardly tries which precision and layout is quickest, metrics grow few trees, and features learn
little.
"""

import runpy
import sys
from pathlib import Path

from zerosum.engine import choose
from zerosum.evaluation.augmenting import labelled
from zerosum.evaluation.features import self_network
from zerosum.evaluation.metrics import c2st, two_sample
from zerosum.modalities.images.metrics import network
from zerosum.modalities.tables.judging import rows

if __name__ == "__main__":
    choose._ROUNDS, choose._ROUND_SECONDS = 1, 0.0
    self_network._EPOCHS, labelled._SAMPLES, network.SHOWN = 2, 2_560, 640
    two_sample.NUM_TREES, c2st.NUM_FOLDS, c2st.NUM_TREES, rows.NUM_TREES = 5, 2, 10, 10
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
