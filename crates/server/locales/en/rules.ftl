field-rules-other-entity = This draft is for { $code }: write that code, or begin a draft for the other entity
field-rules-own = Whoever wrote in a draft cannot publish it. Ask { $people }
field-rules-alone = Whoever wrote in a draft cannot publish it, and nobody else holds the right. Give a second person the role Finance under Settings, People; they then publish it
field-rules-moved = Version { $version } was published meanwhile. Compare with it, then save the draft again
audit-thing-rules-draft = Draft of rules
audit-did-saved = saved
audit-did-asked = review asked for
audit-did-sent-back = sent back
audit-did-dropped = given up
job-trial = Try rules on past claims
field-rules-untried = Past claims were not replayed under this text yet: press Try it, and wait for the result
field-rules-golden = Golden cases come out another way: { $cases }. Mend the rules, or let the cases go
field-rules-erased = The person was erased, so that the decision cannot be kept as a case
audit-thing-golden-case = Golden case
try-title = Try it on past claims
try-draft = Draft v{ $n }
try-in-review = v{ $n } in review
try-published = Published
try-dropped = Given up
try-effective = in force from { $day }
try-base = from { $base }
try-sent-back = Sent back
try-from = From
try-to = To
try-do = Try it
try-again = Run again
try-running = Past claims are being replayed …
try-failed = The trial did not come to an end. Run it again
try-stale = The draft was saved since. Run it again
try-none = Not tried yet
try-none-hint = Each claim of the period is decided again under the draft, with its own input and the organisation of then.
try-said = { $n } claims decided from { $from } to { $to }, replayed with their own inputs and organisation
try-erased = { $n ->
    [one] { $n } of an erased person left out
   *[other] { $n } of erased people left out
}
try-differ = Route differently
try-share = { $share }% of claims
try-to-auto = To auto-approval
try-from-auto = { $money } back to people
try-n-claims = { $n ->
    [one] { $n } claim
   *[other] { $n } claims
}
try-days = Days to pay
try-median = median, predicted from { $n ->
    [one] { $n } answer
   *[other] { $n } answers
}
try-wrong = False approvals
try-wrong-hint = a person had cut or refused them
try-wrong-long = would pass by themselves, yet a person cut or refused them
try-moves = Where the { $n } go
try-same = Every claim goes the way it went.
try-note = What a person did
try-more = The { $n } dearest are listed
try-blocked = Would be blocked
try-rejected = refused
try-cut = cut by { $by }
try-text = Text of the draft
try-save = Save
try-aside = Load, cases, publishing
try-load = Load per approver
try-old = now
try-new = draft
try-a-week = a week
try-rules = Rules that speak more or less often
try-publish-title = Publish
try-step-replay = Replay of past claims
try-second = Second person: { $people }
try-alone = Second person: nobody else holds the right. Give somebody the role Finance under Settings, People
try-ask = Ask for review
try-publish = Publish
try-drop = Give up
try-return = Send back
try-open = Open the claim
try-beside = The same input and organisation, by both rules
try-was = As it was
try-would = Under the draft
try-drafts = Drafts
try-reviewed = In review
try-editing = Being written
try-begin = New draft
try-roll-back = Go back to this version
golden-title = Golden cases
golden-none = None yet. Open a claim, then Why, to keep its decision as a case that every new version must decide the same way.
golden-all = All cases
golden-failed = expected { $expected }, got { $got }
golden-remove = Let go of { $name }
golden-keep = Keep as golden case
golden-keep-do = Keep
golden-name = Name of the case
golden-help = Its input and organisation are frozen. A new version that decides it another way cannot be published.
why-title = Why
why-heading = Why it went this way
why-more = Details
why-none = Nothing on record
why-none-hint = A decision is recorded when a claim is submitted.
why-last = Last submission
why-earlier = Earlier submission
why-same = Replayed: the same
why-differs = Replayed: differs
why-erased = Person erased
why-erased-hint = The person was erased, so that the decision cannot be replayed. Its hashes still stand.
why-facts = What was looked at
why-proof = Versions and hashes
why-policy = Policy
why-flow = Flow
why-org = Organisation
why-content = Content
why-outcome = Outcome
why-auto = Approved by itself
why-nobody = Nobody may approve it
why-blocked = Blocked
why-people = { $n ->
    [one] One approver
    [2] Two in order
    [3] Three in order
   *[other] { $n } in order
}
why-any = one is enough
why-all = all sign
why-fact-day = Day
why-fact-total = Total
why-fact-lines = Lines
why-fact-evidence = Weakest proof
why-fact-grade = Grade of the claimant
why-fact-department = Department
why-fact-owner = Owner of the deal
why-fact-line = Line
why-line-buyer = the invoice names another buyer: { $buyer }
why-line-failed = checks of the invoice failed: { $checks }
why-line-used = the invoice was used on { $on }
why-line-similar = looks like { $claims }
why-auto-table = Automatic approval
why-row = { $rule }, row { $row }
why-cell = Asked
why-test = Cell
why-value = Value
why-answer = Answer
settings-watch = Watch
watch-all = All
watch-days = Days
watch-target = Target, hours
watch-show = Show
watch-stuck = Stuck
watch-stuck-none = Every claim in review has somebody who can act
watch-stuck-hint = Nobody who works here is asked about these claims. Repairing asks whoever stands in; it is on the timeline and in the audit.
watch-repair = Ask who stands in
watch-runs = Under way, by age
watch-runs-none = Nothing is under way.
watch-day = < 1 day
watch-three = 1–3 d
watch-week = 3–7 d
watch-older = > 7 d
watch-people = Approvers
watch-of-days = { $n ->
    [one] last day
   *[other] last { $n } days
}
watch-who = Who
watch-open = Open
watch-oldest = Oldest
watch-answered = Answered
watch-hours = Hours, mean
watch-kept = Within { $hours } h
watch-steps = Steps
watch-step = Step
watch-step-n = Step { $n }
watch-rules = Rules
watch-rules-none = No rule found anything.
watch-rule = Rule
watch-hits = Submissions
watch-overrides = Approved all the same
golden-passed = { $n } came out as they should
why-in-order = one after the other
why-by-share = { $share }% must sign
