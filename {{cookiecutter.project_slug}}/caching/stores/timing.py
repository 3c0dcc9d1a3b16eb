"""Measures what a store does: how long each of its steps takes."""

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any, TypeVar

from caching.stores.breaker import Unavailable

Store = TypeVar("Store")
# A store's methods, and what their steps are called.
STEPS = {
    "read": "read",
    "open": "open",
    "add_intent": "intend",
    "finish": "finish",
    "keep": "keep",
    "lock": "lock",
    "unlock": "unlock",
}
# Each is called with a step and the seconds that it took, or took to fail. (A signal
# would cost a hit as much as all that is measured here.)
observers: list[Callable[[str, float], object]] = []


def timed(store: type[Store]) -> type[Store]:
    """Return a subclass of a store's class that tells the observers of each step."""
    methods = {name: _timed(getattr(store, name), step) for name, step in STEPS.items()}
    return type(store.__name__, (store,), methods)


def _timed(method: Callable[..., Any], step: str) -> Callable[..., Any]:
    @wraps(method)
    def measured(*arguments: Any, **options: Any) -> Any:
        began = perf_counter()
        try:
            result = method(*arguments, **options)
        except Unavailable as error:
            # Without a cause it was left alone, or has just come back: not its time.
            if error.__cause__:
                _tell(step, perf_counter() - began)
            raise
        _tell(step, perf_counter() - began)
        return result

    return measured


def _tell(step: str, seconds: float) -> None:
    for observe in observers:
        observe(step, seconds)
