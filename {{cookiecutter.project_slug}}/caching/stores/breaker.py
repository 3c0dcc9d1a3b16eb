"""A circuit breaker: a service that failed is not called for a while.

Without it every request would wait for the same timeout. Source: M. Nygard, "Release
It!".
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Unavailable(Exception):
    """The service did not answer, or was not called because it failed just before."""


class Breaker:
    """Calls a service, unless it failed less than `cooldown` seconds ago.

    After the cooldown, one caller tries again, and the others still get Unavailable.
    When the service is back, it counts as `recovering` for `cooldown` seconds. `errors`
    are the exceptions that mean a failure, `service` is what the log calls it. `tell`
    is called with True when it fails, and with False when it is back. `clock` returns
    seconds.
    """

    def __init__(
        self,
        *,
        cooldown: float,
        errors: tuple[type[Exception], ...],
        service: str = "The cache",
        tell: Callable[[bool], object] = bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service, self.tell = service, tell
        self.cooldown, self.errors, self.clock = cooldown, errors, clock
        self.retry_at = 0.0
        self.broken = False
        self.recovered_at = float("-inf")
        self.lock = threading.Lock()

    def call(
        self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs
    ) -> T:
        """Return what `function` returns; raise Unavailable instead of `errors`."""
        if self.broken and not self._may_try():
            raise Unavailable("left alone after a failure")
        try:
            result = function(*arguments, **options)
        except self.errors as error:
            self._failed(error)
            raise Unavailable(str(error)) from error
        self.succeeded()
        return result

    @property
    def recovering(self) -> bool:
        """Whether the service came back less than `cooldown` seconds ago."""
        return self.clock() - self.recovered_at < self.cooldown

    def succeeded(self) -> None:
        """Note that the service has answered."""
        if not self.broken:
            return
        with self.lock:
            if self.broken:
                # In this order: who sees `broken` False must see `recovering` True.
                self.recovered_at = self.clock()
                self.broken = False
                self.tell(False)
                logger.warning("%s answers again.", self.service)

    def _may_try(self) -> bool:
        with self.lock:
            if self.clock() < self.retry_at:
                return False
            self.retry_at = self.clock() + self.cooldown
            return True

    def _failed(self, error: Exception) -> None:
        with self.lock:
            self.retry_at = self.clock() + self.cooldown
            if not self.broken:
                self.broken = True
                self.tell(True)
                logger.error("%s does not answer: %s", self.service, error)
