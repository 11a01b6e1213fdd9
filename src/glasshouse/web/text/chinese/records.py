"""The words that records of the ledger are told in, in Simplified Chinese.

Keys begin with ``record `` for the name of a value, with ``recorded `` for a value that is a word.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "account": "账户", "action": "动作", "actor": "人员", "before": "早于", "by": "方式",
    "changed": "更改项", "digest": "摘要", "event": "事件", "format": "格式", "intent": "意图记录",
    "jid": "任务", "jids": "任务", "job": "任务内容", "jobs": "任务数", "key": "密钥",
    "keys": "条目",
    "lossy": "允许丢失", "moved": "已移动", "of": "总数", "operation": "操作", "outcome": "结果",
    "parameters": "参数", "preview": "预览", "q": "文本", "query": "搜索词", "queue": "队列",
    "queues": "队列", "reason": "原因", "restores": "放回记录", "role": "角色", "rule": "规则",
    "server": "服务器", "set": "集合", "since": "起始", "stopped_by": "停止者", "told": "说明",
    "upto": "截至", "version": "版本", "why": "原因", "worker": "工作进程",
}  # fmt: skip
VALUES: Mapping[str, str] = {
    # What was done to an account.
    "added": "添加", "removed": "移除", "factors reset": "重置第二因素", "ended": "已结束",
    "totp-begin": "开始设置验证器", "totp-confirm": "设置验证器", "totp-remove": "移除验证器",
    "passkey-new": "添加通行密钥", "passkey-remove": "移除通行密钥", "recovery-new": "新的恢复码",
    "password": "密码", "token-new": "新建令牌", "token-remove": "移除令牌",
    "session-end": "结束会话", "sessions-end": "结束所有会话", "stop": "停止",
    "password changed": "密码已更改", "left the password file": "已不在密码文件中",
    # How somebody came, or showed a second factor.
    "session": "会话", "basic": "用户名和密码", "token": "令牌", "proxy": "代理", "shell": "命令行",
    "code": "验证码", "recovery code": "恢复码", "passkey": "通行密钥",
    "identity provider": "身份提供方",
    # What came of an operation.
    "done": "完成", "partly": "部分完成", "nothing": "没有更改", "stopped": "已停止",
    "failed": "失败", "yes": "是",
    # The rule that decided, and the sets.
    "granted": "已授权", "read_only": "只读", "no_role": "没有角色", "forbidden": "禁止",
    "same_person": "同一个人", "not_granted": "未授权", "other_server": "其他服务器",
    "other_queue": "其他队列", "other_network": "其他网络", "no_factor": "没有第二因素",
    "old_factor": "第二因素过久", "one_person": "需要第二人",
    "retries": "重试", "scheduled": "计划", "dead": "死亡",
}  # fmt: skip

RECORDS: Mapping[str, str] = {
    **{f"record {name}": text for name, text in NAMES.items()},
    **{f"recorded {value}": text for value, text in VALUES.items()},
}
