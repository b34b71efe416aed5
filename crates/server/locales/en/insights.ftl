insights-cost = Cost of sale
insights-scope = Scope
insights-scope-entity = Whole entity
insights-scope-departments = My departments
insights-scope-own = My own
insights-from = From
insights-to = To
insights-export = Export
insights-by = By
insights-by-account = By customer
insights-by-deal = By deal
insights-by-department = By department
insights-by-category = By category
insights-by-month = By month
insights-none = No costs in this period
insights-none-hint = Choose another period or entity; a claim counts as soon as it is submitted.
insights-paid = Paid
insights-pending = Pending
insights-won = Won amount
insights-won-hint = from the CRM, same currency
insights-ratio = Cost ratio
insights-chart = Cost by month, stacked by category. The figures are in the tables by month and by category.
insights-top = Dearest
insights-account = Customer
insights-deal = Deal
insights-department = Department
insights-category = Category
insights-month-title = Month
insights-month = { $n ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
insights-share = Share
insights-months = { $n } months
insights-others = { $n } others
insights-other = Other
insights-no-account = No customer
insights-no-deal = No deal
insights-total = Total
insights-csv-name = Name
insights-csv-currency = Currency
insights-csv-sum = Cost
insights-csv-pending = Pending
insights-csv-paid = Paid
insights-csv-share = Share (%)
insights-csv-won = Won amount
insights-csv-ratio = Cost ratio (%)
field-departments-only = Heads see their departments by department, category or month
field-not-a-month = Not a month: write it like 2026-11
field-after-to = The first month is after the last
field-too-many-months = At most 60 months at once
insights-hidden = The figures count claims that you may not open.
