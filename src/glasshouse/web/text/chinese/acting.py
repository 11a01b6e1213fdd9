"""What leads back, what is wrong with a form, and who is signed in, in Simplified Chinese."""

from __future__ import annotations

ACTING = {
    "This page is past the end of what matches.": "此页已超出匹配结果的末尾。",
    "Go to the first page": "转到第一页",
    "Correct it, and try again.": "请更正后重试。",
    "jobs must have a reasonable jid parameter": "任务的 jid 至少要有 8 个字符",
    "jobs must have a jobtype parameter": "任务必须有 jobtype",
    "jobs must have an args parameter": "任务必须有 args",
    "jobs cannot be reserved for more than one day": "任务的预留时间不能超过一天",
    "The job is no JSON: {what} (line {line}, character {column}).": (
        "该任务不是 JSON：{what}（第 {line} 行，第 {column} 个字符）。"
    ),
    "Correct it there, and try again; nothing was done.": "请在该处更正后重试；尚未执行任何操作。",
    "Fill in what is to change.": "请填写要更改的值。",
    "Nothing is filled in.": "未填写任何值。",
    "You were signed out.": "您已退出登录。",
    "You were signed out. What you see is what was known before.": (
        "您已退出登录。所见为此前已知的内容。"
    ),
    "You are signed in as {name} now. What you see is what was known before.": (
        "您现在以 {name} 的身份登录。所见为此前已知的内容。"
    ),
    "Load the page anew": "重新加载此页",
    "It was deleted. What is deleted is kept for a while:": (
        "它已被删除。删除的内容会保留一段时间："
    ),
    "Look in the trash": "查看回收站",
    "Retried by hand": "手动重试",
    "Killed": "被终止",
    "Deleted": "被删除",
    "It was killed and will not run again.": "它已被终止，不会再执行。",
    "It was killed by {name} and will not run again.": "它已被 {name} 终止，不会再执行。",
    "Each of these uses up one of the job's own retries, as in Faktory. A job that has none left "
    "is dead again if it fails.": (
        "每次都会用掉任务自身的一次重试，与 Faktory 相同。"
        "已无剩余重试的任务若再次失败，将再次成为死亡任务。"
    ),
    "This server can only be looked at: operations work on the embedded server.": (
        "此服务器只能查看：操作仅适用于内嵌服务器。"
    ),
}
