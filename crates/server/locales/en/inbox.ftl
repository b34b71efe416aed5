inbox-tabs = Inbox tabs
inbox-todo = To do
inbox-done = Done
inbox-started = Started by me
inbox-filter = Filter
inbox-all = All
inbox-findings = With findings
inbox-weak = Weak evidence
inbox-long = Waiting two days or more
inbox-recent = Last two days
inbox-lines = { $n ->
    [one] { $n } line
   *[other] { $n } lines
}
inbox-over-deals = Split over { $n } deals
inbox-over-accounts = Split over { $n } customers
inbox-more = Next page
inbox-empty = All done
inbox-empty-hint = What waits for you appears here at once, and comes by mail.
inbox-see-done = See what you did
inbox-none-such = Nothing to do fits this filter
inbox-none-done = Nothing decided yet
inbox-none-done-hint = Claims you approve, return, reject or transfer are listed here.
inbox-none-started = Nothing submitted yet
inbox-none-started-hint = Claims you submit are listed here, with the step they are at.
outcome-approved = Approved
outcome-rejected = Rejected
outcome-returned = Returned
outcome-transferred = Transferred
peek-back = Back
peek-previous = Previous
peek-next = Next
peek-open = Open
peek-close = Close the peek
peek-not-done = Not done
peek-span = { $from } to { $to }
peek-documents = { $n ->
    [one] { $n } document
   *[other] { $n } documents
}
peek-submitted = submitted { $day }
peek-tax = Input tax
peek-ask = Ask { $name }
peek-lines = Lines and evidence
peek-day = Day
peek-category = Category
peek-shares = Charged to
peek-claimed = Claimed
peek-no-documents = No documents attached
peek-invoices = { $n ->
    [one] { $n } structured invoice, used by no other claim
   *[other] { $n } structured invoices, used by no other claim
}
peek-deal-amount = Deal amount
peek-deal-paid = Cost paid
peek-deal-pending = Cost pending
peek-source = CRM record { $record } · revision { $revision } · { $ago }
peek-steps = Steps
peek-why = Why you: { $why }
peek-comment = Comment
peek-comment-hint = Comment (optional)
do-approve = Approve
do-reject = Reject
do-return = Return
do-transfer = Transfer
reason = Reason
cancel = Cancel
return-title = Return to { $name }
return-help = { $name } reads this. The receipts stay taken; the claim can be corrected and submitted again.
reject-title = Reject this claim
reject-help = This ends the flow and frees the receipts for a new claim.
transfer-title = Transfer to a colleague
transfer-to = Colleague
transfer-help = Type a name, number or mail address and choose from the list.
field-several = Several colleagues have this name: use the number or mail address
batch-pick = Select
batch-choose = Select { $claim }
batch-chosen = selected
batch-none = Clear
batch-kind = All of this kind
batch-approve = Approve selected
batch-all = { $approved } approved
batch-some = { $approved } approved, { $left } left as they were
batch-end-approved = Approved
batch-end-other-kind = Left: another kind (step or currency): decide it by itself
batch-end-changed = Left: it was changed after you saw it: look again
batch-end-not-yours = Left: not yours to decide
batch-end-refused = Left: open it to decide
batch-end-decided = Left: { $by } { $outcome ->
    [approved] approved
    [rejected] rejected
    [returned] returned
    [transferred] transferred
    [withdrawn] withdrew
   *[other] dealt with
} it, { $at }
