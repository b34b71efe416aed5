crm-note-title = 费用（由 Outlay 更新）
crm-note-line = { $currency }：已支付 { $paid }，待处理 { $pending }
crm-note-nothing = 没有费用
