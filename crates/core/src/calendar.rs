//! Business days: weekends and holidays do not count, make-up workdays (调休) do.

use jiff::civil::Date;

use crate::policy::DaysOff;

/// Furthest that a working day is looked for, in days; a calendar of holidays alone ends there.
const FURTHEST: i64 = 1000;

impl DaysOff {
    /// How many days after `day` its `count`-th working day is; 0 for none.
    pub fn days_until(&self, day: Date, count: u16) -> i64 {
        let (mut at, mut days, mut left) = (day, 0, count);
        while left > 0 && days < FURTHEST {
            let Ok(next) = at.tomorrow() else { break };
            at = next;
            days += 1;
            if !self.contains(at) {
                left -= 1;
            }
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use crate::policy::DaysOff;

    #[test]
    fn make_up_workdays_count_and_holidays_do_not() {
        // National Day 2026 in China: holidays on 1–7 October, work on Saturday 10 October.
        let off = DaysOff {
            holidays: (1..=7).map(|d| date(2026, 10, d)).collect(),
            workdays: [date(2026, 10, 10)].into(),
        };
        let wednesday = date(2026, 9, 30);
        assert_eq!(off.days_until(wednesday, 0), 0);
        assert_eq!(off.days_until(wednesday, 1), 8);
        assert_eq!(off.days_until(wednesday, 3), 10);
        assert_eq!(DaysOff::default().days_until(date(2026, 11, 27), 1), 3);
    }
}
