"""The Faktory Work Protocol without I/O: bytes in, typed values out, and back.

Nothing here opens a socket, reads a clock or draws a random number; the shells
(``engine``, ``upstream``) do that and pass the results in.  The rules come from
fwp.md, cited by section.
"""
