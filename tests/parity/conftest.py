"""The tests here need PyTorch; they are skipped where it is not installed."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # so that `tests.parity.judge` can be imported
    sys.path.insert(0, str(ROOT))

collect_ignore = []
if importlib.util.find_spec("torch") is None:
    collect_ignore = [path.name for path in Path(__file__).parent.glob("test_*.py")]
