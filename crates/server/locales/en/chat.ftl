chat-title = To approve: claim { $number } of { $who }
chat-title-over = Claim { $number } of { $who }
chat-claimant = Claimant
chat-amount = Amount
chat-about = Purpose
chat-more-lines = { $n ->
    [one] { $n } more line: open it to see
   *[other] { $n } more lines: open it to see
}
chat-findings = Findings
chat-findings-n = { $n ->
    [one] { $n }: open it to see
   *[other] { $n }: open it to see
}
chat-open = Open the claim
chat-reason = Reason (needed to reject; a comment if you approve)
chat-over = This is over: there is nothing to do.
chat-decided = { $by } { $outcome ->
    [approved] approved
    [advised] gave advice on
    [rejected] rejected
    [returned] returned
    [transferred] transferred
    [delegated] delegated
    [withdrawn] withdrew
   *[other] submitted again
} it, { $at }.
chat-said-approved = Approved
chat-said-rejected = Rejected
chat-said-changed = The claim was changed: nothing was decided. Look at the card as it is now.
chat-said-decided = Somebody was faster: what you did had no effect.
chat-said-reason = Say why you reject it.
chat-said-forbidden = This is not yours to decide.
chat-said-other = This cannot be done here: open the claim.
chat-said-stranger = This account belongs to nobody here: ask an administrator.
chat-said-failed = That did not work: try again in a while, or open the claim.
chat-kind-feishu = 飞书 (Feishu, Lark)
chat-intro = When a claim waits for somebody, a bot sends them a card: they approve there, or reject with a reason. The card changes in place when it is over.
chat-connected = Connected
chat-not-connected = Not connected
chat-paused = Paused
chat-pause = Pause
chat-resume = Resume
chat-test = Test the keys
chat-test-ok = The keys are good.
chat-test-bad = That did not work: { $text }
chat-people = People with a known account
chat-cards = Cards sent
chat-hook = Callback address
chat-hook-help = Enter it in the developer console under Events & Callbacks, and subscribe to “card.action.trigger”.
chat-rights = The application needs its bot, and the rights to send and update messages and to find users by mobile number or mail address.
chat-tested = Tested with a stand-in after the published documentation, never with a real company.
chat-setting-url = Address
chat-setting-app_id = App ID
chat-setting-app_secret = App Secret
chat-setting-encrypt_key = Encrypt Key
chat-setting-verification_token = Verification Token
chat-stored = Stored; left empty it stays
chat-secret-help = Sealed and never shown again; entered anew for another address or application.
chat-save = Save
chat-account = Account in { $kind }
chat-account-none = No account found yet
chat-account-at = looked up { $at }
chat-mobile = Mobile number
chat-mobile-help = Looks the account up by this number; by the mail address if empty. Outside mainland China with + and the country.
chat-find = Save and look up
field-not-a-phone = is no mobile number: write digits alone, outside mainland China with + and the country first
chat-for = on behalf of
