"""What glibc is told makes it keep memory: seen in a process of its own."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from captioner.allocator import keep_freed_memory
if {keep}:
    keep_freed_memory()
torch.set_num_threads(1)
layer = torch.nn.Conv2d(16, 16, 1)
network, maps = torch.nn.Sequential(layer, layer, layer), torch.rand(16, 16, 112, 112)
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    with torch.inference_mode():
        network(maps)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_a_second_batch_finds_the_memory_of_the_first():
    faults = [
        int(
            subprocess.run(
                [sys.executable, "-c", PROGRAM.format(keep=keep)], capture_output=True, check=True
            ).stdout
        )
        for keep in (False, True)
    ]
    assert faults[1] < 0.5 * faults[0]
