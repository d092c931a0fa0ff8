"""A network keeps what it prepared for few sizes: memory must not grow with a shop."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import numpy as np
from tiefvision.encoders.dense import make_encoder

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

encoder = make_encoder("efficientnet_lite0", "shipped")
encoder.encode(np.zeros((420, 420, 3), np.uint8))
for side in range(224, 420, 4):
    encoder.encode(np.zeros((side, 420, 3), np.uint8))
before = resident()
for side in range(226, 420, 4):
    encoder.encode(np.zeros((side, 420, 3), np.uint8))
print(resident() - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read as Linux tells it"
)
def test_new_sizes_take_no_more_memory():
    spoken = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    # 49 more sizes, which would take 170 MB if all were kept.
    assert int(spoken.stdout) < 40e6
