crm-note-title = Costs, kept by Outlay
crm-note-line = { $currency }: paid { $paid }, pending { $pending }
crm-note-nothing = No costs
