"""How fast `captioner serve` captions for many clients, and how long each of them waits.

    python benchmarks/serving.py PHOTOS [--photos 512] [--clients 64] [--engine auto] [--beam-size
    3]

The server is a process of its own, and so are the clients. The folder run and the full load (each
client sends its next photo once it has its answer) take turns, so that other work on the machine
meets both. Then photos come at half of the folder's rate, at random moments (a Poisson process),
whether or not earlier ones have been answered.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

LONGEST_S = 120.0  # how long an answer may take
FOLDER = """
import json, sys, time
from pathlib import Path
from captioner.allocator import keep_freed_memory
from captioner.batch import caption_files
from captioner.pipeline import load_captioner
keep_freed_memory()
captioner = load_captioner("everyday", "cpu", sys.argv[1])
search = captioner.options(beam_size=int(sys.argv[2]))
files = [Path(line) for line in sys.stdin.read().splitlines()]
list(caption_files(captioner, files[:32], search))
start, cpu = time.perf_counter(), time.process_time()
captions = [done.record.caption for done in caption_files(captioner, files, search)]
print(json.dumps([time.perf_counter() - start, time.process_time() - cpu, captions]))
"""


@contextmanager
def server(engine: str) -> Iterator[str]:
    """Yield the address of a server that runs meanwhile."""
    command = [
        sys.executable,
        "-m",
        "captioner",
        "serve",
        "--port",
        "0",
        "--model",
        "everyday",
        "--engine",
        engine,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            if len(line) < 2:
                raise SystemExit("the server did not start")
            yield line[1].removesuffix("/docs")
        finally:
            process.terminate()


def folder(files: Sequence[Path], engine: str, beam_size: int) -> tuple[float, float, list[str]]:
    """Return photos a second, the processor's seconds for each, and the captions."""
    command = [sys.executable, "-c", FOLDER, engine, str(beam_size)]
    done = subprocess.run(
        command, input="\n".join(map(str, files)), capture_output=True, text=True, check=True
    )
    seconds, cpu_s, captions = json.loads(done.stdout.splitlines()[-1])
    return len(files) / seconds, cpu_s / len(files), captions


def used_cpu_s(url: str) -> float:
    """Return the seconds of the processor that the server has used."""
    told = httpx.get(f"{url}/metrics", timeout=LONGEST_S).text
    return float(
        next(
            line.split()[1]
            for line in told.splitlines()
            if line.startswith("process_cpu_seconds_total ")
        )
    )


async def ask(client: httpx.AsyncClient, photo: bytes, beam_size: int) -> tuple[float, str]:
    """Return how many seconds an answer takes, and the caption."""
    start = time.perf_counter()
    answer = await client.post("/caption", files={"photo": photo}, data={"beam_size": beam_size})
    answer.raise_for_status()
    return time.perf_counter() - start, str(answer.json()["caption"])


def connected(url: str, clients: int) -> httpx.AsyncClient:
    """Return a client with so many connections."""
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    return httpx.AsyncClient(base_url=url, timeout=LONGEST_S, limits=limits)


async def full_load(
    url: str, photos: Sequence[bytes], clients: int, beam_size: int
) -> tuple[float, list[str]]:
    """Return photos a second with so many clients, and the captions."""
    captions = [""] * len(photos)
    upcoming = iter(range(len(photos)))

    async def go_on(client: httpx.AsyncClient) -> None:
        for number in upcoming:
            _, captions[number] = await ask(client, photos[number], beam_size)

    async with connected(url, clients) as client:
        start = time.perf_counter()
        await asyncio.gather(*(go_on(client) for _ in range(clients)))
        return len(photos) / (time.perf_counter() - start), captions


async def part_load(url: str, photos: Sequence[bytes], rate: float, beam_size: int) -> list[float]:
    """Return the seconds that each photo took, where so many came in a second, at random."""
    chance = random.Random(0)
    async with connected(url, len(photos)) as client:
        asked = []
        for photo in photos:
            asked.append(asyncio.create_task(ask(client, photo, beam_size)))
            await asyncio.sleep(chance.expovariate(rate))
        return [seconds for seconds, _ in await asyncio.gather(*asked)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, metavar="PHOTOS")
    parser.add_argument("--photos", type=int, default=512)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--beam-size", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    beam_size = arguments.beam_size
    files = sorted(arguments.paths.glob("*.jpg"))[: arguments.photos]
    photos = [file.read_bytes() for file in files]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {len(files)} photos, beam {beam_size},"
        f" {arguments.engine}"
    )
    of_folder, of_server, cpu_s = [], [], [0.0, 0.0]
    for number in range(arguments.rounds):
        rate, cpu_s[0], alone = folder(files, arguments.engine, beam_size)
        of_folder.append(rate)
        with server(arguments.engine) as url:
            asyncio.run(full_load(url, photos[: arguments.clients], arguments.clients, beam_size))
            used = used_cpu_s(url)
            rate, together = asyncio.run(full_load(url, photos, arguments.clients, beam_size))
            cpu_s[1] = (used_cpu_s(url) - used) / len(photos)
            of_server.append(rate)
            if number == arguments.rounds - 1:
                seconds = asyncio.run(part_load(url, photos, max(of_folder) / 2, beam_size))
    share = max(of_server) / max(of_folder)
    same = sum(one == other for one, other in zip(alone, together, strict=True))
    print(
        f"folder                     {max(of_folder):6.1f} photos a second, best of"
        f" {arguments.rounds}"
    )
    print(
        f"server, {arguments.clients:3} clients        {max(of_server):6.1f} photos a second ="
        f" {share:.2f} of it"
    )
    print(f"the processor's ms a photo: folder {1000 * cpu_s[0]:.0f}, server {1000 * cpu_s[1]:.0f}")
    print(f"{same} of {len(files)} captions are the folder's to the letter")
    cuts = statistics.quantiles(seconds, n=100)
    print(
        f"at {max(of_folder) / 2:.1f} photos a second: median {cuts[49]:.2f} s, 99th percentile"
        f" {cuts[98]:.2f} s"
    )


if __name__ == "__main__":
    main()
