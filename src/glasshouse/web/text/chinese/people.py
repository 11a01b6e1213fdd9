"""Chinese for signing in, second factors, and what somebody may do."""

from __future__ import annotations

from collections.abc import Mapping

PEOPLE: Mapping[str, str] = {
    "Sign in": "登录",
    "Sign in to Glasshouse": "登录 Glasshouse",
    "Sign in with the identity provider": "通过身份提供方登录",
    "or": "或",
    "Name": "名称",
    "Password": "密码",
    "Signing in shows what your role may see and do.": "登录后显示您的角色可以查看和执行的内容。",
    "Your account, and what you may do": "您的账户，以及您可以做什么",
    "Second factor": "第二因素",
    "Show your second factor": "请出示第二因素",
    "You have no second factor yet. Set one up, and the console asks for it when it is needed.": (
        "您还没有第二因素。设置一个，控制台会在需要时要求出示。"
    ),
    "Set up a second factor": "设置第二因素",
    "Use a passkey": "使用通行密钥",
    "Code of your authenticator app, or a recovery code": "身份验证器应用的验证码，或恢复码",
    "Recovery code": "恢复码",
    "Go on": "继续",
    "Recovery codes left: {n}. Each is good once.": "剩余恢复码：{n} 个。每个只能使用一次。",
    "Not now": "暂不",
    "You can look at everything that your role shows; what needs a second factor asks for it.": (
        "您可以查看角色允许的全部内容；需要第二因素时会再次要求。"
    ),
    "The browser showed no passkey; try again, or use another second factor.": (
        "浏览器没有出示通行密钥；请重试，或使用其他第二因素。"
    ),
    "Account": "账户",
    "Your new token": "您的新令牌",
    (
        "Keep it where your script finds it: it is not shown again. "
        "Send it as Authorization: Bearer."
    ): "请保存在脚本能找到的地方：它不会再次显示。以 Authorization: Bearer 发送。",
    "Your recovery codes": "您的恢复码",
    (
        "Keep them apart from your phone: each stands in for it once. They are not shown again."
    ): "请与手机分开保存：每个恢复码可代替手机一次。它们不会再次显示。",
    "I have kept them": "我已保存",
    "Set up an authenticator app": "设置身份验证器应用",
    "Set up another authenticator app": "设置另一个身份验证器应用",
    "QR code of the secret below": "下方密钥的二维码",
    "Scan this with your authenticator app, or enter the secret there:": (
        "用身份验证器应用扫描，或在其中输入密钥："
    ),
    "The code that it shows now": "应用现在显示的验证码",
    "Set up": "设置",
    "Who you are": "您的身份",
    "Sign out": "退出登录",
    "Roles": "角色",
    "none": "无",
    "You come from": "来源地址",
    "shown": "已出示",
    "not shown in this session": "本次会话尚未出示",
    "none set up": "尚未设置",
    "Show it now": "现在出示",
    "What you may do on {server}": "您在 {server} 上可以做什么",
    "You see {what}.": "您可以看到：{what}。",
    "Operations, whether you may do them, and why not": "各项操作、您是否可以执行以及原因",
    "Operation": "操作",
    "You": "您",
    "Why": "原因",
    "Second factors": "第二因素",
    "To change them,": "要更改，",
    "show one first": "请先出示一个",
    "Authenticator app": "身份验证器应用",
    "set up": "设置于",
    "Remove": "移除",
    "passkey, made": "通行密钥，创建于",
    "used": "使用于",
    "Recovery codes": "恢复码",
    "{n} left": "剩余 {n} 个",
    "Make new ones": "生成新的",
    "None yet. With one, the console lets you do what your role may do.": (
        "尚无。设置后，控制台允许您执行角色可以执行的操作。"
    ),
    "Your password again": "再次输入密码",
    "Add a passkey": "添加通行密钥",
    (
        "Browsers keep passkeys for names only: open the console by its name, "
        "for example http://localhost."
    ): "浏览器只为域名保存通行密钥：请用名称打开控制台，例如 http://localhost。",
    "Password now": "当前密码",
    "New password": "新密码",
    "New password again": "再次输入新密码",
    "Change it": "更改",
    "Tokens for scripts": "脚本令牌",
    "expires": "到期：",
    "never used": "从未使用",
    "None. A token lets a script look, and do what you name here, as you.": (
        "无。令牌让脚本以您的身份查看，并执行您在此指定的操作。"
    ),
    "What it is for": "用途",
    "nightly report": "每晚报告",
    "Operations; empty: looking only": "操作；留空则只能查看",
    "Days": "天数",
    "Make a token": "创建令牌",
    "looking only": "只能查看",
    "Where you are signed in": "您在何处登录",
    "Sign out everywhere": "在所有地方退出",
    "this one": "当前",
    "End it": "结束",
    "No browser is signed in: you come by a header or a token.": (
        "没有浏览器登录：您通过请求头或令牌访问。"
    ),
    "an account of this console": "此控制台的账户",
    "the password file": "密码文件",
    "the identity provider": "身份提供方",
    "the proxy in front": "前置代理",
    "every queue": "所有队列",
    "the queues {names}": "队列 {names}",
    "the audit ledger": "审计日志",
    "the trash": "回收站",
    "hidden values, with a reason": "隐藏的值（需说明理由）",
    "not the values of {n} hidden paths": "但看不到 {n} 条路径下的隐藏值",
    "allowed": "允许",
    "not allowed": "不允许",
    "needs a second factor": "需要第二因素",
    "needs a second person": "需要第二人",
    "pause a queue": "暂停队列",
    "resume a queue": "恢复队列",
    "delete jobs of a queue": "删除队列中的任务",
    "clear a queue": "清空队列",
    "retry jobs": "重试任务",
    "kill jobs": "终止任务",
    "delete jobs": "删除任务",
    "clear a set": "清空集合",
    "push a job": "推送任务",
    "quiet workers": "静默工作进程",
    "terminate workers": "终止工作进程",
    "put back from the trash": "从回收站放回",
    "change parameters": "更改参数",
    "flush everything": "清除全部数据",
    "Role {role} may do this.": "角色 {role} 可以执行。",
    "This console only shows: nothing can be changed with it.": (
        "此控制台只供查看，不能更改任何内容。"
    ),
    "No role was given to you.": "您没有被授予任何角色。",
    "Role {role} forbids it.": "角色 {role} 禁止此操作。",
    "Somebody else has to approve it.": "必须由他人批准。",
    "Not for role {role}.": "角色 {role} 不可执行。",
    "Role {role} does not count on this server.": "角色 {role} 在此服务器上无效。",
    "Role {role} does not cover this queue.": "角色 {role} 不包括此队列。",
    "Role {role} does not cover every queue.": "角色 {role} 不包括所有队列。",
    "Needs one of the networks {networks}.": "需要来自网络 {networks} 之一。",
    "Needs a second factor from the last {age}.": "需要在最近 {age} 内出示的第二因素。",
    "Needs a second person who approves it.": "需要第二人批准。",
    "You are not signed in.": "您尚未登录。",
    "This token was not made for it.": "此令牌不是为此创建的。",
    "The name or the password is wrong.": "名称或密码错误。",
    "Check the name and the password, and try again.": "请检查名称和密码后重试。",
    "Too many attempts.": "尝试次数过多。",
    "The code is wrong, or was used before.": "验证码错误，或已被使用过。",
    "Wait for the next code and send that.": "请等待下一个验证码再提交。",
    "Show your second factor first.": "请先出示第二因素。",
    "Do so at /step-up, and come back within ten minutes.": (
        "请在 /step-up 出示，并在十分钟内返回。"
    ),
    "The code does not fit: try the next one.": "验证码不符：请尝试下一个。",
    "The password was changed; your other sessions have ended.": "密码已更改；您的其他会话已结束。",
    "The authenticator app was set up.": "身份验证器应用已设置。",
    "The authenticator app was removed.": "身份验证器应用已移除。",
    "The passkey was removed.": "通行密钥已移除。",
    "These are new recovery codes; those before are good no more.": (
        "这是新的恢复码；以前的已失效。"
    ),
    "The token was made. It is shown this once.": "令牌已创建，仅显示这一次。",
    "The token was removed.": "令牌已移除。",
    "The session has ended.": "会话已结束。",
    "The two new passwords differ.": "两次输入的新密码不同。",
    "Enter it twice.": "请输入两次。",
    "This was begun too long ago.": "开始的时间太久了。",
    "Begin again.": "请重新开始。",
    "A token needs a name, and is good for 1 to 366 days.": "令牌需要名称，有效期为 1 至 366 天。",
    "Say what it is for, and for how long.": "请说明用途和有效期。",
    "Nobody can sign in here: this console only shows.": "此处无法登录：此控制台只供查看。",
    "Serve it with a settings file: glasshouse serve -c glasshouse.toml.": (
        "请用设置文件启动：glasshouse serve -c glasshouse.toml。"
    ),
    "This was sent by a page of another site.": "此请求由其他网站的页面发送。",
    "Nothing is shown here without signing in.": "未登录时此处不显示任何内容。",
    "The identity provider cannot be reached.": "无法连接身份提供方。",
    "Try again in a moment.": "请稍后重试。",
    "The identity provider did not let you in.": "身份提供方拒绝了您的登录。",
    "Sign in there as another.": "请在那里以其他身份登录。",
    "The identity provider refused this sign-in: it was used before, or took too long.": (
        "身份提供方拒绝了此次登录：已被使用过，或耗时太久。"
    ),
    "Begin again at the sign-in page.": "请从登录页重新开始。",
    "This sign-in was not begun in this browser, or took too long.": (
        "此次登录不是在此浏览器中开始的，或耗时太久。"
    ),
    "The identity provider's answer is too old.": "身份提供方的答复已过期。",
    "Check the clocks of both machines, and sign in again.": "请检查两台机器的时钟后重新登录。",
    "The identity provider's answer was not right, and was not believed.": (
        "身份提供方的答复不正确，未被采信。"
    ),
    "Sign in again; if it goes on, tell who runs this console.": (
        "请重新登录；若仍然如此，请告知控制台的管理者。"
    ),
}
