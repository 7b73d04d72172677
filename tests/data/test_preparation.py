"""The scripts that check a downloaded dataset say what is missing."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

SCRIPTS = Path(__file__).parents[2] / "data"
COUNTS = {"train": 3, "val": 2, "test": 1}
NAMES = [f"{number}.jpg" for number in range(6)]
TOKENS = "".join(
    f"{name}#{number}\tA dog number {number}\n" for name in NAMES for number in range(5)
)


def load(file: Path) -> ModuleType:
    """Load a script as Python would run it."""
    spec = importlib.util.spec_from_file_location(f"{file.stem}_{file.parent.name}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def script(dataset: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script of a dataset, and let it expect one of six photos."""
    module = load(SCRIPTS / dataset / "prepare.py")
    if dataset == "multi30k":
        monkeypatch.setattr(module, "NUM_SENTENCES", {"train": 3, "val": 2, "test_2016_flickr": 1})
    elif dataset == "ucf101":
        monkeypatch.setattr(module, "VAL_GROUPS", range(2, 3))
        monkeypatch.setattr(module, "TEST_GROUPS", range(1, 2))
    else:
        monkeypatch.setattr(module, "NUM_PHOTOS", COUNTS)
    return module


def photos(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    for name in names:
        Image.new("RGB", (7, 5)).save(folder / name)


def official(folder: Path) -> None:
    photos(folder / "Flicker8k_Dataset", NAMES)
    (folder / "Flickr8k.token.txt").write_text(
        TOKENS + "ghost.jpg.1#0\tIt is listed, but not there\n"
    )
    parts = {"train": NAMES[:3], "dev": NAMES[3:5], "test": NAMES[5:]}
    for part, names in parts.items():
        (folder / f"Flickr_8k.{part}Images.txt").write_text("\n".join(names))


def kaggle(folder: Path) -> None:
    official(folder)
    (folder / "Flicker8k_Dataset").rename(folder / "Images")
    (folder / "Flickr8k.token.txt").unlink()
    rows = [line.replace("#", "\t", 1).split("\t") for line in TOKENS.splitlines()]
    (folder / "captions.txt").write_text(
        "image,caption\n" + "".join(f"{name},{text}\n" for name, _, text in rows)
    )


def karpathy_images(sub: str = "") -> list[dict[str, object]]:
    splits = ["train", "train", "restval" if sub else "train", "val", "val", "test"]
    sentences = [{"raw": "A dog"}] * 5
    extra = {"filepath": sub} if sub else {}
    return [
        {
            "filename": name,
            "split": split,
            "sentences": sentences,
            **extra,
            **({"cocoid": number} if sub else {}),
        }
        for number, (name, split) in enumerate(zip(NAMES, splits, strict=True))
    ]


def karpathy(folder: Path) -> None:
    photos(folder / "images", NAMES)
    (folder / "dataset_flickr8k.json").write_text(json.dumps({"images": karpathy_images()}))


@pytest.mark.parametrize("layout", [official, kaggle, karpathy])
def test_flickr8k(tmp_path, monkeypatch, capsys, layout: Callable[[Path], None]):
    layout(tmp_path / "flickr")
    prepare = script("flickr8k", monkeypatch)
    assert prepare.main([str(tmp_path / "flickr"), "--check-images"]) == 0
    lists = {split: (tmp_path / "flickr" / f"{split}.txt").read_text().split() for split in COUNTS}
    assert lists == {"train": NAMES[:3], "val": NAMES[3:5], "test": NAMES[5:]}
    output = capsys.readouterr().out
    assert "train photos: 3" in output and "photos opened: 6" in output and "all is well" in output
    assert prepare.main([str(tmp_path / "flickr")]) == 0  # again, with the lists that it wrote


def drop_photo(folder: Path) -> None:
    (folder / "Flicker8k_Dataset/4.jpg").unlink()


def break_photo(folder: Path) -> None:
    (folder / "Flicker8k_Dataset/4.jpg").write_bytes(b"no photo")


def drop_list(folder: Path) -> None:
    (folder / "Flickr_8k.testImages.txt").unlink()


def drop_captions(folder: Path) -> None:
    (folder / "Flickr8k.token.txt").unlink()


def cut_captions(folder: Path) -> None:
    (folder / "Flickr8k.token.txt").write_text(TOKENS[: TOKENS.rindex("\n", 0, -1) + 1])


def garble_captions(folder: Path) -> None:
    (folder / "Flickr8k.token.txt").write_text(TOKENS + "no tab\n")


def drop_photos(folder: Path) -> None:
    (folder / "Flicker8k_Dataset").rename(folder / "elsewhere")


def repeat_photo(folder: Path) -> None:
    (folder / "Flickr_8k.testImages.txt").write_text("0.jpg\n")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (drop_photo, "photos missing: 1 of 6, such as 4.jpg"),
        (break_photo, "4.jpg: not a photo"),
        (drop_list, "no list of the test photos"),
        (drop_captions, "no captions in"),
        (cut_captions, "captions: 29 where 30 are expected"),
        (garble_captions, "line 31: write photo.jpg#0, a tab"),
        (drop_photos, "no photos in"),
        (repeat_photo, "1 photos stand in two lists"),
    ],
)
def test_flickr8k_says_what_is_missing(
    tmp_path, monkeypatch, capsys, damage: Callable[[Path], None], said: str
):
    official(tmp_path / "flickr")
    damage(tmp_path / "flickr")
    assert script("flickr8k", monkeypatch).main([str(tmp_path / "flickr"), "--check-images"]) == 1
    output = capsys.readouterr().out
    assert said in output and "README.md" in output + "README.md" * (
        damage in (break_photo, repeat_photo)
    )
    assert "1 problems" in output


