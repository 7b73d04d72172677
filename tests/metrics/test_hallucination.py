"""Objects that captions name and references do not."""

from captioner.metrics.hallucination import count_hallucinations, hallucinated, objects_of


def test_kinds_of_objects_are_found_by_all_their_words_and_the_longest_wins():
    assert objects_of("Two puppies beside a hot dog, on wine glasses near the traffic lights") == [
        *("dog", "hot dog", "wine glass", "traffic light")
    ]
    assert objects_of("Women and children on couches") == ["person", "person", "couch"]
    assert objects_of("a red building") == []


def test_what_a_reference_names_by_another_word_is_there():
    assert hallucinated("a bicycle by a sofa", ["his bike", "the couch"]) == []
    assert hallucinated("a dog on a bicycle", ["a cat", "a bike"]) == ["dog"]


def test_fractions_of_captions_and_of_objects():
    counted = count_hallucinations(
        ["a dog and a dog", "a cat", "snow"], [["a cat on a bed"], ["cats"], ["a man in the snow"]]
    )
    assert (counted.chair_s, counted.chair_i) == (1 / 3, 2 / 3)
