"""The audit ledger in Simplified Chinese."""

from __future__ import annotations

AUDIT = {
    "Audit": "审计",
    "Records": "记录",
    "{n} in all. Each is chained to the one before it; glasshouse audit verify shows that none "
    "was changed.": (
        "共 {n} 条。每条记录都与前一条相连；glasshouse audit verify 可证明没有记录被改动。"
    ),
    "What": "事件",
    "Who": "人员",
    "Text": "文本",
    "an address, an action…": "地址、操作……",
    "Records, newest first": "记录，最新的在前",
    "Number": "编号",
    "When": "时间",
    "From": "来自",
    "unknown name": "未知名称",
    "Digest": "摘要",
    "No record matches.": "没有匹配的记录。",
    "Nothing is recorded yet.": "尚无记录。",
    "Older": "更早",
    "Export these, the oldest first:": "导出这些记录（最早的在前）：",
    "JSON lines": "JSON 行",
    "signed in": "已登录",
    "was not let in": "被拒绝登录",
    "signed out": "已退出",
    "showed a second factor": "出示了第二因素",
    "showed a wrong second factor": "第二因素有误",
    "changed an account": "更改了账户",
    "read the settings again": "重新读取了设置",
    "began to serve": "开始服务",
    "The records up to {n} were moved to an archive.": "编号 {n} 及之前的记录已移入归档。",
    "From (UTC)": "起始（UTC）",
    "Before (UTC)": "早于（UTC）",
    "Also kept at": "同时保存于",
    "up to record {n}.": "截至编号 {n} 的记录。",
    "not sent on": "未能发送",
    "It does not answer in time.": "未及时应答。",
    "Its certificate is not trusted.": "其证书不受信任。",
    "Nobody answers there.": "该地址无人应答。",
    "The connection broke off.": "连接中断。",
    "It holds another ledger.": "其中是另一份审计账本。",
    "It holds something that is no ledger.": "其中的内容不是审计账本。",
    "It cannot be written.": "无法写入。",
    "It may not be written.": "没有写入权限。",
    "Its folder is not there.": "其目录不存在。",
    "There is no room for it.": "空间不足。",
    "Somebody else holds it.": "它被其他程序占用。",
    "It takes no messages.": "它不接收消息。",
    "It refuses the lines.": "它拒绝接收这些记录。",
    "It answers with an error.": "它返回了错误。",
    "It cannot be sent to.": "无法向其发送。",
    "archived old records": "归档了旧记录",
    "exported the ledger": "导出了账本",
    "signs with a new key": "启用了新的签名密钥",
    "Your role does not see the audit ledger here.": "您的角色在此处看不到审计账本。",
    'It needs see = ["audit"] in a role, and one of its networks.': (
        '需要角色中包含 see = ["audit"]，并且来自该角色的网络。'
    ),
    "A token cannot change an account, nor open a session.": "令牌不能更改账户，也不能开启会话。",
    "Sign in at /sign-in; a program shows its code at /api/v1/step-up.": (
        "请在 /sign-in 登录；程序请在 /api/v1/step-up 出示验证码。"
    ),
}
