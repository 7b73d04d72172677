"""Finds the fastest batch size during a run, and halves it when memory runs out."""

FIRST = 32
TRIALS = 2  # measurements of a size before it is judged; the best one counts
WORTH = 1.03  # a size twice as large must be faster by this factor


class BatchSize:
    """A batch size that doubles as long as that makes the model faster.

    Args:
        fixed: A size that the user chose; it only ever shrinks.
        largest: The largest size that is tried.
    """

    def __init__(self, fixed: int | None, largest: int) -> None:
        self.now = fixed or min(FIRST, largest)
        self._largest = largest
        self._growing = fixed is None
        self._slower = 0.0  # rate of half the size, photos a second
        self._rates: list[float] = []

    def measured(self, num_photos: int, seconds: float) -> None:
        """Record how long a batch took.

        The size then grows, or returns to the previous one if that was faster.
        """
        if not self._growing or num_photos != self.now:
            return
        self._rates.append(num_photos / max(seconds, 1e-9))
        if len(self._rates) < TRIALS:
            return
        best = max(self._rates)
        self._rates.clear()
        if best < WORTH * self._slower:
            self.now, self._growing = self.now // 2, False
        elif 2 * self.now <= self._largest:
            self.now, self._slower = 2 * self.now, best
        else:
            self._growing = False

    def too_large(self, num_photos: int) -> None:
        """Record that a batch of `num_photos` did not fit into memory."""
        self.now, self._growing = max(1, min(self.now, num_photos // 2)), False
