"""Conditions of a statement that is put together of constants, and the values in them."""


class Where:
    """Conditions that all must be met, and the values in them."""

    def __init__(self, *values: object) -> None:
        """`values`: those that the statement names itself, from $1 on."""
        self.values = list(values)
        self._conditions: list[str] = []

    def add(self, condition: str, *values: object) -> None:
        """`{}` in the condition stands for the next value."""
        self._conditions.append(self.numbered(condition, *values))

    def numbered(self, condition: str, *values: object) -> str:
        """The same condition, for another place of the statement."""
        numbers = []
        for value in values:
            self.values.append(value)
            numbers.append(f"${len(self.values)}")
        return condition.format(*numbers)

    def __str__(self) -> str:
        """To stand after another condition."""
        return "".join(f"\n               AND {condition}" for condition in self._conditions)
