//! What the columns of a rule's table may ask about: a fixed vocabulary, with a type and a name in both languages.
//!
//! | Name | 名称 | Type | Of |
//! | --- | --- | --- | --- |
//! | `category` | 费用类别 | a category's code | line |
//! | `grade` | 职级 | a grade; `P7+`, `P4..P6` | claimant |
//! | `tier` | 城市等级 | a tier's code | line |
//! | `season` | 季节 | a season's code | line |
//! | `place` | 城市 | text; width, case, spaces and a trailing 市 do not count | line |
//! | `country` | 国家 | two letters of ISO 3166, as `CN` | line, else the entity |
//! | `date` | 发生日期 | a day; `2025-01-01..2025-12-31`, `2025` | line |
//! | `age` | 距今天数 | days from the expense to today | line |
//! | `day_off` | 休息日 | yes or no | line |
//! | `quantity` | 数量 | nights, persons, kilometres | line |
//! | `amount` | 申报金额 | in the policy's currency | line |
//! | `each` | 单价 | amount by quantity: a head, a night | line |
//! | `currency` | 支付币种 | three letters of ISO 4217 | line |
//! | `evidence` | 证据等级 | `A` to `D`; `B+` is B or better | line |
//! | `linked` | 关联 | `deal`, `account`, `activity`, `order`, `project` or `none`: the first that the line is for | line |
//! | `class` | 席别 | a class of the policy | line |
//! | `hours` | 行程小时 | hours of the journey | line |
//! | `distance` | 里程 | kilometres of the journey | line |
//! | `total` | 报销总额 | in the policy's currency | claim |
//! | `department` | 部门 | its code | claim |
//! | `stage` | 商机阶段 | `open`, `won`, `lost` or `none` | claim |
//! | `over` | 超标比例 | the largest share by which a standard is exceeded: `<= 10%` | line and claim; not in a rule that finds |
//!
//! What is not known is null, which only `-`, `null` and `not(…)` pass.

use super::PolicySet;
use super::rule::LinkKind;
use super::set::Class;
use crate::feel::Kind;
use crate::words::Lang;

/// Something that a column may ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The line's category.
    Category,
    /// The claimant's grade.
    Grade,
    /// The tier of the line's place.
    Tier,
    /// The season of the line's day and place.
    Season,
    /// The line's place.
    Place,
    /// The country of the line, else of the entity.
    Country,
    /// The day of the expense.
    Date,
    /// Days from the expense to today.
    Age,
    /// Whether nobody works on that day.
    DayOff,
    /// Nights, persons, kilometres.
    Quantity,
    /// What the line claims.
    Amount,
    /// What it claims for one of them.
    Each,
    /// The currency that was paid in.
    Currency,
    /// How good the line's proof is.
    Evidence,
    /// What the line is for.
    Linked,
    /// The class of seat or cabin.
    Class,
    /// Hours of the journey.
    Hours,
    /// Kilometres of the journey.
    Distance,
    /// What the claim asks for.
    Total,
    /// Where it is booked.
    Department,
    /// How far its deal is.
    Stage,
    /// By what share a standard is exceeded.
    Over,
}

/// How a column's values are written and compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Codes without an order.
    Codes(Vec<String>),
    /// Codes from low to high.
    Ranked(Vec<String>),
    /// Any text.
    Text,
    /// Text in one spelling for a city.
    Place,
    /// A number from 0.
    Amount,
    /// Any number.
    Number,
    /// A day.
    Date,
    /// Yes or no.
    Truth,
}

