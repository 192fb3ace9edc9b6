"""End a plug-in process together with the engine that started it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from select import select


def end_with_engine(before: Callable[[], None] = lambda: None) -> None:
    """End this process at SIGINT, or when its engine has ended.

    The engine interrupts each plug-in at its own end and waits up to 5 s. A plug-in must install its own handler: a
    shell starts background jobs with SIGINT ignored, and children inherit that.

    Args:
        before: Called just before the end.
    """
    engine, (told, tell) = os.getppid(), os.pipe()
    os.set_blocking(tell, False)
    # Python runs handlers in the main thread alone, which missed one interrupt of a hundred. Any thread that receives
    # the signal writes into this pipe.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.set_wakeup_fd(tell)

    def watch() -> None:
        while os.getppid() == engine and not select([told], [], [], 0.5)[0]:
            pass
        before()
        os._exit(0)  # an orderly shutdown of gRPC takes 0.3 s and has no effect here

    threading.Thread(target=watch, daemon=True).start()
