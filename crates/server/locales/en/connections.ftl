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
connection-unasked-percent = Archive without asking, up to percent of a kind
connection-unasked-percent-help = When a comparison finds more of a kind gone from the CRM, they stay until somebody says so. 0 always asks.
connection-setting-version = Version of the API: v3, or a date such as 2026-09
connection-setting-way = Way: rest, or xmlrpc with the log-in name and, as the key, the password
connection-setting-won_states = States that count as won
connection-setting-token = Access token
connection-setting-client_secret = Client secret
connection-setting-portal = Portal number
connection-setting-user = Log-in name
connection-setting-password = Password
connection-setting-currency = Currency of the CRM, such as CNY
connection-setting-app_id = Application id (AppId)
connection-setting-app_secret = Application secret (APPSecret)
connection-setting-permanent_code = Permanent authorization code
connection-setting-open_user = User whose rights are used (openUserId)
connection-setting-project_object = API name of the object that holds projects, ending in __c
connection-setting-zone = Time zone of the company, such as Asia/Shanghai
connection-setting-hook_secret = Secret of the web hook
connection-setting-scan_minutes = Minutes between two readings of everything
connection-setting-client_id = Application (client) id
connection-setting-username = User to act for, with a private key
connection-setting-private_key = Private key (PEM)
connection-setting-audience = Log-in server, of a sandbox https://test.salesforce.com
connection-setting-tenant = Tenant, by id or domain
connection-setting-login_url = Log-in server
connection-today = Records today
connection-stalest = Freshness, worst
connection-target = target { $n } min
connection-late = { $n ->
    [one] One kind late
   *[other] { $n } kinds late
}
connection-fresh-minutes = Late after, minutes
connection-fresh-minutes-help = A kind of record that was last read to its end longer ago is told as late.
connection-optional = optional
connection-todos = Drafts in the CRM
connection-todos-on = A to-do for whoever gets it
connection-todos-off = Nothing
connection-todos-help = It is done by itself once the claim is handed in or withdrawn.
connection-usage = Requests a minute
connection-usage-of = of { $n }
connection-usage-free = no limit known
connection-usage-day = 24 h: { $n }
connection-throttled = Told to wait
connection-throttled-never = Not told to wait for a week
connection-hook-p95 = here within { $n } ms
connection-written = { $n ->
    [one] Costs of one record written
   *[other] Costs of { $n } records written
}
connection-first = First reading
connection-left-soon = less than a minute left
connection-left-minutes = about { $n } min left
connection-left-hours = about { $n } h left
connection-conflicts = Conflicts
connection-push = Comes by
connection-push-hook = Web hook
connection-push-poll = Asking
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
connection-vanished-hint = That is more of a kind than may be archived without asking ({ $n } %), so nothing was archived. If the CRM's key lost a right or a filter was set there, mend that first.
connection-archive = { $n ->
    [one] Archive it here
   *[other] Archive { $n } here
}
connection-look = Look at them
connection-runs = Latest runs
connection-hooked = { $n } told by the CRM itself
connection-colon = {": "}
# The rules by which records are read.
connection-tabs = Parts of the connection
connection-monitor = Monitor
connection-mapping = Mapping
mapping-changed-n = { $n ->
    [one] One rule changed
   *[other] { $n } rules changed
}
mapping-running = Reading stored records again
mapping-ran = Last put into force
mapping-did-changed = { $n } changed
mapping-did-refused = { $n } refused
mapping-did-drafted = { $n ->
    [one] One draft begun
   *[other] { $n } drafts begun
}
mapping-from = Paths, one a line
mapping-from-help = The first that is not empty counts. A path goes into the record by names and positions: partner_id.0
mapping-pick = Of several paths
mapping-pick-first = the first that is not empty
mapping-pick-all = all, joined
mapping-join = Joined by
mapping-currency = Paths of the currency
mapping-currency-words = Currencies to replace, such as RMB = CNY
mapping-currency-default = Currency where the record has none
mapping-round = Round to the currency's smallest unit
mapping-whole = The whole is
mapping-words = Values to replace, from = to
mapping-words-help = Whole values, one a line. Others stay.
mapping-words-stage = One a line, to open, won or lost. A stage that stands nowhere is open.
mapping-default = If empty
mapping-try = Dry run
mapping-try-help = On the newest 2,000 stored records. Nothing is stored.
mapping-usual-again = Back to the usual rule
mapping-tried = Dry run
mapping-tried-n = { $n ->
    [one] One record tried
   *[other] { $n } records tried
}
mapping-tried-of = the newest of { $n }
mapping-would-change = Would change
mapping-would-take = Dead letters taken
mapping-would-refuse = Would be refused
mapping-astray = No record tried has { $path }
mapping-astray-help = If the CRM has it, the records are asked for anew once the rule is in force.
mapping-diff = Before → after
mapping-taken = Taken
mapping-force = Put into force
mapping-force-help = All stored records are read again in the background. Deals won long ago begin no drafts.
mapping-show = Show
mapping-live = Nothing is stored yet: these came from the CRM just now and are not kept.
mapping-refused = This record is refused
mapping-field = Field
mapping-rule = Rule
mapping-raw = In the CRM
mapping-value = Here
mapping-origin-changed = Changed here
mapping-origin-usual = Usual
mapping-origin-connector = Read by the connector
mapping-origin-none = Not mapped
mapping-record = The record as it came
mapping-paths = { $n ->
    [one] One value and its path
   *[other] { $n } values and their paths
}
mapping-path = Path
mapping-take = Add the path { $path }
mapping-take-currency = Add { $path } as path of the currency
mapping-take-path = Add a path
mapping-anew = asked of the CRM anew
mapping-unmapped = Kept, not mapped
mapping-unmapped-help = No field of this record comes from these. They are kept whole.
mapping-no-record = No records of this kind
mapping-users = CRM users and employees
mapping-users-open = { $n ->
    [one] One is nobody here
   *[other] { $n } are nobody here
}
mapping-users-link = Match by table
mapping-users-help = An equal mail address matches by itself. What an unmatched user owns has no owner here and begins no drafts.
mapping-employee = Employee
mapping-user-is = Who { $name } is
mapping-user-who = Name or number
mapping-user-set = Match
mapping-user-change = Match to
mapping-nobody = Not matched
mapping-field-name = Name
mapping-field-code = Short code
mapping-field-tax-id = Tax number
mapping-field-country = Country
mapping-field-city = City
mapping-field-owner = Owner
mapping-field-phone = Phone
mapping-field-email = Mail address
mapping-field-website = Web site
mapping-field-industry = Industry
mapping-field-account = Account
mapping-field-title = Position
mapping-field-number = Number
mapping-field-contact = Contact
mapping-field-stage = Stage
mapping-field-stage-kind = Outcome
mapping-field-amount = Amount
mapping-field-close-on = Close date
mapping-field-probability = Chance
mapping-field-project = Project
mapping-field-deal = Deal
mapping-field-state = State
mapping-field-ordered-on = Ordered on
mapping-field-kind = Kind
mapping-field-on = Date
mapping-field-until = Last day
mapping-field-place = Place
mapping-field-subject = Subject
mapping-field-login = Log-in name
mapping-field-active = Active
field-mapping-field = { $name } is no field of this kind of record
field-mapping-empty = Give a path, or what an empty field becomes
field-mapping-path = Give at most ten paths of at most 200 characters
field-mapping-currency = An amount needs a currency: give a path or a default
field-mapping-kind = A field of this kind has no such part
field-mapping-whole = Write 1 or 100
field-mapping-default = Cannot be the value of this field: { $said }
field-mapping-line = Write from = to; this line has no “=”: { $line }
