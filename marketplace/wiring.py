"""Who hears of what: every (event, job), read top to bottom like a table of contents.

A lower app records an event and knows nobody above it; here the news travels up.
"""

from __future__ import annotations

from core.events import Wiring

WIRING: Wiring = ()
