"""The part that the signatures of all metrics share."""

from collections.abc import Sequence


def nrefs(references_per_item: Sequence[int]) -> str:
    """Say how many references an item has: one number, or the fewest and the most."""
    fewest, most = min(references_per_item), max(references_per_item)
    return str(most) if fewest == most else f"{fewest}-{most}"
