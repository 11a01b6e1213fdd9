"""Chinese for a server's history."""

from __future__ import annotations

from collections.abc import Mapping

HISTORY: Mapping[str, str] = {
    "History": "历史",
    "How far back": "时间范围",
    "{n} days": "{n} 天",
    "Days of UTC.": "按 UTC 日期。",
    "Days of the server's time zone.": "按服务器时区的日期。",
    "Nothing ran in these days.": "这些天没有执行任何任务。",
    "on 1 day": "共 1 天",
    "over {n} days": "共 {n} 天",
    "Processed a day": "平均每天处理",
    "Executions by day": "每天的执行",
    "Executions by day, from {first} to {last}": "每天的执行，{first} 至 {last}",
    "Executions by day, the newest first": "每天的执行，最新的在前",
    "{day}: {n} processed, {failed} failed": "{day}：已处理 {n}，失败 {failed}",
    "Day": "日期",
    "Share of failures": "失败占比",
}
