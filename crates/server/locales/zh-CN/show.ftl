evidence = 证据
wait-minutes = { $n } 分钟
wait-hours = { $n } 小时
wait-days = { $n } 天
