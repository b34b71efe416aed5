chat-title = 待您审批：{ $who }的报销单 { $number }
chat-title-over = { $who }的报销单 { $number }
chat-claimant = 报销人
chat-amount = 金额
chat-about = 事由
chat-more-lines = 还有 { $n } 项，打开查看
chat-findings = 制度提醒
chat-findings-n = { $n } 条，打开查看
chat-open = 打开报销单
chat-reason = 拒绝理由（拒绝时必填；同意时作为意见）
chat-over = 此事项已结束，无需处理。
chat-decided = { $by }已于 { $at } { $outcome ->
    [approved] 同意
    [advised] 给出意见
    [rejected] 拒绝
    [returned] 退回
    [transferred] 转交
    [delegated] 委派
    [withdrawn] 撤回
   *[other] 重新提交
}。
chat-said-approved = 已同意
chat-said-rejected = 已拒绝
chat-said-changed = 报销单有修改，没有生效。请看更新后的卡片再决定。
chat-said-decided = 已有人处理，您的操作没有生效。
chat-said-reason = 拒绝需要填写理由。
chat-said-forbidden = 这不是您的审批事项。
chat-said-other = 不能在这里完成，请打开报销单处理。
chat-said-stranger = 这个账号没有对应的同事，请联系管理员。
chat-said-failed = 没有成功，请稍后再试，或打开报销单处理。
chat-kind-feishu = 飞书
chat-intro = 轮到某人审批时，由机器人发一张卡片；可以直接同意，或写明理由拒绝。审批结束后卡片原地更新。
chat-connected = 已连接
chat-not-connected = 未连接
chat-paused = 已暂停
chat-pause = 暂停
chat-resume = 恢复
chat-test = 测试密钥
chat-test-ok = 密钥有效。
chat-test-bad = 没有成功：{ $text }
chat-people = 已对应账号的同事
chat-cards = 已发卡片
chat-hook = 回调地址
chat-hook-help = 填入飞书开放平台“事件与回调”的回调配置，并订阅“卡片回传交互”。
chat-rights = 应用需要机器人能力，以及发送消息、更新消息、通过手机号或邮箱获取用户 ID 的权限。
chat-tested = 按公开文档用替身测试，没有在真实企业里用过。
chat-setting-url = 地址
chat-setting-app_id = App ID
chat-setting-app_secret = App Secret
chat-setting-encrypt_key = Encrypt Key
chat-setting-verification_token = Verification Token
chat-stored = 已保存，留空则不变
chat-secret-help = 加密保存，不再显示；换地址或应用时需重新填写。
chat-save = 保存
chat-account = { $kind }账号
chat-account-none = 还没有对应的账号
chat-account-at = 查找于 { $at }
chat-mobile = 手机号
chat-mobile-help = 按手机号查找账号；留空则按邮箱。中国大陆以外请写 + 和国家代码。
chat-find = 保存并查找
field-not-a-phone = 不是手机号：只写数字，中国大陆以外以 + 和国家代码开头
chat-for = 代为审批
