//! Chance, and what columns hold.

/// Chance that is the same each time.
pub struct Lots(u64);

impl Lots {
    pub fn new(seed: u64) -> Lots {
        // Seeds that lie side by side must not begin alike.
        let mut lots = Lots(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D);
        for _ in 0..4 {
            lots.below(2);
        }
        lots
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 33) as usize % n
    }

    /// True once in so many times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Number,
    Text,
    Truth,
    Date,
    Span,
    Months,
    Time,
    Moment,
}

impl Kind {
    pub fn any(lots: &mut Lots) -> Kind {
        match lots.below(16) {
            0..=5 => Kind::Number,
            6..=8 => Kind::Text,
            9..=10 => Kind::Truth,
            11..=12 => Kind::Date,
            13 => Kind::Span,
            14 => Kind::Months,
            _ if lots.one_in(2) => Kind::Time,
            _ => Kind::Moment,
        }
    }

    /// Its name in a `.dmn` file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Text => "string",
            Kind::Truth => "boolean",
            Kind::Date => "date",
            Kind::Span => "dayTimeDuration",
            Kind::Months => "yearMonthDuration",
            Kind::Time => "time",
            Kind::Moment => "dateTime",
        }
    }

    /// Constants, from the least; few, so that cells meet.
    pub fn constants(self) -> &'static [&'static str] {
        match self {
            Kind::Number => &[
                "-1000000",
                "-2.5",
                "-1",
                "0",
                "0.000001",
                "0.1",
                "1",
                "1.10",
                "2",
                "3",
                "7.25",
                "10",
                "99.99",
                "100",
                "1000",
                "12345678.9012",
                "9999999999999999999999.999999999999",
            ],
            Kind::Text => &[
                r#""""#,
                r#"" ""#,
                r#""A b""#,
                r#""a""#,
                r#""aa""#,
                r#""b""#,
                r#""z""#,
                r#""é""#,
                r#""住宿""#,
                r#""餐饮""#,
            ],
            Kind::Truth => &["false", "true"],
            Kind::Date => &[
                r#"date("1999-12-31")"#,
                r#"date("2024-02-29")"#,
                r#"@"2025-01-01""#,
                r#"date("2025-12-31")"#,
                r#"date(2026, 1, 31)"#,
                r#"@"2026-06-30""#,
            ],
            Kind::Span => &[
                r#"duration("-P1D")"#,
                r#"duration("PT0S")"#,
                r#"@"PT90M""#,
                r#"duration("PT24H")"#,
                r#"duration("P2DT3H4M5S")"#,
                r#"duration("P30D")"#,
            ],
            Kind::Months => &[
                r#"duration("-P1M")"#,
                r#"duration("P0M")"#,
                r#"@"P11M""#,
                r#"duration("P1Y")"#,
                r#"duration("P1Y6M")"#,
                r#"duration("P10Y")"#,
            ],
            Kind::Time => &[
                r#"time("00:00:00")"#,
                r#"time("08:59:59")"#,
                r#"@"09:00:00""#,
                r#"time("18:30:00")"#,
                r#"time("23:59:59")"#,
            ],
            Kind::Moment => &[
                r#"date and time("2025-12-31T23:59:59")"#,
                r#"@"2026-01-01T00:00:00""#,
                r#"date and time("2026-01-01T08:00:00")"#,
                r#"date and time("2026-06-30T12:00:00")"#,
            ],
        }
    }

    pub fn constant(self, lots: &mut Lots) -> String {
        lots.of(self.constants()).to_owned()
    }
}