impl Fact {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Fact; 22] = [
        Fact::Category,
        Fact::Grade,
        Fact::Tier,
        Fact::Season,
        Fact::Place,
        Fact::Country,
        Fact::Date,
        Fact::Age,
        Fact::DayOff,
        Fact::Quantity,
        Fact::Amount,
        Fact::Each,
        Fact::Currency,
        Fact::Evidence,
        Fact::Linked,
        Fact::Class,
        Fact::Hours,
        Fact::Distance,
        Fact::Total,
        Fact::Department,
        Fact::Stage,
        Fact::Over,
    ];

    /// Its name in a policy's text: the heading of a column.
    pub fn code(self) -> &'static str {
        self.names().0
    }

    /// Its name for people.
    pub fn name(self, lang: Lang) -> &'static str {
        let (_, zh, en) = self.names();
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Fact::Category => ("category", "费用类别", "category"),
            Fact::Grade => ("grade", "职级", "grade"),
            Fact::Tier => ("tier", "城市等级", "city tier"),
            Fact::Season => ("season", "季节", "season"),
            Fact::Place => ("place", "城市", "city"),
            Fact::Country => ("country", "国家", "country"),
            Fact::Date => ("date", "发生日期", "day of the expense"),
            Fact::Age => ("age", "距今天数", "age in days"),
            Fact::DayOff => ("day_off", "休息日", "day off"),
            Fact::Quantity => ("quantity", "数量", "quantity"),
            Fact::Amount => ("amount", "申报金额", "amount claimed"),
            Fact::Each => ("each", "单价", "amount each"),
            Fact::Currency => ("currency", "支付币种", "currency paid"),
            Fact::Evidence => ("evidence", "证据等级", "grade of proof"),
            Fact::Linked => ("linked", "关联", "linked to"),
            Fact::Class => ("class", "席别", "class of travel"),
            Fact::Hours => ("hours", "行程小时", "hours of travel"),
            Fact::Distance => ("distance", "里程", "distance in km"),
            Fact::Total => ("total", "报销总额", "total of the claim"),
            Fact::Department => ("department", "部门", "department"),
            Fact::Stage => ("stage", "商机阶段", "stage of the deal"),
            Fact::Over => ("over", "超标比例", "share over standard"),
        }
    }

    /// The fact of a heading: its code, or its name in either language.
    pub fn parse(heading: &str) -> Option<Fact> {
        let wanted = super::set::fold(heading.trim());
        Fact::ALL.into_iter().find(|fact| {
            let (code, zh, en) = fact.names();
            [code, zh, en].contains(&wanted.as_str())
        })
    }

    /// Whether it is of the claim as a whole, so that a table about claims may ask it.
    pub fn is_of_claim(self) -> bool {
        matches!(
            self,
            Fact::Grade | Fact::Evidence | Fact::Total | Fact::Department | Fact::Stage | Fact::Over
        )
    }

    /// Whether it is known of a day away, before there is a line.
    pub fn is_of_day(self) -> bool {
        matches!(
            self,
            Fact::Grade | Fact::Tier | Fact::Season | Fact::Place | Fact::Country | Fact::Date | Fact::DayOff
        )
    }

    /// How its values are written, with the codes that a policy knows.
    pub fn values(self, set: &PolicySet) -> Values {
        let owned = |all: &[&str]| all.iter().map(|c| (*c).to_owned()).collect();
        match self {
            Fact::Category => Values::Codes(set.categories.iter().map(|c| c.code.clone()).collect()),
            Fact::Grade => Values::Ranked(set.grades.clone()),
            Fact::Tier => Values::Codes(set.tiers.iter().map(|t| t.code.clone()).collect()),
            Fact::Season => {
                let mut codes: Vec<String> = Vec::new();
                for season in &set.seasons {
                    if !codes.contains(&season.code) {
                        codes.push(season.code.clone());
                    }
                }
                codes.push("none".to_owned());
                Values::Codes(codes)
            }
            Fact::Evidence => Values::Ranked(owned(&["D", "C", "B", "A"])),
            Fact::Linked => {
                let kinds = LINKED.iter().map(|kind| kind.code());
                Values::Codes(kinds.chain(["none"]).map(str::to_owned).collect())
            }
            Fact::Class => Values::Codes(set.classes.iter().map(|c: &Class| c.code.clone()).collect()),
            Fact::Stage => Values::Codes(owned(&["open", "won", "lost", "none"])),
            Fact::Place => Values::Place,
            Fact::Country | Fact::Currency | Fact::Department => Values::Text,
            Fact::Date => Values::Date,
            Fact::DayOff => Values::Truth,
            Fact::Age => Values::Number,
            Fact::Quantity | Fact::Amount | Fact::Each | Fact::Hours | Fact::Distance | Fact::Total | Fact::Over => {
                Values::Amount
            }
        }
    }
}

/// The kinds of record, in the order in which a line that is for several is said to be for one.
pub(super) const LINKED: [LinkKind; 5] = [
    LinkKind::Deal,
    LinkKind::Account,
    LinkKind::Activity,
    LinkKind::Order,
    LinkKind::Project,
];

impl Values {
    /// The type of a column, and the values that may come, as the cell of a table has them.
    pub fn typed(&self) -> (Kind, String) {
        match self {
            Values::Codes(codes) | Values::Ranked(codes) => (Kind::String, super::cell::quoted(codes)),
            Values::Text | Values::Place => (Kind::String, String::new()),
            Values::Amount => (Kind::Number, ">= 0".to_owned()),
            Values::Number => (Kind::Number, String::new()),
            Values::Date => (Kind::Date, String::new()),
            Values::Truth => (Kind::Boolean, String::new()),
        }
    }
}
