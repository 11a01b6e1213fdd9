"""Chinese for lists of jobs and their filter."""

from __future__ import annotations

from collections.abc import Mapping

LISTS: Mapping[str, str] = {
    "Go to a page or a time": "转到某页或某个时间",
    "Page or time": "页码或时间",
    "A page number, or a time in UTC: 2026-11-26 10:30, 10:30, 2h (ago), +2h": (
        "页码，或 UTC 时间：2026-11-26 10:30、10:30、2h（之前）、+2h"
    ),
    "Go": "转到",
    "These were read": "读取于",
    "The newer ones are read when their turn comes.": "轮到时会读取更新的内容。",
    "Nothing that the log still holds had ended by then.": "日志中没有在那之前结束的执行。",
    "Find jobs in this list": "在此列表中查找任务",
    "Find by id, type, error or arguments": "按编号、类型、错误或参数查找",
    "Find": "查找",
    "Search words": "搜索语法",
    "both words, anywhere in the job": "任务中任意位置同时包含两个词",
    "the whole name; * is anything": "完整名称；* 代表任意内容",
    "in the error's type or message": "在错误类型或消息中",
    "the id of the job": "任务编号",
    "a value in the arguments; ** is any way down to it": "参数中的值；** 代表任意层级",
    "when it failed, else when it is due or was enqueued (UTC)": (
        "失败时间；未失败则为到期或入队时间（UTC）"
    ),
    "Its id is too long for an address: it has no page of its own.": (
        "编号太长，无法写入地址：该任务没有自己的页面。"
    ),
    "Look on from here": "从这里继续查找",
    "Nothing found so far.": "目前尚未找到。",
    "No job in this list matches.": "此列表中没有匹配的任务。",
    "Turn the order round": "反转顺序",
    "Failed jobs that will run again, latest first": "将再次运行的失败任务，最晚的在前",
    "Jobs that wait for their time, latest first": "等待时间到来的任务，最晚的在前",
    "Jobs that will not run again, oldest first": "不会再运行的任务，最早的在前",
    "Jobs in this queue, last to run first": "此队列中的任务，最后执行的在前",
    "{n} found; all {total} were looked at.": "找到 {n} 个；已查看全部 {total} 个。",
    "{n} found here; this is the end of the list.": "此处找到 {n} 个；列表到此结束。",
    "The first {n} from here on; more follow.": "从此处起的前 {n} 个；后面还有更多。",
    "{n} found so far; {looked} of {total} were looked at in the time there was.": (
        "目前找到 {n} 个；在限定时间内查看了 {total} 个中的 {looked} 个。"
    ),
}
