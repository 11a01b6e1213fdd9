"""Chinese for the keyboard, for what is said while a page is awaited, and for paper."""

from __future__ import annotations

from collections.abc import Mapping

KEYS: Mapping[str, str] = {
    "Go to": "转到",
    "On a page": "在页面上",
    "Next row, previous row": "下一行、上一行",
    "Open the row": "打开该行",
    "Copy the row's id, or the job's": "复制该行或该任务的编号",
    "Next page, previous page": "下一页、上一页",
    "Up to the list": "返回列表",
    "Search on this page": "在此页中搜索",
    "Use these single keys": "启用单键快捷键",
    "Reading the server… The page appears by itself as soon as it can be read.": (
        "正在读取服务器……一旦可以读取，页面会自动显示。"
    ),
    "as of {time}": "截至 {time}",
    "Hold": "暂停更新",
    "Held · as of {age}": "已暂停 · {age}",
    "{n} wait": "{n} 项待显示",
    "Changes that are not shown yet: while the page is held, and while the pointer or the focus "
    "is on a row": "尚未显示的变化：页面已暂停，或指针、焦点停在某一行上",
    "Stop and resume updates of this page": "暂停或继续更新此页",
    "Hold the page, let it go on": "暂停页面、继续更新",
    "Let go of the row": "离开该行",
    "Copied: {text}": "已复制：{text}",
    "This browser does not allow copying here.": "浏览器不允许在此复制。",
}
