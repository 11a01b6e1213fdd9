"""What went wrong, and what to do, in Simplified Chinese: sentences that errors are made with.

A name in braces stands for what the error put there; see ``i18n.t``.
"""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    # Addresses, parameters, bodies.
    "There is no such page.": "没有这个页面。",
    "Start at the overview.": "请从概览开始。",
    "{method} is not possible: this console only shows.": "不能使用 {method}：此控制台只供查看。",
    "Use one of {names}.": "请使用其中之一：{names}。",
    "Use one of {names}, or the beginning of some and *.": (
        "请使用其中之一：{names}，或其中一些的开头加 *。"
    ),
    "This address only takes what is sent to it.": "此地址只接收发送给它的内容。",
    "Use POST.": "请使用 POST。",
    "This console does not answer under that name.": "此控制台不以该名称应答。",
    "Open it by its address or under a name of its machine, or add the name: as hosts under "
    "[console], or in GLASSHOUSE_HOSTS.": (
        "请用其地址或所在机器的名称打开，或添加该名称：写在 [console] 的 hosts 中，"
        "或 GLASSHOUSE_HOSTS 中。"
    ),
    "Faktory's Web UI is slow, and asked for other pages.": (
        "Faktory 的 Web UI 很慢，正在读取其他页面。"
    ),
    "The job server was asked and has not answered yet.": (
        "已向任务服务器发出请求，但尚未得到答复。"
    ),
    "Name its Redis too: --redis unix:///var/lib/faktory/db/redis.sock.": (
        "请一并指明其 Redis：--redis unix:///var/lib/faktory/db/redis.sock。"
    ),
    "Close some pages, or try again in a moment.": "请关闭一些页面，或稍后再试。",
    "Too many live pages are open.": "打开的实时页面过多。",
    "Something went wrong here (request {id}).": "此处出了问题（请求 {id}）。",
    "Look for this id in the log of the console.": "请在控制台日志中查找此编号。",
    "The address is not valid UTF-8.": "地址不是有效的 UTF-8。",
    "The query is not valid UTF-8.": "查询参数不是有效的 UTF-8。",
    "Check the address for a copying mistake.": "请检查地址是否复制有误。",
    "The parameter {name} came twice.": "参数 {name} 出现了两次。",
    "Give it once.": "请只给出一次。",
    "The parameter {name} is too long.": "参数 {name} 过长。",
    "Leave it out.": "请去掉它。",
    "Search for less.": "请缩短搜索内容。",
    "The parameter {name} is not a whole number from 1 to {limit}.": (
        "参数 {name} 不是 1 到 {limit} 之间的整数。"
    ),
    "Give {name} a number from 1 to {limit}.": "请为 {name} 给出 1 到 {limit} 之间的数。",
    "The parameter {name} cannot be understood.": "无法理解参数 {name}。",
    "Give {name} a time like 2026-11-26T10:30:00Z.": (
        "请为 {name} 给出时间，例如 2026-11-26T10:30:00Z。"
    ),
    "The parameter {name} is a time that nothing was recorded at.": (
        "参数 {name} 是一个没有任何记录的时间。"
    ),
    "Give one between 1970 and 9999.": "请给出 1970 年到 9999 年之间的时间。",
    "The parameter {name} is no event of the ledger.": "参数 {name} 不是账本中的事件。",
    "The parameter {name} is no outcome of a job.": "参数 {name} 不是任务的结果。",
    "Follow the links of the list; they name places.": "请使用列表中的链接；它们指明位置。",
    "Follow the links of the table.": "请使用表格中的链接。",
    "Follow the links of the job's page.": "请使用任务页面中的链接。",
    "Follow the links of the search; they name places.": "请使用搜索结果中的链接；它们指明位置。",
    "The parameter 'from' names no place of a search.": "参数 'from' 没有指明搜索中的位置。",
    "Leave it out, or say order=reverse.": "请去掉它，或写 order=reverse。",
    "Use format=csv or format=jsonl.": "请使用 format=csv 或 format=jsonl。",
    "Use 30, 90 or 180.": "请使用 30、90 或 180。",
    "Pages go from 1 to {n}.": "页码从 1 到 {n}。",
    "{text} is not a time.": "{text} 不是时间。",
    "Write a time as 2026-11-26, 2026-11-26 10:30, 10:30, 2h (ago) or +2h.": (
        "请按此格式书写时间：2026-11-26、2026-11-26 10:30、10:30、2h（之前）或 +2h。"
    ),
    "This time is in no year from 1 to 9999.": "该时间不在公元 1 年至 9999 年之间。",
    "Write a time that is nearer.": "请写一个更近的时间。",
    "This time is still to come: nothing can have ended by then.": (
        "该时间尚未到来：不可能有已结束的执行。"
    ),
    "This time is still to come: nothing can have been enqueued then.": (
        "该时间尚未到来：不可能有已入队的任务。"
    ),
    "Write a time that has passed, or a page.": "请写一个已过去的时间，或页码。",
    "More than {n} search words.": "搜索词超过 {n} 个。",
    "Look for less at once.": "请减少一次搜索的内容。",
    "A path of more than {n} steps.": "路径超过 {n} 层。",
    "Use ** for any number of steps.": "请用 ** 表示任意层数。",
    "{words} is hidden from your role, so it cannot be searched.": (
        "{words} 对您的角色隐藏，因此不能搜索。"
    ),
    "Search for something else, or ask somebody who may see it.": (
        "请搜索别的内容，或请有权查看的人代为搜索。"
    ),
    "Nothing is looked for.": "没有指定搜索内容。",
    "Say what in q, for example q=type:SendEmail.": "请在 q 中写明，例如 q=type:SendEmail。",
    "Queues cannot be sorted by {sort}.": "队列不能按 {sort} 排序。",
    "Running jobs cannot be sorted by {sort}.": "运行中的任务不能按 {sort} 排序。",
    "Use sort={name}.": "请使用 sort={name}。",
    "The request is too long.": "请求过长。",
    "Send less.": "请发送更少的内容。",
    "The body of the request did not come in time.": "请求正文未及时到达。",
    "Send it again, over a faster connection.": "请通过更快的连接重新发送。",
    "The body must be {wanted}.": "请求正文必须是 {wanted}。",
    "Set the Content-Type.": "请设置 Content-Type。",
    "The field {name} came twice.": "字段 {name} 出现了两次。",
    "The body is no JSON object.": "请求正文不是 JSON 对象。",
    "Send one.": "请发送一个 JSON 对象。",
    "There is no such file.": "没有这个文件。",
    "Reload the page.": "请重新加载页面。",
    "There is no such language.": "没有这种语言。",
    "A stream takes 1 to {n} topics.": "一个数据流可以有 1 到 {n} 个主题。",
    "Name each open page once: ?topic=/main/queues": (
        "请为每个打开的页面指定一次：?topic=/main/queues"
    ),
    "A topic must be the address of a page of this server.": "主题必须是此服务器某个页面的地址。",
    "Subscribe to the path and query of the open page.": "请订阅所打开页面的路径和查询参数。",
    "This page belongs to a server.": "此页面属于某个服务器。",
    "Choose a server.": "请选择服务器。",
    "Mend the proxy in front of the console.": "请修正控制台前面的代理。",
    "Open the console itself and try again there; behind a proxy, set public_url.": (
        "请打开控制台本身再试；在代理之后请设置 public_url。"
    ),
    "This browser does not say which page sent this.": "此浏览器没有说明是哪个页面发送的。",
    "Use a current browser, or a token instead of a session.": (
        "请使用较新的浏览器，或用令牌代替会话。"
    ),
    # Servers, queues and jobs.
    "There is no server named {name}.": "没有名为 {name} 的服务器。",
    "Choose one of the listed servers.": "请选择所列服务器之一。",
    "There is no queue named {name}.": "没有名为 {name} 的队列。",
    "It may have been removed; see the list of queues.": "它可能已被移除；请查看队列列表。",
    "There is no set named {name}.": "没有名为 {name} 的集合。",
    "There is no job {jid} on this server now.": "此服务器上现在没有任务 {jid}。",
    "There is no job {jid} on this server now, and its log knows none.": (
        "此服务器上现在没有任务 {jid}，日志中也没有。"
    ),
    "There is no job {jid} with this content on this server now.": (
        "此服务器上现在没有内容相同的任务 {jid}。"
    ),
    "It may have run; look at the queues and sets.": "它可能已经运行；请查看队列和集合。",
    "It ran, moved on or was deleted; load its page anew.": (
        "它已运行、已移动或已删除；请重新加载其页面。"
    ),
    "The job {jid} is not among those that were looked at.": "任务 {jid} 不在查看过的任务之中。",
    "Open it from a list: a real Faktory cannot be asked for an id.": (
        "请从列表中打开：真正的 Faktory 不能按编号查询。"
    ),
    "Many different pages are being watched; this one is read when its turn comes.": (
        "正在查看许多不同的页面；轮到此页时会读取。"
    ),
    "The console asks this server as often as it may.": "控制台对此服务器的查询已达上限。",
    "This server cannot be searched as a whole.": "此服务器不能整体搜索。",
    "Search in one of its lists, or name its Web UI: --web http://HOST:7420.": (
        "请在其某个列表中搜索，或指定其 Web 界面：--web http://HOST:7420。"
    ),
    "This server's Web UI is not known, so its jobs cannot be listed.": (
        "不知道此服务器的 Web 界面，因此无法列出其任务。"
    ),
    "Name its address too: --web http://HOST:7420.": "请同时指定其地址：--web http://HOST:7420。",
    "It is not on the job server any more.": "它已不在任务服务器上。",
    # A server that cannot be read.
    "The job server was not read yet.": "尚未读取任务服务器。",
    "Try again in a second.": "请一秒后再试。",
    "The embedded server is not running.": "内嵌服务器没有运行。",
    "Start it with `glasshouse engine --data` on the same folder.": (
        "请对同一文件夹运行 `glasshouse engine --data` 来启动它。"
    ),
    "The embedded server has not moved for {n} seconds.": "内嵌服务器已有 {n} 秒没有动静。",
    "Look at its process and its disk.": "请检查其进程和磁盘。",
    "The reader has been closed.": "读取器已关闭。",
    "The embedded server's database cannot be read: {error}.": (
        "无法读取内嵌服务器的数据库：{error}。"
    ),
    "The embedded server's data could not be read ({error}).": (
        "无法读取内嵌服务器的数据（{error}）。"
    ),
    "The job server wants a password.": "任务服务器要求密码。",
    "The job server does not take the password.": "任务服务器不接受该密码。",
    "Check the password in the server's address.": "请检查服务器地址中的密码。",
    "The job server at {address} {why}.": "位于 {address} 的任务服务器{why}。",
    "Faktory's Web UI at {address} {why}.": "位于 {address} 的 Faktory Web 界面{why}。",
    "Faktory's Redis at {address} {why}.": "位于 {address} 的 Faktory Redis {why}。",
    "Faktory's Web UI does not take the password.": "Faktory 的 Web 界面不接受该密码。",
    "What answers there does not greet as Faktory does.": "那里应答的程序不像 Faktory 那样问候。",
    "The server answers more than it was asked.": "服务器的应答多于所问。",
    "Check its address; without --redis the console reads the Web UI instead.": (
        "请检查其地址；不指定 --redis 时，控制台改为读取 Web 界面。"
    ),
    "The index cannot be kept: {error}.": "无法保存索引：{error}。",
    "Make room where SQLite keeps temporary files, /var/tmp or SQLITE_TMPDIR.": (
        "请在 SQLite 存放临时文件之处腾出空间：/var/tmp 或 SQLITE_TMPDIR。"
    ),
    "What the server told could not be taken in ({error}).": "无法理解服务器的应答（{error}）。",
    "closed the connection": "关闭了连接",
    "cannot be reached": "无法连接",
    "cannot be reached: {reason}": "无法连接：{reason}",
    "does not let this user read": "不允许此用户读取",
    "Give its user what looking needs: ACL SETUSER NAME on >PASSWORD ~* +@read": (
        "请给其用户查看所需的权限：ACL SETUSER NAME on >PASSWORD ~* +@read"
    ),
    "is loading its data": "正在加载数据",
    "Wait until it has.": "请等待加载完成。",
    "does not hold what Faktory writes": "其中不是 Faktory 写入的内容",
    "Check that it is the Redis of this Faktory, and its database 0.": (
        "请确认它是此 Faktory 的 Redis，并且是数据库 0。"
    ),
    "did not answer in time": "未及时应答",
    "did not answer within {n} s": "在 {n} 秒内没有应答",
    "refuses connections: nothing listens there": "拒绝连接：那里没有程序在监听",
    "has a certificate that is not trusted": "的证书不受信任",
    "does not speak TLS as it should": "的 TLS 不合规范",
    "ended a page in the middle": "在页面中途结束",
    "closed the connection, or does not speak HTTP": "关闭了连接，或不使用 HTTP",
    "does not answer as Faktory does": "的应答不像 Faktory",
    "answers {command} with what Faktory does not tell": "对 {command} 的应答不是 Faktory 的内容",
    # Acting.
    "This preview was used for something else.": "此预览已用于别的操作。",
    "This preview is of something else.": "此预览是关于别的内容的。",
    "Your role must give a reason for {operation}.": "您的角色必须为 {operation} 给出原因。",
    "The trash keeps {most} jobs: {lost} of these cannot come back.": (
        "回收站保留 {most} 个任务：其中 {lost} 个无法找回。"
    ),
    'Choose fewer, or agree to that: "lossy": true.': '请少选一些，或同意如此："lossy": true。',
    "There is no such operation.": "没有这个操作。",
    "Look into the ledger.": "请查看账本。",
    "The server {name} cannot be operated from here.": "不能从此处操作服务器 {name}。",
    "Operations work on the embedded server.": "操作只适用于内嵌服务器。",
    "Choose one of the queues.": "请选择一个队列。",
    "{operation} needs a preview here.": "{operation} 在此处需要先预览。",
    "These are {n} jobs: more than {most} need a preview.": (
        "共有 {n} 个任务：超过 {most} 个需要先预览。"
    ),
    "Ask for a preview first, and send its id with the operation.": (
        "请先请求预览，并随操作发送其编号。"
    ),
    "Record {record} deleted nothing here.": "记录 {record} 没有在此删除任何内容。",
    "See the trash of this server.": "请查看此服务器的回收站。",
    "Show your second factor at /step-up, or send the current code as Glasshouse-OTP.": (
        "请在 /step-up 出示第二因素，或在 Glasshouse-OTP 中发送当前验证码。"
    ),
    "Requests to a second person cannot be filed yet: a role without this rule may do it.": (
        "目前还不能向第二人提出请求：没有此规则的角色可以执行。"
    ),
    "It cannot be recorded, so nothing was done. {detail}": "无法记录，因此没有执行。{detail}",
    "{operation} names {name}.": "{operation} 需指明 {name}。",
    "{operation} names one of {names}.": "{operation} 需指明其中之一：{names}。",
    "{operation} does not name {names}.": "{operation} 不能指明 {names}。",
    "See what each operation names in docs/operations.md.": (
        "各操作需指明的内容见 docs/operations.md。"
    ),
    "{name} is no set.": "{name} 不是集合。",
    "The sets are {names}.": "集合有：{names}。",
    "Jobs of the dead set are dead already.": "死亡集合中的任务已经死亡。",
    "Delete them.": "请删除它们。",
    "An operation names from 1 to {n} jobs.": "一次操作可指定 1 到 {n} 个任务。",
    "Use search words for more.": "更多任务请使用搜索词。",
    "No record of the ledger has this number.": "账本中没有此编号的记录。",
    "Look for it in the audit ledger.": "请在审计账本中查找。",
    "No parameter is named.": "没有指明参数。",
    "Name one with its new value.": "请指明参数及其新值。",
    "A reason has at most {n} characters.": "原因最多 {n} 个字符。",
    "Give a reason of at most {n} characters.": "请给出不超过 {n} 个字符的原因。",
    "Say it shorter.": "请写得短一些。",
    "A name is too long.": "名称过长。",
    "Check what was sent.": "请检查所发送的内容。",
    "The parameter {name} must be {kind}, not {value}.": (
        "参数 {name} 必须是 {kind}，不能是 {value}。"
    ),
    "The parameter {name} must lie between {least} and {most}, not {value}.": (
        "参数 {name} 必须在 {least} 与 {most} 之间，不能是 {value}。"
    ),
    "There is no parameter {name}.": "没有参数 {name}。",
    "There are: {names}.": "现有：{names}。",
    "This asks for nothing.": "没有要求任何内容。",
    'Send {"stop": true}.': '请发送 {"stop": true}。',
    "{text} is no number.": "{text} 不是数。",
    "Write a number.": "请写一个数。",
    "This is no operation: {error}.": "这不是操作：{error}。",
    "The operations are {names}.": "操作有：{names}。",
    "{name} is no operation.": "{name} 不是操作。",
    "The form has an odd field {name}.": "表单中有异常字段 {name}。",
    "Load it anew.": "请重新加载。",
    "It does not run any more, or stops already.": "它已不再运行，或正在停止。",
    "Another console carries it out, or it has ended.": "由另一个控制台执行，或已结束。",
}
