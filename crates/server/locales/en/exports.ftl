tables-tab-exports = Scheduled exports
exports-none = No export is scheduled
exports-none-hint = Have tables written to a folder at set times, for a spreadsheet, a data warehouse or your ERP. For example: accounts and deals each night at 02:00.
export-new = Schedule an export
export-add = Schedule
export-what = Contents
export-format = Format
export-when = When
export-daily = Each day at
export-hourly = Every … hours
export-hours = Hours between two exports
export-time = Local time
export-entity = Time zone of
export-next = Next
export-last = Last written
export-path-help = Such as exports/nightly; it is made if it is not there. It is below
export-how = Each kind of content becomes a file of its own, with date and time in its name, as an export on the import page gives it. It is written by your rights, and only as long as you have them. Times that were missed are made up for once; after a failure it is tried again each quarter of an hour.
export-every-n = { $n ->
    [one] every hour
   *[other] every { $n } hours
}
export-daily-at = each day at { $at }
export-about = { $kinds } as { $format }, by the rights of { $name }.
export-not-yet = Not yet
export-written = Written
export-failed = Failed
export-run-now = Write now
export-remove = Remove
export-runs = Last runs
export-no-runs = Nothing was written yet.
export-files = Files
export-rows = Rows
export-size = Size
export-due = Due
export-by-hand = by hand
format-csv = CSV, UTF-8
format-csv-gbk = CSV, GBK
format-xlsx = Excel (XLSX)
field-export-time = Write a time, like 02:30
field-export-when = Say either every how many hours, or at what time each day
field-export-watched = This folder is watched: what is written there would be imported; choose another
field-folder-exported = An export is written to this folder: choose another, or what is exported would be imported
field-export-owner = Whoever set it up has left or may not export this any more: somebody who may has to remove it and set it up again
field-whole-number = Write a whole number
audit-thing-export = Scheduled export
audit-did-n-exported = { $n ->
    [one] one row exported
   *[other] { $n } rows exported
}
audit-did-export-failed = export failed
export-settings = Settings
