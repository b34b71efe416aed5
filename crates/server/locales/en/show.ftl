evidence = Evidence
wait-minutes = { $n } min
wait-hours = { $n } h
wait-days = { $n } d
