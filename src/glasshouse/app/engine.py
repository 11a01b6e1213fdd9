"""The ``engine`` command: the embedded work server in this process."""

from __future__ import annotations

from glasshouse.app.announce import faktory_url, ready_line, say
from glasshouse.app.folders import make_private
from glasshouse.app.lifetime import stop_on_signals, stop_when_stdin_closes
from glasshouse.app.sockets import choose, listen_error
from glasshouse.app.tls import server_context
from glasshouse.engine.run import run_engine
from glasshouse.settings import Address, EngineSettings


async def engine(settings: EngineSettings, *, until_stdin_closes: bool = False) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        SettingsError: the certificate or its key cannot be used.
        ListenError: the address cannot be used.
        StoreError: the data folder cannot be used, or another engine holds it.
    """
    stop = stop_on_signals()
    if until_stdin_closes:
        stop_when_stdin_closes(stop)
    tls = None if settings.tls is None else server_context(settings.tls)
    make_private(settings.data)
    # Started by a console, it has no options from a user, who must then start it separately.
    option = "glasshouse engine --listen, run by itself" if until_stdin_closes else "--listen"
    address = choose(settings.listen, option=option)
    ready = False

    def on_ready(host: str, port: int) -> None:
        nonlocal ready
        ready = True
        url = faktory_url(Address(host, port), tls=tls is not None)
        if not until_stdin_closes:
            say(f"The work server answers at {url}; its data is in {settings.data}.")
        ready_line(faktory=url)

    try:
        await run_engine(
            data=settings.data,
            host=address.host,
            port=address.port,
            password=settings.password,
            on_ready=on_ready,
            stop=stop,
            tls=tls,
            accept_loss=settings.accept_loss,
        )
    except OSError as error:
        if ready:
            raise
        raise listen_error(address, error, option=option) from None