@pytest.mark.parametrize("sub", ["train2014", "images/val2017"])
def test_coco(tmp_path, monkeypatch, capsys, sub):
    photos(tmp_path / sub, NAMES)
    (tmp_path / "dataset_coco.json").write_text(
        json.dumps({"images": karpathy_images("train2014")})
    )
    prepare = script("coco", monkeypatch)
    monkeypatch.setattr(prepare, "NUM_CAPTIONS", 30)
    assert prepare.main([str(tmp_path), "--check-images"]) == 0
    assert (tmp_path / "train.txt").read_text().split() == NAMES[:3]
    (tmp_path / sub / "1.jpg").unlink()
    assert prepare.main([str(tmp_path)]) == 1
    assert "photos missing: 1 of 6, such as 1.jpg" in capsys.readouterr().out


def test_coco_that_is_not_there(tmp_path, monkeypatch, capsys):
    assert script("coco", monkeypatch).main([str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert "no split in" in output and "no photos in" in output and "2 problems" in output


def test_multi30k_is_checked_line_by_line(tmp_path, monkeypatch, capsys):
    prepare = script("multi30k", monkeypatch)
    for name, count in {"train": 3, "val": 2, "test2016": 1}.items():
        for language in ("en", "de"):
            (tmp_path / f"{name}.{language}").write_text("Ein Satz.\n" * count, encoding="utf-8")
    assert prepare.main([str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert (
        "languages: en, de" in told and "train.de, sentences: 3" in told and "all is well" in told
    )
    (tmp_path / "val.de").write_text("Ein Satz.\n", encoding="utf-8")
    (tmp_path / "train.en").write_text("A sentence.\n \n\n", encoding="utf-8")
    (tmp_path / "train.de").write_bytes("schön\n".encode("latin-1"))
    (tmp_path / "test2016.de").unlink()
    assert prepare.main([str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "val.de, sentences: 1 where 2 are expected" in told
    assert "val: the languages have different numbers of lines (en 2, de 1)" in told
    assert "train.en: 2 empty lines (2, 3)" in told
    assert "no test_2016_flickr.de" in told
    assert "train.de" in told and "line 1" in told
    assert "5 problems" in told


def test_multi30k_needs_two_languages(tmp_path, monkeypatch, capsys):
    prepare = script("multi30k", monkeypatch)
    assert prepare.main([str(tmp_path)]) == 1
    assert "no train.en, train.de" in capsys.readouterr().out
    (tmp_path / "train.de").write_text("Ein Satz.\n" * 3, encoding="utf-8")
    assert prepare.main([str(tmp_path)]) == 1
    assert "only train.de" in capsys.readouterr().out


def test_a_copy_of_ucf101_is_counted_opened_and_divided_by_groups(
    clip_folder, tmp_path, monkeypatch, capsys
):
    module = script("ucf101", monkeypatch)
    assert module.main([str(clip_folder), "--lists", str(tmp_path)]) == 0
    assert "12, of 2 of the 101 classes" in capsys.readouterr().out
    assert [line.split("_")[1:3] for line in (tmp_path / "val.txt").read_text().splitlines()] == [
        [label, "g02"] for label in ("TurnBlue", "TurnRed") for _ in range(2)
    ]
    assert len((tmp_path / "train.txt").read_text().splitlines()) == 4
    assert module.main([str(tmp_path)]) == 1
    assert "Where to get it" in capsys.readouterr().out


def test_more_sentences_are_new_ones_of_photos_that_nothing_is_measured_on(tmp_path, capsys):
    more = load(SCRIPTS / "multi30k" / "more_sentences.py")
    (tmp_path / "train.en").write_text("A dog runs.\nTwo men sit.\n", encoding="utf-8")
    (tmp_path / "val.images.txt").write_text("22.jpg\n", encoding="utf-8")
    (tmp_path / "test_2016_flickr.images.txt").write_text("33.jpg\n", encoding="utf-8")
    (tmp_path / "train.txt").write_text("11_a.jpg\n22_b.jpg\n33_c.jpg\n", encoding="utf-8")
    captions = [
        ("11_a.jpg", '"a dog runs ."'),
        ("11_a.jpg", '"a boy , "" happy "" and wet , jumps"'),
        ("11_a.jpg", "A cat sleeps !"),
        ("11_a.jpg", "a cat sleeps !"),
        ("22_b.jpg", "validated"),
        ("33_c.jpg", "tested"),
        ("44_d.jpg", "kept back"),
    ]
    table = "\n".join(["image,caption", *(",".join(row) for row in captions)])
    (tmp_path / "captions.txt").write_text(table + "\n", encoding="utf-8")
    arguments = [str(tmp_path), str(tmp_path), str(tmp_path / "more.en")]
    assert more.main(arguments) == 0
    assert (tmp_path / "more.en").read_text(
        encoding="utf-8"
    ) == 'A boy, "happy" and wet, jumps.\nA cat sleeps!\n'
    assert "2 sentences of 4 captions" in capsys.readouterr().out
    (tmp_path / "val.images.txt").unlink()
    assert more.main(arguments) == 1
    assert "val.images.txt" in capsys.readouterr().err


def test_tatoebas_pairs_are_joined_over_english_without_what_is_validated_on(tmp_path, capsys):
    tables = {
        "train.en-de": [("Hi.", "Hallo."), ("Hi.", "Tag."), ("Go.", "Geh."), ("Run!", "Lauf!")],
        "train.en-fr": [("Hi.", "Salut."), ("Run!", "Cours !"), ("Stop.", "Arrête.")],
        "val.en-de": [("Stop.", "Halt.")],
        "val.en-fr": [("Move.", "Geh.")],
    }
    for name, pairs in tables.items():
        lines = [f"{source}\t{target}\n" for source, target in pairs]
        (tmp_path / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    prepare = load(SCRIPTS / "tatoeba" / "prepare.py")
    out = tmp_path / "out"
    assert prepare.main([str(tmp_path), str(out), "--most", "1"]) == 0
    written = {
        file.stem: set(file.read_text(encoding="utf-8").splitlines()) for file in out.iterdir()
    }
    assert written["train.en-de"] == {"Hi.\tHallo.", "Hi.\tTag.", "Run!\tLauf!"}
    assert written["train.en-fr"] == {"Hi.\tSalut.", "Run!\tCours !"}
    joined = written["train.de-fr"]
    assert len(joined) == 2
    assert "Lauf!\tCours !" in joined and joined & {"Hallo.\tSalut.", "Tag.\tSalut."}
    assert prepare.main([str(tmp_path / "none"), str(out)]) == 1
    assert "train.en-de.tsv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "pair", "made"),
    [
        ("de", ("I see a dog.", "Ich sehe einen Hund."), "an elephant.\tIch sehe einen Elefanten."),
        ("de", ("A dog barks.", "Ein Hund bellt."), "An elephant barks.\tEin Elefant bellt."),
        ("de", ("I see a dog.", "Ich sehe einen Hund."), "a bear.\tIch sehe einen Bären."),
        (
            "de",
            ("Two dogs bark.", "Zwei Hunde bellen."),
            "Two giraffes bark.\tZwei Giraffen bellen.",
        ),
        (
            "de",
            ("He plays with dogs.", "Er spielt mit Hunden."),
            "with horses.\tEr spielt mit Pferden.",
        ),
        ("de", ("I saw a cat.", "Ich sah eine Katze."), "a giraffe.\tIch sah eine Giraffe."),
        ("fr", ("A dog barks.", "Un chien aboie."), "A zebra barks.\tUn zèbre aboie."),
        ("fr", ("The bird flies.", "L'oiseau vole."), "The elephant flies.\tL'éléphant vole."),
        ("fr", ("The cow eats.", "La vache mange."), "The giraffe eats.\tLa girafe mange."),
    ],
)
def test_a_noun_of_the_glossary_takes_the_place_of_another_one(
    tmp_path, capsys, language, pair, made
):
    pairs, output = tmp_path / "pairs.tsv", tmp_path / "made.tsv"
    pairs.write_text("\t".join(pair) + "\n", encoding="utf-8")
    module = load(SCRIPTS / "glossary" / "prepare.py")

    assert module.main([language, str(output), str(pairs)]) == 0

    assert made + "\n" in output.read_text(encoding="utf-8")
    assert "sentences" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "pair"),
    [
        # Which case the noun has is not clear, or another noun would need another ending.
        ("de", ("The dog's bone.", "Der Knochen des Hundes.")),
        ("de", ("Dogs and dogs.", "Hunde und Hunde.")),
        ("de", ("Hot dogs taste good.", "Hotdogs schmecken gut.")),
        ("fr", ("Dog, dog, come!", "Chien, chien, viens !")),
        ("fr", ("It is five o'clock.", "Il est cinq heures à l'horloge.")),
    ],
)
def test_a_sentence_without_one_clear_noun_is_left(tmp_path, language, pair):
    module = load(SCRIPTS / "glossary" / "prepare.py")
    forms = list(module.forms(language, module.read_table("nouns.tsv")))
    animals = [form for form in forms if form.agreement[0] in ("animal", "furniture")]

    assert module.exchange([module.SentencePair(*pair)], animals, 5) == []


def test_no_pair_of_the_glossary_stands_among_those_to_be_judged_by(tmp_path):
    pairs, judged, output = (tmp_path / f"{name}.tsv" for name in ("pairs", "judged", "made"))
    pairs.write_text("A dog barks.\tUn chien aboie.\n", encoding="utf-8")
    judged.write_text(
        "A zebra barks.\tUn zèbre hurle.\nBonjour.\tGood morning.\n", encoding="utf-8"
    )
    module = load(SCRIPTS / "glossary" / "prepare.py")

    assert module.main(["fr", str(output), str(pairs), "--without", str(judged)]) == 0

    lines = output.read_text(encoding="utf-8")
    assert "A lion barks.\tUn lion aboie.\n" in lines
    assert "A zebra barks." not in lines
    assert "Good morning.\t" not in lines


def test_every_row_of_the_glossary_is_whole():
    module = load(SCRIPTS / "glossary" / "prepare.py")
    nouns, phrases = module.read_table("nouns.tsv"), module.read_table("phrases.tsv")

    assert all(all(row.values()) and None not in row for row in [*nouns, *phrases])
    assert {row["german"].partition(" ")[0] for row in nouns} == {"m", "w", "f", "n"}
    assert {row["french"].partition(" ")[0] for row in nouns} == {"m", "f"}
