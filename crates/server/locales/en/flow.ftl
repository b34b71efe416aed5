returned-late = Nobody answered in time
route-owns-project = owns the project
route-owns-cost-center = answers for cost centre { $name }
route-position = is { $name }
route-chosen = chosen by the claimant
route-expression = found by the flow’s formula
route-instead = stands in, since the step finds nobody else
route-delegated = asked for advice by { $name }
route-added = added by { $name }
route-back-from = asked again after { $name }
route-escalated = { $name } did not answer in time
route-straight-back = asked straight back after a return
event-approved-for = Approved on behalf of { $name } { $said }
event-chosen = Chose { $people } to sign
event-copied = Copied to { $people } { $said }
event-taken-back = Took the approval back
event-recalled = Took the claim back: a draft again
event-advised = Gave advice
event-advised-saying = Gave advice: { $said }
event-asked-again = { $name } is asked again: { $why }
event-sent-back = Sent back to { $step }: { $said }
event-sent-back-straight = Sent back to { $step }, to come straight back: { $said }
event-amended = Amended: { $said }
event-amended-anew = Amended to { $amount }, so all are asked again: { $said }
event-delegated = Asked { $name } for advice: { $said }
event-signer-before = Added { $name } to sign first: { $said }
event-signer-beside = Added { $name } to sign, too: { $said }
event-signer-after = Added { $name } to sign next: { $said }
event-signer-removed = Removed { $name } from those who sign
event-reminded = Reminded those asked
event-late-remind = { $step } is late: those asked were reminded
event-late-escalate = { $step } is late: it goes to the head above
event-late-return = { $step } is late
event-timed-out = Nobody answered { $step } in time: back to the claimant
act-take-back = Take my approval back
act-recall = Take back, edit again
act-remind = Remind those asked
act-advice = Ask for advice
act-advice-help = They give advice, then you decide.
act-advice-asked = You are asked for advice; whoever asked decides after it
act-signer = Add a signer
act-place = When do they sign?
act-before = Before me
act-beside = At the same time
act-after = After me
act-remove-signer = Remove a signer
act-copy-to = Send a copy
act-copy-help = Whoever gets a copy may read the claim.
act-comment = Anything to say
act-whom = Whom?
act-return-to = Back to
act-return-claimant = The claimant
act-straight = Comes straight back to me afterwards
act-on-behalf = On behalf of { $name }
inbox-copied = Copies
inbox-none-copied = No copies
outcome-delegated = Asked for advice
outcome-advised = Advised
outcome-revoked = No longer stands
outcome-copied = Copy
field-other-kind = Only tasks of one kind can be approved at once: the same step, one currency
away-title = Out of office
away-where = Where you are
away-help = While you are away, a colleague may approve on your behalf. You may still act yourself, and nobody ever approves their own claim.
away-open = Choose who acts for you
away-new = Let a colleague act for you
away-to = Colleague
away-reason = Reason
away-since = First day
away-until = Last day
away-entity = Legal entity
away-all = All
away-at-most = Claims up to ({ $currency })
away-most = up to
away-give = Let them act
away-end = End
away-line = { $to } acts for { $from }, { $since } to { $until }
field-oneself = Choose somebody else
field-backwards = The last day is before the first
field-acts-for-you = You act for this colleague in that time, or for somebody who acts for them: choose another
field-over = This day is over
mail-link-title = Approve from this mail
mail-link-claim = Claim
mail-link-claimant = Claimant
mail-link-amount = Amount
mail-link-findings = { $n ->
    [one] The policy found one thing: open the claim to see it
   *[other] The policy found { $n } things: open the claim to see them
}
mail-link-approve = Approve
mail-link-more = Open the claim for everything else
mail-link-inbox = Open the inbox
mail-link-approved = Claim { $number } is approved by you
mail-link-changed = The claim changed after this mail was sent. Open it in the inbox and look again.
mail-link-done-already = This is dealt with already, or no longer needed
mail-link-none = This link is not valid, or no longer
flow-steps = Steps
flow-preview = Who would approve?
flow-preview-claim = Number of a claim
flow-preview-show = Show
flow-no-claim = There is no such claim that you may read
flow-signed-before = Has signed before, and is not asked again
flow-not-needed = Not needed: there is no head that high, or no such record
flow-nobody-found = Finds nobody: the claim could not be submitted
flow-same-once = Whoever has signed is not asked again
flow-same-consecutive = Whoever signed the step before is not asked again
flow-same-every = Everybody is asked at each step
flow-nobody-refuse = Where a step finds nobody, the claim cannot be submitted
flow-nobody-head = Where a step finds nobody, the head above is asked
flow-nobody-stand-in = Where a step finds nobody, { $name } is asked
flow-own-refuse = Where a step finds only the claimant, the claim cannot be submitted
flow-own-head = Where a step finds only the claimant, the head above is asked
flow-own-stand-in = Where a step finds only the claimant, { $name } is asked
flow-may-edit = May change: { $fields }
flow-late-remind = { $n ->
    [one] Reminded after a working day
   *[other] Reminded after { $n } working days
}
flow-late-escalate = { $n ->
    [one] To the head above after a working day
   *[other] To the head above after { $n } working days
}
flow-late-return = { $n ->
    [one] Back to the claimant after a working day
   *[other] Back to the claimant after { $n } working days
}
flow-every = All branches whose conditions hold, side by side
flow-first = The first branch whose conditions hold
flow-otherwise = Every claim
flow-who-head = { $n ->
    [one] Nearest head above the claimant
   *[other] Head { $n } levels above the claimant
}
flow-who-heads = { $n ->
    [one] Nearest head above the claimant
   *[other] Heads above the claimant, up to level { $n }
}
flow-who-cost-center = Owners of the cost centres
flow-who-expression = By formula: { $text }
flow-mode-any = One of them is enough
flow-mode-all = All of them
flow-mode-order = All of them, one after the other
flow-mode-share = At least { $share } % of them
flow-when-from = From { $value }
flow-when-below = Below { $value }
flow-when-categories = Only with { $value }
flow-when-finding = Only with findings: { $value }
flow-when-grade = Only with evidence { $value } or weaker
flow-when-over = Only if a limit is exceeded by { $value } % or more
flow-when-claimant-grade = Only for grades { $value }
flow-when-claimant-position = Only for { $value }
flow-when-department = Only for { $value }
flow-when-stage = Only for deals at { $value }
flow-when-expression = Only if { $value }
flow-when-deal = Only for claims with a deal
flow-when-no-deal = Only for claims without a deal
flow-when-linked = Only for claims linked to: { $value }
flow-severity-info = note or worse
flow-severity-warn = warning or worse
flow-severity-block = blocking
act-amend = Amend amounts
act-amend-help = Amounts can only be lowered. If one changes, everybody who has signed is asked again.
event-handed-over = The claimant has left: { $name } finishes it
