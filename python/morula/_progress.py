"""Progress of a fit."""

from __future__ import annotations

from typing import Any


class Progress:
    """A bar of tqdm with a step per epoch; a context, and called after every epoch."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, record: dict[str, Any], epochs: int) -> None:
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=epochs, desc=self._title, unit="epoch")
        self._bar.set_postfix_str(f"loss {record['total']:.3f}", refresh=False)
        self._bar.update(record["epoch"] - self._bar.n)
