"""How often a dependency may be asked again."""

SHARE_OF_CALLS = 0.1
MOST_SAVED_RETRIES = 10.0


class RetryBudget:
    """Every call earns a tenth of a retry, so that retries never add more than 10 % to the load of one in trouble."""

    def __init__(self) -> None:
        self._saved = 0.0

    def earn(self) -> None:
        self._saved = min(MOST_SAVED_RETRIES, self._saved + SHARE_OF_CALLS)

    def spend(self) -> bool:
        """Whether there was a retry left."""
        # Ten times a tenth is a little less than one.
        if self._saved < 1 - 1e-9:
            return False
        self._saved -= 1
        return True
