# The connections to CRMs.
connection-choose = Choose your CRM
connection-choose-hint = Outlay reads customers, deals, projects, orders and visits, and writes costs back.
connection-versions = Versions
connection-tested = Tested against
connection-tested-real_server = The real server, in this project's own tests
connection-tested-specification = The maker's official specification and a stand-in; not a live account
connection-tested-fake = A stand-in made from public documentation; not a live account
connection-setting-url = Address
connection-setting-database = Database
connection-setting-key = Application key
connection-setting-login = Log-in name of the key's owner
connection-setting-api = Interface, json2 or jsonrpc
connection-setting-won_states = States that count as won
connection-setting-token = Access token
connection-setting-client_secret = Client secret
connection-setting-portal = Portal number
connection-today = Records today
connection-rate = Rate
connection-rate-hint = Records a minute, last 40 minutes
connection-not-read = Not read yet
connection-dead = Dead letters
connection-dead-hint = Reading went on past these; no other record waits for them. Each is tried again when it changes in the CRM.
connection-tries = Tries
connection-retry = Retry
connection-retry-all = { $n ->
    [one] Retry it
   *[other] Retry all { $n }
}
connection-retried = Tried again
connection-retried-taken = { $n } taken
connection-retried-gone = { $n } gone from the CRM
connection-retried-refused = { $n } still refused
connection-reconcile = Reconcile
connection-reconcile-now = Run now
connection-reconcile-never = Never compared. A reconcile lists all that the CRM holds, reads what lacks or differs, and archives what is gone. It runs by itself once a day.
connection-reconcile-failed = The reconcile did not finish
connection-reconciling = Comparing
connection-equal = Equal
connection-missing = Missing here
connection-extra = Extra here
connection-differing = Differing
connection-mended = Mended
connection-open = Open
connection-what = Difference
connection-vanished = { $n ->
    [one] One record vanished from the CRM
   *[other] { $n } records vanished from the CRM
}
connection-vanished-hint = That is more than 5 % of a kind, so nothing was archived. If the CRM's key lost a right or a filter was set there, mend that first.
connection-archive = { $n ->
    [one] Archive it here
   *[other] Archive { $n } here
}
connection-look = Look at them
connection-runs = Latest runs
connection-hooked = { $n } told by the CRM itself
connection-colon = {": "}
