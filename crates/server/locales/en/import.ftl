settings-import = Import and export
import-take = Import a file
import-what = Contents
import-file = File
import-file-help = CSV or XLSX, at most 50 MB; the first line names the columns in Chinese, English or by code. The encoding is recognised (UTF-8, GBK …).
import-look = Upload and check
import-kinds = What can be imported
import-kinds-help = Bold columns are required. A column left out stays as it is; an empty cell empties.
import-columns = Columns
import-export = Export
import-rows = { $n ->
    [one] Import one row
   *[other] Import { $n } rows
}
import-read = { $n ->
    [one] One row
   *[other] { $n } rows
}
import-another = Another file
import-running = Importing
import-looked = Checked, nothing imported yet. Rejected rows are left out; mend them and import just those.
import-applied = Imported.
import-failed = The import did not finish
import-broken-off = { $n ->
    [0] Nothing was written.
    [one] One row was written before and stays. Import the same file again to go on: what is there already is unchanged.
   *[other] { $n } rows were written before and stay. Import the same file again to go on: what is there already is unchanged.
}
import-again = Import again
field-changed-meanwhile = Somebody changed this after the check, so it was left as it is: compare, and import the row again
import-ignored = Columns not recognised: { $columns }
import-entities-help = A new legal entity gets the standard approval flow and, in CNY or EUR, the standard expense policy. In another currency its claims can be submitted once finance has published a policy:
import-payee-help = Imported accounts are proposals; another person must confirm each before it is paid to.
import-create = New
import-change = Changed
import-same = Unchanged
import-refused = Rejected
import-refused-rows = Rejected rows
import-download-refused = Download rejected rows
import-row = Row
import-column = Column
import-value = Value
import-reason = Reason and fix
import-entities = Legal entities
import-cost-centers = Cost centres
import-people = People
import-departments = Departments
import-managers = Heads of departments
import-assignments = Assignments
import-roles = Roles
import-payee-accounts = Payee accounts
import-crm-users = CRM users and employees
import-accounts = Accounts
import-contacts = Contacts
import-deals = Deals
import-projects = Projects
import-orders = Orders
import-visits = Visits and calls
field-column-missing = Lacks the required column “{ $en }” ({ $column })
field-file-too-large = Larger than 50 MB: split it
field-file-empty = Empty: the first line must name the columns
field-file-format = Neither CSV nor XLSX: save it as one of them
field-file-old-excel = An old or encrypted Excel file: save it as XLSX without a password
field-file-encoding = Line { $line } is in another encoding than the rest: save the file as UTF-8
field-file-bomb = Unpacks to far more than a table needs: save it anew from your spreadsheet
field-file-broken = Damaged: save it anew from your spreadsheet
field-file-columns = Line { $line } has more than 200 columns: leave out those that are not needed
field-file-rows = More than 200,000 rows: split it
field-file-cell = Line { $line }, column { $column } has more than 10,000 characters: shorten it, or close its quotation mark
field-file-quote = Line { $line }: a quotation mark opens and never closes
field-file-nameless = Line { $line }, column { $column } has text, but the column has no name: write one into the first line
field-file-twice = Columns { $first } and { $second } are both called “{ $name }”: rename or remove one
field-file-formula = Line { $line }, column { $column } shows { $error }: mend the formula
field-no-person = Nobody has this number or mail address: correct it, or import people first
field-no-entity = No such legal entity: write its code, or import entities first
field-no-department = No such department: write its code, or import departments first
field-no-connection = No such CRM connection: write its name
field-no-record = No such record of Outlay’s own: write its id, or import it first
field-yes-or-no = Write yes or no
field-before-from = Must be after the first day
field-circle = The departments above form a circle: change the parent of one of them
field-other-entity = Belongs to another legal entity
field-fixed = In use and cannot be changed
field-not-a-country = Write two letters, like CN
field-not-a-zone = Write a time zone, like Asia/Shanghai
field-not-a-language = Write zh-CN or en
field-not-a-role = Write finance, payer, sales_ops, admin or auditor
field-masked = Not the account that is known: write the whole number
import-template = Template
import-in-parts = It writes 1,000 rows at a time, each thousand together or not at all. If it is broken off, import the same file again: what is there already is unchanged.
import-fx-rates = Exchange rates
field-no-cost-center = No such cost centre: write its code, or import cost centres first
field-of-crm = Comes from the CRM “{ $connection }”: change it there
import-first = The first { $n } faults
