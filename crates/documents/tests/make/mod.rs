//! Generated invoices, and writers for every format that is read. All firms and numbers are invented.
#![allow(dead_code)]

pub mod container;
pub mod europe;
pub mod ofd;
pub mod pdf;
pub mod xml;

use jiff::civil::{Date, date};
use outlay_core::evidence::{TaxIdCheck, check_tax_id};
use outlay_core::{Currency, Money, capital};

/// Numbers that only look random: the same for the same seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

/// What kind of invoice a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 数电票.
    Digital,
    /// With code and number of 8 digits, before 2023.
    Coded,
    /// A digital one that reverses another.
    Red,
    /// Railway e-ticket.
    Rail,
    /// Air e-ticket.
    Air,
}

/// One line, amounts in fen.
#[derive(Debug, Clone)]
pub struct ModelLine {
    pub item: String,
    pub unit: String,
    pub quantity: usize,
    pub net: i64,
    pub rate: &'static str,
    pub tax: Option<i64>,
}

/// A Chinese invoice as the texts that a writer writes, so that tests can spoil any of them.
#[derive(Debug, Clone)]
pub struct Model {
    pub family: Family,
    pub number: String,
    pub code: String,
    pub day: Date,
    /// Written instead of the day where a test spoils it.
    pub day_text: Option<String>,
    pub seller: (String, String),
    pub buyer: (String, String),
    pub lines: Vec<ModelLine>,
    pub net: String,
    pub tax: String,
    pub gross: String,
    pub other: String,
    pub capital: String,
    pub red_of: String,
    pub way: (String, String, Date),
}

pub fn fen(amount: i64) -> String {
    Money::new(amount, Currency::CNY).plain()
}

const TOWNS: [&str; 8] = ["青禾", "云岫", "听松", "枫桥", "江南", "北辰", "望海", "石溪"];
const TRADES: [&str; 8] = [
    "餐饮管理有限公司",
    "仪器（上海）有限公司",
    "宾馆有限责任公司",
    "办公用品商行",
    "通信服务有限公司",
    "信息技术股份有限公司",
    "文化传播有限公司",
    "Trading Co Ltd",
];
const ITEMS: [(&str, &str); 8] = [
    ("*餐饮服务*餐费", "次"),
    ("*住宿服务*住宿费", "间夜"),
    ("*纸制品*复印纸", "包"),
    ("*电信服务*基础电信服务", "月"),
    ("*会展服务*会议费", "项"),
    ("*信息技术服务*软件维护费", "年"),
    ("*文具*白板笔", "支"),
    ("*印刷品*宣传册制作费", "组"),
];
const RATES: [(&str, i64); 5] = [("6%", 6), ("13%", 13), ("9%", 9), ("3%", 3), ("1%", 1)];

pub fn tax_id(dice: &mut Dice) -> String {
    let body = format!("91{}MA{}", dice.digits(6), dice.digits(7));
    let all = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars();
    let mut ids = all.map(|c| format!("{body}{c}"));
    ids.find(|id| check_tax_id(id) == TaxIdCheck::Right)
        .expect("a check character")
}

fn firm(dice: &mut Dice) -> (String, String) {
    let town = (dice.pick(&TOWNS).to_string(), dice.pick(&TOWNS).to_string());
    let name = format!("{}{}{}", town.0, town.1, dice.pick(&TRADES));
    (name, tax_id(dice))
}

pub fn model(seed: u64) -> Model {
    let dice = &mut Dice::new(seed);
    let families = [Family::Digital, Family::Coded, Family::Red, Family::Rail, Family::Air];
    let family = families[seed as usize % families.len()];
    let coded = family == Family::Coded;
    let year = if coded { 2020 } else { 2026 };
    let day = date(year, 1 + dice.below(12) as i8, 1 + dice.below(28) as i8);
    let number = if coded {
        dice.digits(8)
    } else {
        format!("26{}", dice.digits(18))
    };
    let mut lines = Vec::new();
    for _ in 0..1 + dice.below(4) {
        let (item, unit) = *dice.pick(&ITEMS);
        let (rate, percent) = *dice.pick(&RATES);
        let net = 100 + dice.below(900_000) as i64;
        let free = dice.below(9) == 0;
        lines.push(ModelLine {
            item: item.to_owned(),
            unit: unit.to_owned(),
            quantity: 1 + dice.below(20),
            net,
            rate: if free { "免税" } else { rate },
            tax: (!free).then_some((net * percent + 50) / 100),
        });
    }
    // A discount, as a line of its own; not as large as what it is taken from.
    if family == Family::Digital && dice.below(3) == 0 {
        let of = lines[0].clone();
        lines.push(ModelLine {
            net: -of.net / 10,
            tax: of.tax.map(|t| -t / 10),
            ..of
        });
    }
    let sign = if family == Family::Red { -1 } else { 1 };
    for line in &mut lines {
        line.net *= sign;
        line.tax = line.tax.map(|t| t * sign);
    }
    let mut net: i64 = lines.iter().map(|l| l.net).sum();
    let mut tax: i64 = lines.iter().filter_map(|l| l.tax).sum();
    let mut other = String::new();
    let mut gross = net + tax;
    if family == Family::Air {
        other = fen(5_000);
        gross += 5_000;
    }
    if family == Family::Rail {
        (net, tax) = (gross * 100 / 109, gross - gross * 100 / 109);
    }
    Model {
        family,
        number,
        code: if coded { dice.digits(12) } else { String::new() },
        day,
        day_text: None,
        seller: firm(dice),
        buyer: firm(dice),
        lines,
        net: fen(net),
        tax: fen(tax),
        gross: fen(gross),
        other,
        capital: capital::chinese_capital(Money::new(gross, Currency::CNY)),
        red_of: if family == Family::Red {
            format!("25{}", dice.digits(18))
        } else {
            String::new()
        },
        way: (
            "上海虹桥".to_owned(),
            "杭州东".to_owned(),
            day.yesterday().expect("a day"),
        ),
    }
}

impl Model {
    /// The day of issue as `2026年01月09日`, or what stands for it.
    pub fn chinese_day(&self) -> String {
        self.day_text
            .clone()
            .unwrap_or_else(|| self.day.strftime("%Y年%m月%d日").to_string())
    }

    /// The day of issue as `2026-01-09`.
    pub fn iso_day(&self) -> String {
        self.day_text.clone().unwrap_or_else(|| self.day.to_string())
    }

    pub fn is_ticket(&self) -> bool {
        matches!(self.family, Family::Rail | Family::Air)
    }

    /// The text of the QR code; older ones state the net amount.
    pub fn qr(&self) -> String {
        format!(
            "01,10,{},{},{},{},{},A1B2,",
            self.code,
            self.number,
            self.net,
            self.day.strftime("%Y%m%d"),
            "16197833567414507415"
        )
    }
}
