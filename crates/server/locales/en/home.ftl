weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
home-upload = Upload receipts
home-todos = To do
home-all-todos = Whole inbox
home-nothing = Nothing waits for you
home-approve = Approve: { $title }
home-yours = Your turn
home-untitled = Untitled draft
home-said = { $who }: { $said }
home-no-lines = No lines yet
home-gaps = { $n ->
    [one] { $n } field is still empty
   *[other] { $n } fields are still empty
}
home-no-receipts = { $n ->
    [one] { $n } receipt is missing
   *[other] { $n } receipts are missing
}
home-ready = Filled in, ready to submit
home-crm = Just happened in the CRM
home-crm-hint = { $n ->
    [one] { $n } draft made from it, for you to confirm
   *[other] { $n } drafts made from it, for you to confirm
}
home-won = Won
home-visit = Visit
home-customer = New customer
home-source = From CRM record { $record } · revision { $revision } · { $ago }
home-filled = { $n ->
    [one] { $n } field filled from the CRM
   *[other] { $n } fields filled from the CRM
}
home-accept = Fill in the draft
home-dismiss = Not needed
home-deals = Cost of my deals
home-all-deals = All deals
home-deal = Deal
home-stage = Stage
home-spent = Cost
home-share = Share paid
home-pending = Pending
home-paid-share = { $n }% paid, the rest pending
home-side = My money and receipts
home-way = Money on the way
home-way-count = { $n ->
    [one] { $n } claim
   *[other] { $n } claims
}
home-way-none = No claim waits for payment
home-steps = { $done } of { $all } steps done
home-paste = Paste
home-drop = Drop e-invoices here
home-choose = or choose files
home-choose-label = Choose e-invoice files
home-drop-hint = XML, OFD, PDF, photos and scans; ZIP files and saved mails with them
home-send = Upload
home-fresh = Just received
home-unfiled = { $n } not in a claim yet
home-proposed = Suggestion: a draft claim
home-fresh-none = None yet. Invoices dropped here wait until a claim uses them.
