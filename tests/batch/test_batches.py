"""Files become captions in order, whatever is among them, in whatever batches and threads."""

import threading
import time

import pytest
import torch

from captioner.batch import caption_batches, caption_files
from captioner.batch.batches import Upcoming
from captioner.config import SearchConfig
from captioner.errors import ModelError
from captioner.pipeline import load

SEARCH = SearchConfig()


@pytest.mark.parametrize("batch_size", [None, 1, 3, 100])
def test_bad_files_are_records_among_the_others_in_order(
    model_folder, photos, tmp_path, batch_size
):
    captioner = load(model_folder, device="cpu")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photos[0].read_bytes()[:60])
    files = [photos[0], broken, *photos[1:3], tmp_path / "gone.png", photos[3]]
    done = list(caption_files(captioner, files, captioner.options(), batch_size))
    assert [one.record.file for one in done] == [str(file) for file in files]
    kinds = [one.record.error.type if one.record.error else None for one in done]
    assert kinds == [None, "CorruptFileError", None, None, "FileMissingError", None]
    for one in done:
        if one.record.error is None:
            assert one.record.caption == captioner.caption(one.record.file).text == one.result.text
        else:
            assert one.record.caption is None and one.result is None and one.image is None


@pytest.mark.parametrize("num_streams", [1, 2, 5])
def test_every_file_comes_once_and_in_order_from_any_number_of_streams(make_captioner, num_streams):
    captioner = make_captioner(num_streams=num_streams)
    files = [f"{'bad' if number % 7 == 3 else 'x'}{number}" for number in range(200)]
    done = [one.record for one in caption_files(captioner, files, SEARCH, 3)]
    assert [record.file for record in done] == files
    assert [record.caption for record in done] == [
        None if "bad" in file else f"a {file}" for file in files
    ]
    assert 1 <= len(captioner.threads) <= num_streams


def test_nothing_gives_nothing_and_bad_files_alone_ask_nothing_of_the_model(make_captioner):
    captioner = make_captioner()
    assert list(caption_files(captioner, [], SEARCH)) == []
    assert [
        one.record.error.type for one in caption_files(captioner, ["bad1", "bad2"], SEARCH)
    ] == ["CorruptFileError"] * 2
    assert captioner.batches == []


@pytest.mark.parametrize("num_streams", [1, 3])
def test_no_more_is_read_than_some_batches_ahead(make_captioner, num_streams):
    captioner = make_captioner(num_streams=num_streams)
    batches = caption_batches(captioner, iter(f"x{number}" for number in range(10_000)), SEARCH, 5)
    for taken in range(1, 9):
        next(batches)
        time.sleep(0.005)
        assert len(captioner.preprocess.reading) <= 5 * (taken + num_streams)
    batches.close()


@pytest.mark.parametrize(
    ("count", "streams", "sizes"),
    [
        (100, 2, [16, 16, 16, 13, 13, 13, 13]),
        (100, 1, [16, 16, 16, 16, 16, 10, 10]),
        (16, 2, [8, 8]),
        (3, 2, [2, 1]),
        (1, 4, [1]),
        (0, 2, []),
    ],
)
def test_the_last_batches_are_shared_out_among_the_streams(count, streams, sizes):
    upcoming = Upcoming(map(str, range(count)), streams)
    batches = list(iter(lambda: upcoming.take(16), []))
    assert [file for batch in batches for file in batch] == [str(number) for number in range(count)]
    assert [len(batch) for batch in batches] == sizes


def test_a_batch_is_read_while_another_one_is_in_the_model(make_captioner, monkeypatch):
    captioner, second = make_captioner(), threading.Event()
    read, caption_images = captioner.preprocess.read, captioner.caption_images

    def read_and_tell(file):
        if file == "x1":
            second.set()
        return read(file)

    def wait_for_the_second(images, search):
        assert second.wait(timeout=20)
        return caption_images(images, search)

    monkeypatch.setattr(captioner.preprocess, "read", read_and_tell)
    monkeypatch.setattr(captioner, "caption_images", wait_for_the_second)
    assert len(list(caption_files(captioner, ["x0", "x1", "x2"], SEARCH, 1))) == 3


def test_two_batches_are_in_the_model_at_once(make_captioner, monkeypatch):
    captioner, both = make_captioner(num_streams=2), threading.Barrier(2, timeout=20)
    caption_images = captioner.caption_images

    def wait_for_the_other(images, search):
        both.wait()
        return caption_images(images, search)

    monkeypatch.setattr(captioner, "caption_images", wait_for_the_other)
    assert len(list(caption_files(captioner, ["x0", "x1", "x2", "x3"], SEARCH, 1))) == 4


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, torch.OutOfMemoryError])
def test_where_memory_runs_out_batches_are_halved_and_nothing_is_lost(make_captioner, error):
    captioner = make_captioner(memory=3, error=error)
    files = [f"x{number}" for number in range(50)]
    done = [one.record for one in caption_files(captioner, files, SEARCH, 16)]
    assert [record.caption for record in done] == [f"a {file}" for file in files]
    assert captioner.batches[:3] == [16, 8, 4]
    assert captioner.batches[-3:] == [2, 2, 2]  # it is not tried again


def test_other_errors_of_the_model_are_not_taken_for_a_lack_of_memory(make_captioner, monkeypatch):
    captioner = make_captioner()

    def fail(*_):
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(captioner, "caption_images", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        list(caption_files(captioner, ["x1"], SEARCH))


def test_too_little_memory_for_one_photo_is_a_named_error(make_captioner):
    with pytest.raises(ModelError, match="not enough memory for a single photo"):
        list(caption_files(make_captioner(memory=0), ["x1", "x2"], SEARCH))


def test_stopping_gives_what_is_in_the_model_and_no_more(make_captioner):
    captioner, stopped = make_captioner(num_streams=2, pause_s=0.02), threading.Event()
    batches = caption_batches(
        captioner, (f"x{number}" for number in range(1000)), SEARCH, 4, stopped.is_set
    )
    first = next(batches)
    stopped.set()
    rest = [one.record.file for batch in batches for one in batch]
    assert [one.record.file for one in first] + rest == [
        f"x{number}" for number in range(4 + len(rest))
    ]
    assert len(rest) <= 3 * 4


def test_torch_s_threads_are_divided_and_given_back(make_captioner):
    torch.set_num_threads(4)
    seen = []

    class Counting(type(make_captioner())):
        def caption_images(self, images, search):
            seen.append(torch.get_num_threads())
            return super().caption_images(images, search)

    assert len(list(caption_files(Counting(num_streams=2), ["x1", "x2", "x3"], SEARCH, 1))) == 3
    assert set(seen) == {2}
    assert torch.get_num_threads() == 4
