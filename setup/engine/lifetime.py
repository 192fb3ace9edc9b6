"""How a process that the engine starts comes to its end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from select import select


def end_with_engine(before: Callable[[], None] = lambda: None) -> None:
    """End this process at SIGINT, or when the engine that started it is gone.

    The engine interrupts each plug-in when it is done and waits up to 5 s for it. A plug-in must install its
    handler itself: a shell starts background jobs with SIGINT ignored, and that is inherited.

    Args:
        before: Called just before the end.
    """
    engine, (told, tell) = os.getppid(), os.pipe()
    os.set_blocking(tell, False)
    # A handler runs in the main thread alone, and that is not always woken: of a hundred interrupts one was lost. The
    # pipe is written by whichever thread the signal reaches.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.set_wakeup_fd(tell)

    def watch() -> None:
        while os.getppid() == engine and not select([told], [], [], 0.5)[0]:
            pass
        before()
        os._exit(0)  # At once: an orderly shutdown of gRPC costs 0.3 s, and nothing here needs one.

    threading.Thread(target=watch, daemon=True).start()
