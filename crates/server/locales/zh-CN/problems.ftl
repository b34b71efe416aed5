problem-state = 报销单{ $status ->
    [draft] 还是草稿
    [in_review] 正在审批
    [returned] 已退回
    [approved] 已核准
    [paying] 正在支付
    [paid] 已支付
    [archived] 已归档
    [withdrawn] 已撤回
    [rejected] 已拒绝
   *[other] 的状态已改变
}，不能这样操作。刷新页面查看最新情况。
problem-not-yours = 只有报销人或被请求审批的人才能这样操作。
problem-fields = 有内容不能接受，请按提示修改。
problem-blocked = 费用制度不允许提交，请先按检查结果修改。
problem-invoice-taken = 这张发票已于 { $on } 用于另一张报销单；请联系财务。
problem-no-approver = 找不到可以审批的人，因此不能提交。请管理员为您的部门指定负责人，或指定一位外部审批人。
problem-task-closed = 这项审批已由他人处理，或已不需要。刷新页面查看最新情况。
problem-changed = 您打开之后内容已被修改。请刷新页面后再操作。
problem-reason-missing = 请填写原因。
problem-unfit = 此人不能接手这项审批：须为在职的其他同事，且不是报销人。
problem-duties = 报销人、审批人和付款人必须是三个不同的人。
problem-other-payment = 这不是该报销单当前的付款。
problem-not-found = 没有找到。可能已被删除，或您无权查看。
problem-forbidden = 您没有权限这样操作。
problem-log-in = 请先登录。
problem-cross-site = 请求不是来自本站页面。请带上本站的 Origin 请求头，或使用 API 令牌。
problem-too-many = 尝试次数过多，请 { $seconds } 秒后再试。
problem-too-large = 文件超过 { $max } MB。请压缩或分成几个文件。
problem-broken = 系统出错了，您的操作没有生效。请稍后再试；若仍有问题，请把请求编号告诉管理员。
problem-method = 这个地址不接受这种请求方式。
problem-body-too-large = 请求内容过大，请分次提交。
problem-unreadable = 请求无法识别：{ $said }。请更正后重新提交。
problem-page-missing = 没有这个页面。
field-nul = 含有空字符（U+0000），请删除
field-no-place = 没有任职记录，请管理员补全
problem-running = 同一个请求仍在处理中，请稍后再试。
problem-answer-lost = 这个请求之前已经执行，但答复没有保存下来。请查看它已生成的内容，不要换一个键重发。
field-idempotency-key = Idempotency-Key 须为 1 至 255 个可见 ASCII 字符
field-idempotency-other = 这个 Idempotency-Key 已用于另一个内容不同的请求；新的请求请换一个键
problem-decided = 您打开之后，{ $by }已于 { $at } { $outcome ->
    [approved] 同意了
    [rejected] 拒绝了
    [returned] 退回了
    [transferred] 转交了
    [withdrawn] 撤回了
   *[other] 重新提交了
} { $claim }。您的操作没有生效，也没有别的改动。
problem-not-chosen = 请选择步骤“{ $step }”的审批人。
problem-may-not-edit = 此步骤不能修改{ $field }。
problem-only-advice = 您被请求提供意见：给出意见后由委派人决定。
problem-too-late = 之后已有人处理，不能再拿回。
problem-no-step = 单据没有经过这个步骤。
problem-too-soon = 刚刚催办过，请稍后再试。
problem-nothing-due = 现在没有需要处理的事项。
problem-invoice-reversed = 单据中的发票已被红冲，不能批准或支付。请退回报销人更换发票。
