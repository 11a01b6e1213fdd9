"""Why somebody was not let in, or may not, in Simplified Chinese; see ``messages``."""

from __future__ import annotations

from collections.abc import Mapping

REFUSALS: Mapping[str, str] = {
    "Ask somebody who may, or sign in as one who may.": "请让有权的人执行，或以有权的人登录。",
    "You are signed in as {name}, and no role was given to you.": (
        "您以 {name} 登录，但没有获得任何角色。"
    ),
    "Ask who runs this console to make you a member.": "请让此控制台的管理者将您加为成员。",
    'It needs see = ["payload"] in a role, and one of its networks.': (
        '需要角色中包含 see = ["payload"]，并且来自该角色的网络。'
    ),
    "This console does not keep your password.": "此控制台不保存您的密码。",
    "Change it where it is kept.": "请在保存它的地方更改。",
    "The form asks for nothing known.": "表单的要求无法识别。",
    "Load the page anew.": "请重新加载页面。",
    "There is no identity provider to sign in at.": "没有可供登录的身份提供方。",
    "Sign in at /sign-in.": "请在 /sign-in 登录。",
    "The code does not fit: the second factor was not set up.": "验证码不符：第二因素没有设置。",
    "Check the clock of your phone, and enter the code that it shows now.": (
        "请检查手机的时钟，并输入它现在显示的验证码。"
    ),
    "Who you are cannot be looked up now.": "现在无法查询您是谁。",
    "Look at the console's database; without a name you see what strangers see.": (
        "请检查控制台的数据库；没有名称时，您看到的与陌生人相同。"
    ),
    "A header that only the proxy may send came from elsewhere.": (
        "只有代理可以发送的请求头来自别处。"
    ),
    "Leave it out, or come through the proxy.": "请去掉它，或经由代理访问。",
    "This kind of Authorization is not taken.": "不接受这种 Authorization。",
    "Use Bearer or Basic.": "请使用 Bearer 或 Basic。",
    "Who this was made for is not known any more.": "它所属的人已不再为系统所知。",
    "A header that vouches for somebody is misspelt.": "为人担保的请求头拼写有误。",
    "A header that vouches for somebody came twice.": "为人担保的请求头出现了两次。",
    "The proxy names groups of nobody.": "代理给出了组，但没有给出人。",
    "The proxy's header holds no name.": "代理的请求头中没有名称。",
    "The passkey is not known here.": "此处不认识该通行密钥。",
    "The passkey was not accepted.": "通行密钥未被接受。",
    "This passkey is known already.": "该通行密钥已经登记。",
    "Use another one.": "请使用另一个。",
    "Use it, or another one.": "请使用它，或另一个。",
    "Try again, or use another second factor.": "请再试一次，或使用其他第二因素。",
    "This was answered before, or too late.": "已经回答过，或为时已晚。",
    "Browsers keep passkeys for names only, not for addresses.": (
        "浏览器只为名称保存通行密钥，不为地址保存。"
    ),
    "Open the console by its name, for example http://localhost, or set public_url.": (
        "请用名称打开控制台，例如 http://localhost，或设置 public_url。"
    ),
    "The browser's answer is missing.": "缺少浏览器的回答。",
    "There are too many passkeys.": "通行密钥过多。",
    "Remove one first.": "请先移除一个。",
    "Sign in, or send a token.": "请登录，或发送令牌。",
    "Send the current code as Glasshouse-OTP, or sign in with a second factor.": (
        "请在 Glasshouse-OTP 中发送当前验证码，或用第二因素登录。"
    ),
    "There is no code.": "没有验证码。",
    'Send {"code": "123456"}, or the header Glasshouse-OTP.': (
        '请发送 {"code": "123456"}，或请求头 Glasshouse-OTP。'
    ),
    "Your session has ended.": "您的会话已结束。",
    "The token is wrong, or has expired.": "令牌有误，或已过期。",
    "Make another one at /account.": "请在 /account 另建一个。",
    "A token needs a name, and is good for 1 to {n} days.": "令牌需要名称，有效期为 1 到 {n} 天。",
    "There are too many tokens.": "令牌过多。",
    "A password has {least} characters at least, and {most} bytes at most.": (
        "密码至少 {least} 个字符，最多 {most} 个字节。"
    ),
    "Choose another one; several words in a row are good.": "请另选一个；连续几个单词就很好。",
    "The console's database cannot be used: {error}.": "无法使用控制台的数据库：{error}。",
    "Check its address and that this user may write there; a newer Glasshouse may have written "
    "it.": "请检查其地址以及此用户能否写入；它也可能由更新的 Glasshouse 写成。",
    "The console's database failed: {error}.": "控制台的数据库出错：{error}。",
    "Check its disk or its server; nothing was changed.": "请检查其磁盘或服务器；没有任何更改。",
}
