"""What a page itself says later, in the browser: its words, and the languages to be had."""

from __future__ import annotations

import msgspec


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A language that a page can be had in, in its own words."""

    locale: str
    label: str
    title: str


LANGUAGES = (
    Language(locale="en", label="EN", title="Show this in English"),
    Language(locale="zh-CN", label="中", title="用中文显示"),
)

SPOKEN = (
    "{n} ago",
    "in {n}",
    "{n} s",
    "{n} min",
    "{n} h",
    "{n} d",
    "Live · updated {age}",
    "Held · as of {age}",
    "{n} wait",
    "as of {time}",
    "Connecting…",
    "Offline",
    "Server unreachable",
    "Copied",
    "Copied: {text}",
    "This browser does not allow copying here.",
    "Connection to Glasshouse lost — showing data from {age}.",
    "Server unreachable since {since} — showing the last known data from {age}.",
    "Server unreachable since {since} — nothing is known yet.",
    "Server unreachable since {since}.",
    "This is not on the server any more. What you see is its last known state.",
    "You were signed out. What you see is what was known before.",
    "You are signed in as {name} now. What you see is what was known before.",
    "Sign in",
    "Load the page anew",
    "{n} of {limit}",
    "… {n} keys",
    "… {n} items",
    "Search in this text",
    "Previous hit",
    "Next hit",
    "No hit",
    "Fold all",
    "Unfold all",
    "Copy all",
    "Copy the path",
    "Loading…",
    "The browser showed no passkey; try again, or use another second factor.",
    "The server does not hold this any more.",
    "It could not be loaded; try again.",
    # What to do about a server that cannot be read.
    "Check that the job server runs and can be reached; the page recovers by itself.",
    "Check the password in the server's address.",
    "Start it with `glasshouse engine --data` on the same folder.",
    "Look at its process and its disk.",
    "Look into the console's log: it says where.",
    "Check its address; without --redis the console reads the Web UI instead.",
    "Give its user what looking needs: ACL SETUSER NAME on >PASSWORD ~* +@read",
    "Wait until it has.",
    "Check that it is the Redis of this Faktory, and its database 0.",
    "Name its address too: --web http://HOST:7420.",
    "Name its Redis too: --redis unix:///var/lib/faktory/db/redis.sock.",
)
"""Keys of the catalog, handed to the page's scripts."""
