"""How a process that the engine starts comes to its end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable


def end_with_engine(before: Callable[[], None] = lambda: None) -> None:
    """End this process at SIGINT, or when the engine that started it is gone.

    The engine interrupts each plug-in when it is done and waits up to 5 s for it. A plug-in must install its
    handler itself: a shell starts background jobs with SIGINT ignored, and that is inherited.

    Args:
        before: Called just before the end.
    """

    def end(*_: object) -> None:
        before()
        os._exit(0)  # At once: an orderly shutdown of gRPC costs 0.3 s, and nothing here needs one.

    signal.signal(signal.SIGINT, end)
    engine = os.getppid()

    def watch() -> None:
        while os.getppid() == engine:
            time.sleep(0.5)
        end()

    threading.Thread(target=watch, daemon=True).start()
