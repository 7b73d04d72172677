"""On a Ray cluster the same captions and errors as here, also where a worker dies."""

import os
import signal
from pathlib import Path

import pytest

from captioner.batch import caption_files
from captioner.errors import MissingExtraError, ModelError, UsageError
from captioner.pipeline import load

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.ray, pytest.mark.slow]


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def cluster():
    """Two CPUs of this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture
def files(photos, tmp_path, monkeypatch) -> list[Path]:
    """Photos, and what is none, more than a task takes."""
    monkeypatch.setattr("captioner.batch.ray_data.FILES_A_TASK", 3)
    odd = Path(os.fsdecode(bytes(tmp_path) + b"/\xff \n.png"))
    odd.write_bytes(photos[1].read_bytes())
    (tmp_path / "broken.jpg").write_bytes(photos[0].read_bytes()[:60])
    return [photos[0], tmp_path / "broken.jpg", odd, *photos[2:], tmp_path / "gone.png"]


def on_ray(model, files, stop=never):
    from captioner.batch.ray_data import caption_on_ray

    search = load(model, "cpu").options()
    return caption_on_ray(files, stop, model=str(model), device="cpu", search=search)


def here(model, files):
    captioner = load(model, "cpu")
    return [one.record for one in caption_files(captioner, files, captioner.options())]


def same(records, expected):
    plain = [(one.file, one.caption, one.model, one.error) for one in expected]
    assert [(one.file, one.caption, one.model, one.error) for one in records] == plain
    for one, other in zip(records, expected, strict=True):
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-4)


def test_records_are_those_of_this_machine_in_order(cluster, model_folder, files, monkeypatch):
    monkeypatch.chdir(files[3].parent)  # relative names stay as they were given
    files = [
        file.relative_to(files[3].parent) if file.parent == files[3].parent else file
        for file in files
    ]
    batches = list(on_ray(model_folder, files))
    assert len(batches) > 2  # they come while others are worked on
    same([one.record for batch in batches for one in batch], here(model_folder, files))


def test_a_lost_workers_files_are_done_by_another(
    cluster, model_folder, files, tmp_path, monkeypatch
):
    from captioner.batch import ray_data

    died = tmp_path / "died"

    class Mortal(ray_data.Worker):
        def __call__(self, batch):
            if any(b"photo04" in path for path in batch["path"]) and not died.exists():
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch)

    monkeypatch.setattr(ray_data, "Worker", Mortal)
    records = [one.record for batch in on_ray(model_folder, files) for one in batch]
    assert died.exists()
    same(records, here(model_folder, files))


def test_it_stops_when_asked(cluster, model_folder, files):
    assert len(list(on_ray(model_folder, files, stop=lambda: True))) == 1


def test_a_worker_that_cannot_load_is_named(cluster, model_folder, files):
    from captioner.batch.ray_data import caption_on_ray

    search = load(model_folder, "cpu").options()
    with pytest.raises(ModelError, match="nonesuch"):
        list(caption_on_ray(files, never, model="nonesuch", device="cpu", search=search))


def test_no_cluster_and_no_ray_are_named(model_folder, files, monkeypatch):
    from captioner.batch.ray_data import caption_on_ray

    search = load(model_folder, "cpu").options()
    if not ray.is_initialized():
        with pytest.raises(UsageError, match="no Ray cluster"):
            list(
                caption_on_ray(
                    files, never, model="x", device="cpu", search=search, address="127.0.0.1:1"
                )
            )
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"captioner\[ray\]"):
        list(caption_on_ray(files, never, model="x", device="cpu", search=search))
