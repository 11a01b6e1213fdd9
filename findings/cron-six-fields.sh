#!/usr/bin/env bash
# croniter 7.0.0 and cronsim 2.8: one line of a crontab, two schedules.
#
# One would guess: two libraries that take the same line mean the same times.
# Seen: of six fields croniter takes the last for the seconds, cronsim the first: `30 0 10 * * *` is every
# day at 10:00:30 for one, and for the other each second of one minute on the tenth of the month. And in
# `0 0 */2 * 1` croniter takes days that are odd or a Monday, cronsim (as Debian's cron does, for which a
# field that begins with `*` restricts nothing by itself) those that are both.
#
# A job server's schedule cannot be read off the line alone: one has to know who runs it. Glasshouse tells of
# jobs that are there, with the times that they carry, and of no cron line.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from datetime import UTC, datetime

from croniter import croniter
from cronsim import CronSim

start = datetime(2026, 6, 2, 1, tzinfo=UTC)
for line, first, second in (
    ("30 0 10 * * *", ["10 00:30:00", "10 00:30:01"], ["02 10:00:30", "03 10:00:30"]),
    ("0 0 */2 * 1", ["03 00:00:00", "05 00:00:00"], ["15 00:00:00", "29 00:00:00"]),
    ("0 9 * * 1-5", ["02 09:00:00", "03 09:00:00"], ["02 09:00:00", "03 09:00:00"]),
):
    times = croniter(line, start)
    by_croniter = [f"{times.get_next(datetime):%d %H:%M:%S}" for _ in range(2)]
    times = CronSim(line, start)
    by_cronsim = [f"{next(times):%d %H:%M:%S}" for _ in range(2)]
    print(line.ljust(14), "croniter:", ", ".join(by_croniter), "- cronsim:", ", ".join(by_cronsim))
    assert by_croniter == first
    assert by_cronsim == second
PY
