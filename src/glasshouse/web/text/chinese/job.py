"""Chinese for the page of one job."""

from __future__ import annotations

from collections.abc import Mapping

JOB: Mapping[str, str] = {
    "This job cannot be shown here; the console's log says why. It can be deleted.": (
        "此任务无法在这里显示；控制台日志说明了原因。可以删除它。"
    ),
    (
        "Faktory's lists do not give the stored job: what is not here is not known."
        " Behind ≈ it may have rounded numbers."
    ): "Faktory 的列表不提供任务的存储原文：此处没有的内容即为未知。≈ 之后的数字可能已被它取整。",
    "Stuck: its queue {queue} is paused.": "卡住：其队列 {queue} 已暂停。",
    "Stuck: no worker is connected.": "卡住：没有工作进程连接。",
    "Stuck: every worker is quiet or ends; none takes new jobs.": (
        "卡住：所有工作进程均已静默或正在终止，没有进程接收新任务。"
    ),
    "What stands as ••• is hidden from your role.": "显示为 ••• 的内容对您的角色隐藏。",
    "It waits for its turn.": "正在排队等待。",
    "Late: it has waited {time} for its turn.": "延迟：已排队等待 {time}。",
    "It waits for its turn, {time} so far.": "正在排队等待，目前已 {time}。",
    "It is due in {time}.": "{time}后到期。",
    "Late: it was due {time} ago.": "延迟：{time}前就已到期。",
    "It failed and will be tried again in {time}.": "执行失败，{time}后重试。",
    "Late: it failed, and its next attempt was due {time} ago.": (
        "延迟：执行失败，且下一次尝试在 {time}前就已到期。"
    ),
    "That will be retry {n} of {limit}.": "那将是第 {n} 次重试，共 {limit} 次。",
    "When it is due is not known.": "到期时间未知。",
    "It is due: it goes into its queue now.": "已到期：现在进入队列。",
    "The server should have put it into its queue by itself.": "服务器本应自动将其放入队列。",
    "Its worker took longer than it had reserved.": "其工作进程用时超过了预留时间。",
    "It runs now.": "正在执行。",
    "Slow: it has run for {time}.": "缓慢：已执行 {time}。",
    "It runs now, {time} so far.": "正在执行，目前已 {time}。",
    "Probably lost: its worker is not connected any more.": "可能已丢失：其工作进程已断开连接。",
    "Probably lost: its worker has not been heard for {time}.": (
        "可能已丢失：其工作进程已有 {time} 没有心跳。"
    ),
    "It was given up and will not run again.": "已被放弃，不会再执行。",
    "It was given up after {n} retries and will not run again.": (
        "重试 {n} 次后被放弃，不会再执行。"
    ),
    "It is forgotten in {time}.": "{time}后被遗忘。",
    "It has waited {time}.": "已等待 {time}。",
    "Jobs of this type usually wait {median}, 95 of 100 at most {p95}.": (
        "此类型的任务通常等待 {median}，95 % 不超过 {p95}。"
    ),
    "Jobs of this type usually run {median}, 95 of 100 at most {p95}.": (
        "此类型的任务通常执行 {median}，95 % 不超过 {p95}。"
    ),
    "Its reservation ends in {time}.": "其预留在 {time}后到期。",
    "The server takes it back now and counts a failure.": "服务器现在收回它并计为一次失败。",
    "The server takes it back when its reservation ends, in {time}.": (
        "预留在 {time}后到期时，服务器会收回它。"
    ),
    "Same type": "相同类型",
    "Same error type": "相同错误类型",
    "Same error message": "相同错误消息",
    "Attempt ended": "一次尝试结束",
    "ran {time}": "执行 {time}",
    "This is the beginning of {size}.": "这是 {size} 内容的开头。",
    "Show the whole": "显示全部内容",
    "Download": "下载",
    "Only the beginning of the message is shown; the stored job below has all of it.": (
        "仅显示消息的开头；下方存储的任务中有全部内容。"
    ),
    "Only the beginning of the backtrace is shown; the stored job below has all of it.": (
        "仅显示调用栈的开头；下方存储的任务中有全部内容。"
    ),
    "lines: {n}": "行数：{n}",
    "More fields": "更多字段",
    "{n} more fields are in the stored job below.": "另有 {n} 个字段在下方存储的任务中。",
    "Everything as it is stored": "存储的全部原文",
    "… {n} keys": "… {n} 个键",
    "… {n} items": "… {n} 项",
    "Search in this text": "在此文本中搜索",
    "Previous hit": "上一处",
    "Next hit": "下一处",
    "No hit": "没有匹配",
    "Fold all": "全部折叠",
    "Unfold all": "全部展开",
    "Copy all": "复制全部",
    "Copy the path": "复制路径",
    "Loading…": "正在加载…",
    "The server does not hold this any more.": "服务器上已没有此内容。",
    "It could not be loaded; try again.": "无法加载；请重试。",
}
