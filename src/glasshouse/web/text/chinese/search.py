"""Chinese for the search of a whole server."""

from __future__ import annotations

from collections.abc import Mapping

SEARCH: Mapping[str, str] = {
    "Search": "搜索",
    "Find jobs in all lists": "在所有列表中查找任务",
    "Jobs that were found, the latest first": "找到的任务，最新的在前",
    "Failed or due": "失败或到期",
    "{n} of {total} indexed": "已索引 {n} / {total}",
    "{told}; the rest is being read.": "{told}；其余正在读取。",
    "{told}, {age} old.": "{told}，{age}前的数据。",
    "{n} found so far, among {looked} that might match.": (
        "目前找到 {n} 个；已查看 {looked} 个可能匹配的任务。"
    ),
    "The latest {n} from here on; more follow.": "从此处起最新的 {n} 个；后面还有更多。",
    "{n} found here; there are no more.": "此处找到 {n} 个；没有更多了。",
    "{n} found.": "找到 {n} 个。",
    "Nothing found in what was read so far.": "在目前已读取的内容中没有找到。",
    "No job on this server matches.": "此服务器上没有匹配的任务。",
    "Nothing found in what was searched.": "在已搜索的部分中没有找到。",
    "Not searched: jobs further down in these lists. Each list can be searched by itself.": (
        "未搜索：这些列表中靠后的任务。可以在各个列表中单独搜索。"
    ),
    "and {n} more, with {jobs} jobs": "另有 {n} 个列表，共 {jobs} 个任务",
    "Queues, retries, scheduled, dead and running jobs are searched at once. Type what you know "
    "of the job: an id, a word of its error, a value of its arguments.": (
        "一次搜索所有队列、重试、计划、死亡和执行中的任务。输入你所知道的：编号、错误中的词、参数中的值。"
    ),
    "This server cannot be searched as a whole: its Web UI is not known to this console. "
    "Name it with --web.": "无法搜索整个服务器：控制台不知道它的 Web UI。请用 --web 指定。",
}
