"""How many threads a model takes, with torch and without."""

import os
import subprocess
import sys

import torch

from captioner.threads import num_threads, set_num_threads


def test_torchs_number_holds_where_torch_is_there():
    torch.set_num_threads(3)
    assert num_threads() == 3
    set_num_threads(2)
    assert torch.get_num_threads() == num_threads() == 2


def test_without_torch_each_thread_has_its_own_and_the_environment_tells_the_first():
    script = """
from concurrent.futures import ThreadPoolExecutor
from captioner.threads import num_threads, set_num_threads
with ThreadPoolExecutor(1, initializer=lambda: set_num_threads(2)) as pool:
    print(pool.submit(num_threads).result(), num_threads())
"""
    environment = os.environ | {"OMP_NUM_THREADS": "5"}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["2", "5"]
