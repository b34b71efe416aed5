problem-state = The claim { $status ->
    [draft] is a draft
    [in_review] is in review
    [returned] was returned
    [approved] is approved
    [paying] is being paid
    [paid] is paid
    [archived] is archived
    [withdrawn] was withdrawn
    [rejected] was rejected
   *[other] has moved on
}, so this cannot be done. Reload the page to see where it stands.
problem-not-yours = Only the claimant or the person asked may do this.
problem-fields = Some fields cannot be accepted. Correct them as marked.
problem-blocked = The expense policy does not allow it to be submitted. Follow the findings first.
problem-invoice-taken = This invoice was already used on { $on }; ask finance.
problem-no-approver = Nobody can be found who may approve it, so it cannot be submitted. Ask an administrator to name a head for your department, or an approver from outside.
problem-task-closed = Somebody else has dealt with this, or it is no longer needed. Reload the page.
problem-changed = The content changed since you opened it. Reload the page and look again.
problem-reason-missing = Give a reason.
problem-unfit = This person cannot take the task: it must be another active colleague who is not the claimant.
problem-duties = Claimant, approver and payer must be three different people.
problem-other-payment = This is not the claim's current payment.
problem-not-found = There is no such thing, or you may not see it.
problem-forbidden = You may not do this.
problem-log-in = Log in first.
problem-cross-site = The request does not come from a page of this site. Send an Origin header of this site, or use an API token.
problem-too-many = Too many tries. Wait { $seconds } seconds.
problem-too-large = The file is larger than { $max } MB. Compress or split it.
problem-broken = Something broke on our side; nothing was changed. Try again later, and give an administrator the request id if it goes on.
problem-method = This address does not take such a request.
problem-body-too-large = The request is too large. Send less at once.
problem-unreadable = The request cannot be read: { $said }. Correct it and send it again.
problem-page-missing = There is no such page.
field-nul = holds the character U+0000, which no text can hold: delete it
field-no-place = has no assignment: ask an administrator to add one
problem-running = The same request is still running. Try again in a moment.
problem-answer-lost = This request was carried out before, but its answer was lost. Look at what it made; do not send it again under another key.
field-idempotency-key = An Idempotency-Key has 1 to 255 visible ASCII characters
field-idempotency-other = This Idempotency-Key was used for another request; take a new key for a new request
problem-decided = After you opened it, { $by } { $outcome ->
    [approved] approved
    [rejected] rejected
    [returned] returned
    [transferred] transferred
    [withdrawn] withdrew
   *[other] submitted again
} { $claim } ({ $at }). Nothing of what you did was kept, and nothing else changed.
problem-not-chosen = Choose who signs the step “{ $step }”.
problem-may-not-edit = This step may not change { $field }.
problem-only-advice = You were asked for advice: give it, and whoever asked you decides.
problem-too-late = Somebody has acted since, so it cannot be taken back any more.
problem-no-step = The claim has not passed such a step.
problem-too-soon = Those asked were reminded a short while ago. Try again later.
problem-nothing-due = Nothing is to be done now.
problem-invoice-reversed = An invoice of this claim was reversed, so it cannot be approved or paid. Return it to the claimant for another invoice.
