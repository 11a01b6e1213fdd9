"""Operations, their previews and the trash in Simplified Chinese."""

from __future__ import annotations

OPERATIONS = {
    "1 job": "1 个任务",
    "{n} jobs": "{n} 个任务",
    "A change holds at once and is kept. It is the operation server.configure. Real Faktory has "
    "no such parameters.": (
        "更改立即生效并保留。对应的操作是 server.configure。真正的 Faktory 没有这些参数。"
    ),
    "Act": "操作",
    "All that match": "所有匹配的任务",
    "All of this set": "此集合的全部任务",
    "Audit record": "审计记录",
    "Back": "返回",
    "Begun": "开始于",
    "Cancel": "取消",
    "Change": "更改",
    "Choose all on this page": "选择本页全部",
    "Choose none": "取消选择",
    "Choose the row, all on the page": "选择该行、本页全部",
    "Choose {jid}": "选择 {jid}",
    "Clear the queue": "清空队列",
    "Clear this set": "清空此集合",
    "Code of your authenticator app": "身份验证器应用的验证码",
    "Delete": "删除",
    "Deleted by record": "由该记录删除",
    "Fill in what is to change; what stays empty stays as it is.": (
        "只填写要更改的值；留空的保持不变。"
    ),
    "It goes on when this page is closed, and when the console is started anew.": (
        "关闭此页或重启控制台后，操作会继续进行。"
    ),
    "It is a new job: it gets an id of its own.": "这是一个新任务：会得到自己的 id。",
    "It stops before its next step.": "将在下一步之前停止。",
    "Jobs": "任务",
    "Kept for {days} days, {most} jobs at most; the oldest go first.": (
        "保留 {days} 天，最多 {most} 个任务；最旧的先移除。"
    ),
    "Kept until": "保留至",
    "Kill": "终止",
    "Look again": "再看一次",
    "Look at it": "预览",
    "New value": "新值",
    "New value of {name}": "{name} 的新值",
    "Operator": "操作员",
    "Pause": "暂停",
    "Progress": "进度",
    "Push a new job to this queue": "向此队列推送新任务",
    "Push an edited copy": "推送修改后的副本",
    "Put back": "放回",
    "Quiet": "静默",
    "Quiet all": "全部静默",
    "Resume": "恢复",
    "Retry": "重试",
    "Run now": "立即运行",
    "Samples": "样本",
    "Set": "集合",
    "Some that had moved: {n}": "已移走的部分任务：{n}",
    "Stop it": "停止",
    "Terminate": "终止进程",
    "Terminate all": "终止全部进程",
    "The first of them: {n}": "其中最前面的：{n}",
    "The job as JSON": "任务的 JSON",
    "The trash has no room for {n} of these: they cannot come back. Go on all the same.": (
        "回收站容不下其中 {n} 个：它们无法恢复。仍然继续。"
    ),
    "The trash is empty. What is deleted by this console comes here first.": (
        "回收站是空的。由此控制台删除的任务会先放到这里。"
    ),
    "There is nothing to do: no job is meant by this any more.": "无事可做：已没有符合的任务。",
    "This is what was found a moment ago, and exactly this is done. What has moved meanwhile is "
    "left alone, and named afterwards. After ten minutes it must be looked at anew.": (
        "这是片刻之前查到的结果，执行的正是这些任务。其间已移走的不会被改动，"
        "并会在事后列出。十分钟后需要重新预览。"
    ),
    "Tick jobs to act on them.": "勾选任务即可操作。",
    "To the buttons": "转到按钮",
    "Trash": "回收站",
    "Use another second factor": "使用其他第二因素",
    "What is deleted goes to the trash and can be put back.": "删除的任务进入回收站，可以放回。",
    "What is deleted goes to the trash and can be put back: jobs that run now would wait "
    "again. Queues, pauses, counts and the log of finished jobs cannot come back.": (
        "删除的任务进入回收站，可以放回：正在运行的任务将重新等待。"
        "队列、暂停标记、计数和已完成任务的日志无法恢复。"
    ),
    "Flush everything": "清空整个服务器",
    "Every job of this server is deleted, waiting or running, and its queues, pauses, counts and "
    "log of finished jobs are forgotten. The jobs go to the trash first; the rest cannot come "
    "back. You are shown what is there before anything is done.": (
        "此服务器的所有任务（等待中或运行中）都会被删除，其队列、暂停标记、计数和已完成任务的日志"
        "都会被清除。任务会先进入回收站；其余内容无法恢复。执行之前会先向您显示现有内容。"
    ),
    "Jobs came or moved meanwhile: they stay, and with them the server's queues and counts.": (
        "其间有任务到达或移走：它们被保留，服务器的队列和计数也随之保留。"
    ),
    "It was called off before it was done.": "在执行之前已被取消。",
    "There is no such queue.": "没有这个队列。",
    "Somebody else changed it again since.": "此后有其他人又更改了它。",
    "What was deleted": "已删除的内容",
    "What was deleted, the newest first": "已删除的内容，最新的在前",
    "What was done here lately": "近期在此进行的操作",
    "What you may do": "您可以做什么",
    "Why not?": "为什么不行？",
    "Why? It is recorded.": "原因（会被记录）",
    "Why? It is recorded. You may leave it out.": "原因（会被记录，可不填）",
    "Without a jid it gets one.": "没有 jid 时会自动生成。",
    "You may change things here: each is looked at first, and recorded.": (
        "您可以在此进行更改：每次更改都会先预览，并被记录。"
    ),
    "You may not do this.": "您不能这样做。",
    "Flushing a server is switched off.": "清空整个服务器的功能已关闭。",
    "Show your second factor to see hidden values": "出示第二因素以查看隐藏的值",
    "Show hidden values": "显示隐藏的值",
    "Why must you see it? It is recorded.": "为何需要查看？（会被记录）",
    "Hidden values are shown on this page, this once, and it is recorded that you saw them:": (
        "此页仅此一次显示隐藏的值，您的查看已被记录："
    ),
    "Hidden values are shown to who says why.": "说明原因后才会显示隐藏的值。",
    "Your role may not reveal hidden values here.": "您的角色在此处不能显示隐藏的值。",
    "revealed hidden values": "查看了隐藏的值",
    "all of them": "全部",
    "by {name}": "由 {name}",
    "an operation ended": "操作结束",
    "ordered an operation": "下令执行操作",
    "was refused an operation": "操作被拒绝",
    "of {n} jobs": "/ 共 {n} 个任务",
    "on {server}": "于 {server}",
    "the earliest:": "最早：",
    "the latest:": "最晚：",
    "{n} chosen": "已选 {n} 个",
    "{n} chosen, {more} of them on other pages": "已选 {n} 个，其中 {more} 个在其他页",
    "{n} had moved and were left alone": "{n} 个已移走，未改动",
    "{n} put back": "已放回 {n} 个",
    "done in part: some jobs had moved": "部分完成：有些任务已移走",
    "nothing was changed": "没有任何更改",
    "stopped before its end": "中途停止",
    "it failed": "失败",
    "done": "完成",
    "under way": "进行中",
    "Nothing is chosen.": "没有选择任何任务。",
    "Tick the jobs that it is about, and try again.": "请勾选相关任务，再试一次。",
    "Say why, in a few words.": "请用几句话说明原因。",
    "None of these jobs is there any more.": "这些任务都已不在。",
    "Load the list anew and choose again.": "请重新加载列表并再次选择。",
    "Nothing of it is in the trash any more.": "回收站中已没有其内容。",
    "It was put back already, or kept too long.": "已被放回，或已过保留期。",
    "Ask for a preview anew.": "请重新预览。",
    "This preview is not known, or more than ten minutes old.": "预览不存在，或已超过十分钟。",
    "There is no such operation, or its preview is more than ten minutes old.": (
        "没有此操作，或其预览已超过十分钟。"
    ),
    "Ask for a preview anew, or look into the audit ledger.": "请重新预览，或查看审计账本。",
    "Look at the console's database and its disk; looking goes on.": (
        "请检查控制台的数据库和磁盘；查看功能不受影响。"
    ),
    "Your role does not see the trash here.": "您的角色在此处看不到回收站。",
    'It needs see = ["trash"] in a role, and one of its networks.': (
        '需要角色中包含 see = ["trash"]，并且来自该角色的网络。'
    ),
    "Stopped by": "停止者",
    "stopped an operation": "停止了一项操作",
    "This operation is done at once: it cannot be stopped.": "此操作一步完成，无法停止。",
    "Wait for its outcome.": "请等待其结果。",
    "The list of its jobs is gone from the console's database.": (
        "控制台数据库中已没有其任务列表。"
    ),
    "The list of its jobs is gone from the console's database. "
    "The server did more than is counted here.": (
        "控制台数据库中已没有其任务列表。服务器实际执行的多于此处所计。"
    ),
    "A fault of the console ended it: see its log.": "控制台出错使其结束：请查看日志。",
    "A fault of the console ended it: see its log. The server did more than is counted here.": (
        "控制台出错使其结束：请查看日志。服务器实际执行的多于此处所计。"
    ),
}
