"""The nouns of Glasshouse: plain, immutable values that all other packages share.

Nothing here does I/O, reads a clock or draws a random number; times are Unix
seconds (UTC) as ``float`` unless a name says otherwise.
"""
