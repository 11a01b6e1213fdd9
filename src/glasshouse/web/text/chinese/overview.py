"""Chinese for the overview, busy, queues and load."""

from __future__ import annotations

from collections.abc import Mapping

OVERVIEW: Mapping[str, str] = {
    "The server cannot be read: what is said here is how it was last seen.": (
        "无法读取服务器：以下为最后一次读取时的情况。"
    ),
    "The server's disk is full: it takes no new jobs.": "服务器磁盘已满：不再接收新任务。",
    "No worker gets {count} jobs of {name}: this Faktory does not look in Redis's {reason}.": (
        "队列 {name} 的 {count} 个任务无人会执行：此版本的 Faktory 不读取 Redis 的 {reason}。"
    ),
    "A part of this server cannot be read, and what it tells is not here: {reason}": (
        "此服务器的一部分无法读取，相应内容缺失：{reason}"
    ),
    "The server's clock is {age} ahead of this machine's, and so are its times.": (
        "服务器的时钟比本机快 {age}，其时间也随之偏差。"
    ),
    "The server's clock is {age} behind this machine's, and so are its times.": (
        "服务器的时钟比本机慢 {age}，其时间也随之偏差。"
    ),
    "The server takes no changes: {reason}": "服务器不接受更改：{reason}",
    "Queue {name} has jobs ({count}) and no worker is connected.": (
        "队列 {name} 有任务（{count}），但没有工作进程连接。"
    ),
    "{n} queues have jobs ({count}) and no worker is connected.": (
        "{n} 个队列有任务（{count}），但没有工作进程连接。"
    ),
    "Queue {name} has jobs ({count}) and no running worker takes new ones.": (
        "队列 {name} 有任务（{count}），但没有工作进程在接收新任务。"
    ),
    "{n} queues have jobs ({count}) and no running worker takes new ones.": (
        "{n} 个队列有任务（{count}），但没有工作进程在接收新任务。"
    ),
    "{share} % of executions failed in the last {age}: {n} of {count}.": (
        "最近 {age} 内 {share} % 的执行失败：{count} 次中有 {n} 次。"
    ),
    "Scheduled jobs are late: the first was due {age} ago and is not in its queue yet.": (
        "计划任务已延误：第一个在 {age}前到期，仍未进入队列。"
    ),
    "Retries are late: the first was due {age} ago and is not in its queue yet.": (
        "重试已延误：第一个在 {age}前到期，仍未进入队列。"
    ),
    "Queue {name} is slow: its next job has waited {age}, and it grows by {n} a minute.": (
        "队列 {name} 较慢：下一个任务已等待 {age}，且每分钟增长 {n}。"
    ),
    "{n} workers have not been heard for {age} or longer.": (
        "{n} 个工作进程已有 {age} 或更久没有心跳。"
    ),
    "Running jobs past their reservation: {n}. They will be run again.": (
        "超出预留时间的执行中任务：{n}。它们将被重新执行。"
    ),
    "Queue {name} grows by {n} a minute; {count} wait.": (
        "队列 {name} 每分钟增长 {n}；{count} 个任务在等待。"
    ),
    "More dead jobs in the last {age}: {n}.": "最近 {age} 内新增死亡任务：{n}。",
    "Running jobs near the end of their reservation: {n}; the first has {age} left.": (
        "预留时间即将结束的执行中任务：{n}；第一个还剩 {age}。"
    ),
    "Worker {name} has taken no new jobs for {age} or longer, and is still connected.": (
        "工作进程 {name} 已有 {age} 或更久不接收新任务，但仍保持连接。"
    ),
    "{n} workers have taken no new jobs for {age} or longer, and are still connected.": (
        "{n} 个工作进程已有 {age} 或更久不接收新任务，但仍保持连接。"
    ),
    "{n} queues are slow; the longest wait is {age}, in {name}.": (
        "{n} 个队列较慢；等待最久的是 {name}，已等待 {age}。"
    ),
    "{n} queues are paused with {count} waiting; the largest is {name}.": (
        "{n} 个队列已暂停，共有 {count} 个任务在等待；最大的是 {name}。"
    ),
    "{n} queues grow; the fastest by {count} a minute is {name}.": (
        "{n} 个队列在增长；最快的是 {name}，每分钟增长 {count}。"
    ),
    "Ways to look": "查看方式",
    "By worker": "按工作进程",
    "By end of reservation": "按预留到期时间",
    "List all": "列出全部",
    "ends soon": "即将到期",
    "reservation over": "预留已过期",
    "1 queue": "1 个队列",
    "{n} queues": "{n} 个队列",
    "1 job waits": "1 个任务等待中",
    "{n} jobs wait": "{n} 个任务等待中",
    "{n} paused, holding {count}": "{n} 个已暂停，共 {count} 个任务",
    "1 job runs": "1 个任务执行中",
    "{n} jobs run": "{n} 个任务执行中",
    "1 worker": "1 个工作进程",
    "{n} workers": "{n} 个工作进程",
    "1 host": "1 台主机",
    "{n} hosts": "{n} 台主机",
    "1 server": "1 台服务器",
    "{n} servers": "{n} 台服务器",
    "{n} unreachable": "{n} 台无法连接",
    "1 needs attention": "1 台需要关注",
    "{n} need attention": "{n} 台需要关注",
    "{n} running": "{n} 个执行中",
    "{n} silent": "{n} 个无心跳",
    "{n} quiet or terminating": "{n} 个静默或终止中",
    "{n} near the end": "{n} 个即将到期",
    "{n} more, by end of reservation": "另有 {n} 个，见按预留到期时间的列表",
    "Of {total} running jobs the {n} that end first are shown under their workers.": (
        "共 {total} 个执行中任务，最先到期的 {n} 个显示在其工作进程下。"
    ),
    "host not told": "未提供主机名",
    "fetched by a client that is no worker": "由非工作进程的客户端获取",
    "its worker is gone": "其工作进程已离开",
    "{n}/min": "{n}/分钟",
    "Growth": "增长",
    "Sort by name": "按名称排序",
    "Sort by size": "按数量排序",
    "Sort by growth": "按增长排序",
    "Sort by how long the next job has waited": "按下一个任务的等待时长排序",
    "{n} of {total} queues match.": "{total} 个队列中有 {n} 个匹配。",
    "Find queues by name": "按名称查找队列",
    "Find by name; * is anything": "按名称查找；* 代表任意内容",
    "No queue has such a name.": "没有这样名称的队列。",
    "Server load": "服务器负载",
    "Server": "服务器",
    "Up for": "已运行",
    "Connections": "连接数",
    "Commands per second": "每秒命令数",
    "Round trip": "响应时间",
    "Since the server was started": "自服务器启动以来",
    "How long the server took to answer the last look at it": "服务器响应最近一次读取所用的时间",
    "Recent failures": "最近的失败",
    "All failures": "所有失败",
    "Nothing, as far as this server tells.": "就此服务器提供的信息而言，没有。",
    "Nothing. No job waits, and no worker is connected.": (
        "无。没有任务在等待，也没有工作进程连接。"
    ),
    "What failed lately is not known.": "最近的失败情况未知。",
    "last seen": "最后所见",
    "Nothing has failed lately.": "最近没有失败。",
    "Processed per second": "每秒处理",
    "Failed per second": "每秒失败",
    "It stopped answering": "停止应答：",
    "The numbers are from {time}.": "数据截至 {time}。",
    "Nothing needs attention.": "没有需要关注的事项。",
    "Held by no connected worker": "没有已连接的工作进程持有",
    "Held by": "持有者",
    "Unless somebody reports them done, they run again when their reservation ends.": (
        "除非有人报告完成，否则预留到期后它们会重新执行。"
    ),
    "Running jobs, first to end first": "正在执行的任务，最先到期的在前",
    "Workers and what they run": "工作进程及其执行的任务",
    "Reservation ends": "预留到期",
    "pid {n}": "进程 {n}",
    "last heard": "最近心跳",
    "idle": "空闲",
    "{n} of its {total} workers": "{total} 个工作进程中的 {n} 个",
}
