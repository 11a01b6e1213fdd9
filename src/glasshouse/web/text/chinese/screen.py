"""Chinese for what every page shows, and for the pages that have no module of their own here."""

from __future__ import annotations

from collections.abc import Mapping

SCREEN: Mapping[str, str] = {
    "worker running": "运行中",
    "worker quiet": "静默",
    "worker terminate": "终止中",
    "state enqueued": "排队中",
    "state scheduled": "已计划",
    "state working": "执行中",
    "state retries": "待重试",
    "state dead": "已死亡",
    "waiting in queue {queue}": "在队列 {queue} 中等待",
    "scheduled": "已计划",
    "running on a worker": "正在工作进程上执行",
    "waiting for a retry": "等待重试",
    "dead": "已死亡",
    "{n} s": "{n} 秒",
    "{n} min": "{n} 分钟",
    "{n} h": "{n} 小时",
    "{n} d": "{n} 天",
    "{n} ago": "{n}前",
    "in {n}": "{n}后",
    "{n} of {limit}": "{n} / {limit}",
    "{first}–{last} of {total}": "第 {first}–{last} 条，共 {total} 条",
    "{n} % of processed": "占已处理的 {n} %",
    "Servers": "服务器",
    "Overview": "概览",
    "Queues": "队列",
    "Queue": "队列",
    "Queue {name}": "队列 {name}",
    "Retries": "重试",
    "Scheduled": "计划",
    "Dead": "死亡",
    "Busy": "执行中",
    "Job": "任务",
    "Job {jid}": "任务 {jid}",
    "Processed": "已处理",
    "Failed": "已失败",
    "Enqueued": "入队",
    "processed": "已处理",
    "failed": "失败",
    "and {n} more": "还有 {n} 项",
    "Queue {name} is paused with {count} waiting.": "队列 {name} 已暂停，有 {count} 个任务在等待。",
    "Queue {name} is slow: its next job has waited {age}.": (
        "队列 {name} 较慢：下一个任务已等待 {age}。"
    ),
    "Worker {name} has not been heard for {age}.": "工作进程 {name} 已有 {age} 没有心跳。",
    "This job is not on the server any more.": "该任务已不在服务器上。",
    "It ran, was deleted, or its id was never used. Finished jobs leave the server.": (
        "它已运行完成、被删除，或该编号从未使用过。完成的任务会离开服务器。"
    ),
    "Skip to content": "跳到内容",
    "All servers": "所有服务器",
    "Server pages": "服务器页面",
    "No page here can change anything on the server.": "这里的任何页面都不能更改服务器上的内容。",
    "Read-only": "只读",
    "Light or dark": "浅色或深色",
    "Keyboard": "键盘",
    "This list": "此列表",
    "Reading the server…": "正在读取服务器…",
    "Close": "关闭",
    "Server unreachable": "无法连接服务器",
    "Updated {age}": "更新于 {age}",
    "Not read yet": "尚未读取",
    "Live · updated {age}": "实时 · 更新于 {age}",
    "Connecting…": "正在连接…",
    "Offline": "离线",
    "Copied": "已复制",
    "Copy": "复制",
    "Connection to Glasshouse lost — showing data from {age}.": (
        "与 Glasshouse 的连接已断开 — 显示的是 {age}的数据。"
    ),
    "Server unreachable since {since} — showing the last known data from {age}.": (
        "自 {since} 起无法连接服务器 — 显示的是 {age}最后已知的数据。"
    ),
    "Server unreachable since {since} — nothing is known yet.": (
        "自 {since} 起无法连接服务器 — 尚无任何数据。"
    ),
    "Server unreachable since {since}.": "自 {since} 起无法连接服务器。",
    "Check that the job server runs and can be reached; the page recovers by itself.": (
        "请检查任务服务器是否在运行且可以访问；页面会自行恢复。"
    ),
    "This is not on the server any more. What you see is its last known state.": (
        "它已不在服务器上。您看到的是最后已知的状态。"
    ),
    "Paused": "已暂停",
    "This page is past the end of the list.": "此页超出了列表末尾。",
    "Go to the last page": "转到最后一页",
    "Pages": "分页",
    "First": "首页",
    "Previous": "上一页",
    "Next": "下一页",
    "Last": "末页",
    "Size": "数量",
    "Share": "占比",
    "Next job waits since": "下一个任务等待自",
    "Workers": "工作进程",
    "Worker": "工作进程",
    "State": "状态",
    "Running jobs": "正在执行的任务",
    "Labels": "标签",
    "Memory": "内存",
    "Started": "启动于",
    "Last heard": "最近心跳",
    "silent": "无心跳",
    "Reachable": "可连接",
    "Nothing is known of this server yet.": "尚无此服务器的数据。",
    "No servers are configured.": "没有配置服务器。",
    "started": "启动于",
    "Totals": "总计",
    "Jobs per second": "每秒任务数",
    "Rates appear after a few seconds of watching.": "观察几秒后会显示速率。",
    "Processed now {done}/s, failed {failed}/s": "当前每秒处理 {done}，失败 {failed}",
    "now": "现在",
    "What needs attention": "需要关注",
    "Problem": "问题",
    "Warning": "警告",
    "Nothing. Jobs flow and workers answer.": "无。任务正常流转，工作进程有响应。",
    "All queues ({n})": "所有队列（{n}）",
    "No queues yet. A queue appears with its first job.": (
        "还没有队列。第一个任务到来时会出现队列。"
    ),
    "Next retries": "即将重试",
    "All retries": "所有重试",
    "No retries. Nothing has failed recently.": "没有重试。最近没有任务失败。",
    "What they run": "正在执行什么",
    "No workers are connected.": "没有工作进程连接。",
    "waiting": "个任务等待中",
    "the next has waited {age}": "下一个已等待 {age}",
    "Jobs in this queue, next to run first": "此队列中的任务，最先执行的在前",
    "Type": "类型",
    "Arguments": "参数",
    "This queue is empty. Nothing waits here.": "此队列为空。没有任务在等待。",
    "Failed jobs that will run again, soonest first": "将再次运行的失败任务，最早的在前",
    "Next retry": "下次重试",
    "Error": "错误",
    "Jobs that wait for their time, soonest first": "等待时间到来的任务，最早的在前",
    "Due": "到期",
    "Nothing is scheduled for later.": "没有计划稍后执行的任务。",
    "Jobs that will not run again, newest first": "不会再运行的任务，最新的在前",
    "No dead jobs. Nothing was given up.": "没有死亡任务。没有任务被放弃。",
    "Expires": "过期",
    "Running since": "开始执行",
    "Reservation expires": "预留到期",
    "No job is running now.": "现在没有任务在执行。",
    "This server does not tell its workers.": "此服务器不提供工作进程信息。",
    "{n} entries have this id: all are shown.": "有 {n} 个条目使用此编号：全部显示如下。",
    "{n} entries have this id: the first {shown} are shown.": (
        "有 {n} 个条目使用此编号：显示前 {shown} 个。"
    ),
    "{n} more are not shown here; the JSON API lists all.": (
        "另有 {n} 个未在此显示；JSON API 会列出全部。"
    ),
    "Backtrace": "调用栈",
    "No backtrace was sent.": "没有发送调用栈。",
    "Facts": "信息",
    "Timeline": "时间线",
    "Stored job": "存储的任务",
    "Retry limit": "重试上限",
    "Created": "创建",
    "Scheduled for": "计划于",
    "First failed": "首次失败",
    "Reserved": "已预留",
    "outcome done": "完成",
    "outcome retried": "待重试",
    "outcome buried": "已入死亡集",
    "outcome dropped": "已丢弃",
    "the worker said that it is done": "工作进程报告已完成",
    "it failed and was put to be retried": "执行失败，已安排重试",
    "it failed and was put into the dead set": "执行失败，已放入死亡集",
    "it failed and was forgotten: it allows no retries": "执行失败，因不允许重试而被丢弃",
    "Yes, it ran and is done.": "是的，已执行并完成。",
    "It ran and failed, and was put to be retried.": "已执行但失败，并已安排重试。",
    "It ran and failed, and was put into the dead set.": "已执行但失败，并已放入死亡集。",
    "It ran and failed, and was forgotten: it allows no retries.": (
        "已执行但失败，因不允许重试而被丢弃。"
    ),
    "executions: {n}": "执行次数：{n}",
    "Did it run?": "执行过吗？",
    "In the log": "在日志中查看",
    "Not that the log knows: no execution of it has ended yet, or it ended longer ago than the "
    "log goes back.": "日志中没有记录：尚无执行结束，或结束时间早于日志保留的范围。",
    "Only the newest {n} executions are shown.": "仅显示最新的 {n} 次执行。",
    "The job is not on the server any more; this is what the log of finished jobs tells.": (
        "该任务已不在服务器上；以下来自已结束任务的日志。"
    ),
    "The log of finished jobs does not know it either: it was deleted, it ended longer "
    "ago than the log goes back, or its id was never used.": (
        "已结束任务的日志中也没有它：它已被删除、结束时间早于日志保留的范围，或该编号从未使用过。"
    ),
    "< {n} ms": "< {n} 毫秒",
    "{n} ms": "{n} 毫秒",
    "Finished": "已结束",
    "This server keeps no log of finished jobs.": "此服务器不保留已结束任务的日志。",
    "Faktory forgets a job when it is done; the embedded server of Glasshouse keeps a log.": (
        "Faktory 在任务完成后即将其遗忘；Glasshouse 的内置服务器会保留日志。"
    ),
    "Times per type": "各类型的耗时",
    "Times per type, the most frequent first": "各类型的耗时，最频繁的在前",
    "Over the newest {n} of {total} executions in the log; the oldest of them ended": (
        "基于日志中 {total} 次执行里最新的 {n} 次；其中最早的结束于"
    ),
    "Over all {n} executions in the log; the oldest ended": (
        "基于日志中全部 {n} 次执行；最早的结束于"
    ),
    "{n} more types": "另外 {n} 个类型",
    "Executions": "执行",
    "Waited in the queue": "排队等待",
    "Ran": "执行时长",
    "median": "中位",
    "longest": "最长",
    "Half of them were at most this long": "一半不超过此时长",
    "95 of 100 were at most this long": "95 % 不超过此时长",
    "Waited, median": "等待 中位",
    "Waited, 95 %": "等待 95 %",
    "Ran, median": "执行 中位",
    "Ran, 95 %": "执行 95 %",
    "Ran, longest": "执行 最长",
    "The log keeps up to {n} executions, for {time}.": "日志最多保留 {n} 次执行，保留 {time}。",
    "Only the newest {n} entries were looked at.": "仅查找了最新的 {n} 条记录。",
    "Newer entries are left out, so that these pages keep still.": (
        "为使分页保持不变，较新的记录未列出。"
    ),
    "Show the newest": "显示最新",
    "Show": "显示",
    "Show all": "显示全部",
    "any": "任意",
    "any failure": "任何失败",
    "Outcome": "结果",
    "Ended": "结束",
    "Waited": "等待",
    "Executions that ended, newest first": "已结束的执行，最新的在前",
    "The log is switched off: its parameter finished_most is 0.": (
        "日志已关闭：其参数 finished_most 为 0。"
    ),
    "No execution in the log matches.": "日志中没有匹配的执行。",
    "Nothing has finished yet. An execution appears here when its worker says that it is done or "
    "failed.": "还没有任务结束。当工作进程报告完成或失败时，执行会出现在这里。",
    "Parameters": "运行参数",
    "Parameter": "运行参数",
    "Value": "当前值",
    "Default": "默认值",
    "default": "默认",
    "default {value}": "默认 {value}",
    "changed": "已更改",
    "Bounds": "范围",
    "{least} to {most}": "{least} 至 {most}",
    "Run-time parameters of this server": "此服务器的运行时参数",
    "This server has no parameters that could be seen or changed from here.": (
        "此服务器没有可在此查看或更改的参数。"
    ),
    "Real Faktory reads its settings from files when it starts.": (
        "真正的 Faktory 在启动时从文件读取设置。"
    ),
    "A change holds at once and is kept. The server's owner will make it here, as the operation "
    "server.configure; this version of the console does not offer it yet. Real Faktory has no "
    "such parameters.": (
        "更改立即生效并被保存。服务器所有者将可在此通过 server.configure 操作进行更改；"
        "此版本的控制台尚不提供。真正的 Faktory 没有这类参数。"
    ),
    "How long a dead job is kept before it is forgotten.": "死亡任务保留多久后被遗忘。",
    "How many clients may be connected at once.": "最多允许多少个客户端同时连接。",
    "How often a job that does not say is retried; 0 forgets it at its first failure, -1 buries "
    "it at once.": "未指明的任务重试多少次；0 表示首次失败即丢弃，-1 表示首次失败即放入死亡集。",
    "How often due scheduled jobs and retries are looked for.": (
        "多久查找一次到期的计划任务和重试。"
    ),
    "How often expired reservations, silent workers and old dead jobs are looked for.": (
        "多久查找一次过期的预留、无心跳的工作进程和过期的死亡任务。"
    ),
    "How many finished executions the log keeps; 0 keeps none.": (
        "日志保留多少次已结束的执行；0 表示不保留。"
    ),
    "How long a finished execution stays in the log.": "已结束的执行在日志中保留多久。",
    "Not found": "未找到",
    "Something went wrong": "出错了",
    "Something went wrong here.": "控制台出错了。",
    "Look into the console's log: it says where.": "请查看控制台日志：其中说明了出错位置。",
    "Back to the overview": "返回概览",
}
