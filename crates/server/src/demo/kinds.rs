//! The kinds of claims: a journey, a visit in town, a meal with a customer, a small purchase, a fair.

use jiff::Span;
use outlay_core::{Currency, Money};

use super::calendar::workday;
use super::story::{Story, Writer};
use super::words;
use crate::error::Error;

impl Writer<'_> {
    /// A claim of a kind that fits the person.
    pub fn any(mut self) -> Result<Story, Error> {
        let travels = self.person.sells()
            || self.person.department_code.starts_with("LS.T")
            || self.person.department_code.starts_with("LS.E.D");
        let kind = if travels {
            self.chance.between(0, 99)
        } else {
            80 + self.chance.between(0, 19)
        };
        match kind {
            0..=39 => self.trip(None),
            40..=64 => self.visit(None),
            65..=79 => self.dinner(None),
            80..=86 => self.small("telecom"),
            87..=95 => self.small("office"),
            _ => self.fair(),
        }
    }

    /// A journey with hotel, of one to four nights.
    pub fn trip(mut self, deal: Option<usize>) -> Result<Story, Error> {
        let deal = self.begin(deal);
        let german = !self.firm.is_chinese();
        let (city, short) = self.place(deal);
        if ["北京", "Hamburg"].contains(&city) {
            return self.visit(Some(deal));
        }
        let nights = u32::try_from(self.chance.between(1, 4)).unwrap_or(1);
        let first = workday(self.back(i64::from(nights) + 1, i64::from(nights) + 6));
        let last = first.saturating_add(Span::new().days(i64::from(nights)));
        let last = last.min(self.day);
        let abroad = self.chance.percent(5) && !german;
        let air = self.chance.percent(25);
        let home = if german { "Hamburg" } else { "北京南" };
        for (on, from, to) in [(first, home, city), (last, city, home)] {
            let (category, gross, seat) = match (air, german) {
                (true, false) => ("travel.air", self.price(580, 1_500), "经济舱"),
                (false, false) => (
                    "travel.rail",
                    self.price(120, 560),
                    if self.chance.percent(6) {
                        "一等座"
                    } else {
                        "二等座"
                    },
                ),
                (true, true) => ("travel.air", self.price(110, 380), "Economy"),
                (false, true) => ("travel.rail", self.price(29, 160), "2. Klasse"),
            };
            let text = format!("{from} → {to}, {seat}").replace(", ", if german { ", " } else { "，" });
            self.line(category, on, text, None, 1, gross)?;
        }
        let each = match (german, self.chance.percent(14)) {
            (false, false) => self.price(240, 390),
            (false, true) => self.price(520, 700),
            (true, false) => self.price(82, 109),
            (true, true) => self.price(150, 190),
        };
        let hotel = Money::new(each.minor * i64::from(nights), each.currency);
        let text = if german {
            format!("{city}, {nights} Nächte")
        } else {
            format!("{city}，{nights} 晚")
        };
        if abroad {
            let euros = Money::new(self.chance.between(90, 160) * 100 * i64::from(nights), Currency::EUR);
            self.foreign(
                "lodging",
                first,
                format!("汉堡展会住宿，{nights} 晚"),
                "汉堡",
                nights,
                euros,
            )?;
        } else {
            self.line("lodging", first, text, Some(city), nights, hotel)?;
        }
        for n in 0..nights.min(2) {
            let on = first.saturating_add(Span::new().days(i64::from(n))).min(self.day);
            let gross = if german { self.price(9, 26) } else { self.price(35, 110) };
            self.line("meals", on, String::new(), Some(city), 1, gross)?;
        }
        let gross = if german { self.price(14, 48) } else { self.price(22, 95) };
        let text = if german {
            "Bahnhof – Kunde"
        } else {
            "车站往返客户现场"
        };
        self.line("travel.taxi", first, text.into(), Some(city), 1, gross)?;
        let title = match (german, self.chance.percent(50)) {
            (false, true) => format!("{city}拜访{short}"),
            (false, false) => format!("{short}{}出差", words::visit(&mut self.chance, false)),
            (true, _) => format!("{} {short}, {city}", words::visit(&mut self.chance, true)),
        };
        self.finish(title, Some(deal), Some(first))
    }

    /// An hour at a customer in town.
    pub fn visit(mut self, deal: Option<usize>) -> Result<Story, Error> {
        let deal = self.begin(deal);
        let german = !self.firm.is_chinese();
        let (city, short) = self.place(deal);
        let on = workday(self.back(1, 5));
        let text = if german {
            "Hin und zurück"
        } else {
            "往返客户现场"
        };
        let gross = if german {
            self.price(18, 60)
        } else {
            self.price(30, 130)
        };
        self.line("travel.taxi", on, text.into(), Some(city), 1, gross)?;
        if german && self.chance.percent(40) {
            let kilometres = self.chance.between(20, 240);
            let gross = Money::new(kilometres * 30, Currency::EUR);
            let quantity = u32::try_from(kilometres).unwrap_or(1);
            self.bare("travel.mileage", on, "Eigener Pkw".into(), None, quantity, gross);
        }
        let gross = if german { self.price(9, 26) } else { self.price(28, 105) };
        self.line("meals", on, String::new(), Some(city), 1, gross)?;
        let what = words::visit(&mut self.chance, german);
        let title = if german {
            format!("{what} {short}")
        } else {
            format!("{short}{what}")
        };
        self.finish(title, Some(deal), Some(on))
    }

    /// A meal with people of a customer.
    pub fn dinner(mut self, deal: Option<usize>) -> Result<Story, Error> {
        let deal = self.begin(deal);
        self.served = vec![(Some(deal), 1)];
        let german = !self.firm.is_chinese();
        let (city, short) = self.place(deal);
        let on = workday(self.back(1, 6));
        let people = u32::try_from(self.chance.between(2, 7)).unwrap_or(2);
        let each = match (german, self.chance.percent(12)) {
            (false, false) => self.price(70, 145),
            (false, true) => self.price(205, 260),
            (true, false) => self.price(24, 58),
            (true, true) => self.price(64, 88),
        };
        let gross = Money::new(each.minor * i64::from(people), each.currency);
        let contact = self.contact(deal);
        let text = if german {
            format!("Abendessen mit {contact}")
        } else {
            format!("与{contact}等共进晚餐")
        };
        self.line("hospitality", on, text, Some(city), people, gross)?;
        if self.chance.percent(45) {
            let gross = if german { self.price(12, 30) } else { self.price(20, 70) };
            let text = if german { "Rückfahrt" } else { "招待后返程" };
            self.line("travel.taxi", on, text.into(), Some(city), 1, gross)?;
        }
        let title = if german {
            format!("Bewirtung {short}")
        } else {
            format!("招待{short}{contact}一行")
        };
        self.finish(title, Some(deal), Some(on))
    }

    fn small(mut self, category: &'static str) -> Result<Story, Error> {
        self.served = vec![(None, 1)];
        let german = !self.firm.is_chinese();
        let on = workday(self.back(1, 9));
        let month = on.month();
        let (title, gross) = match (category, german) {
            ("telecom", false) => (format!("{month} 月通讯费"), self.price(88, 199)),
            ("telecom", true) => (format!("Mobilfunk {month:02}/{}", on.year()), self.price(22, 55)),
            (_, false) => (
                (*self
                    .chance
                    .pick(&["部门办公用品", "打印耗材", "会议室用品", "工具与耗材"]))
                .to_owned(),
                self.price(60, 420),
            ),
            (_, true) => (
                (*self.chance.pick(&["Bürobedarf", "Druckerpatronen", "Werkzeug"])).to_owned(),
                self.price(14, 110),
            ),
        };
        self.line(category, on, title.clone(), None, 1, gross)?;
        self.finish(title, None, None)
    }

    fn fair(mut self) -> Result<Story, Error> {
        self.served = vec![(None, 1)];
        let german = !self.firm.is_chinese();
        let on = workday(self.back(2, 10));
        let gross = if german {
            self.price(380, 2_400)
        } else {
            self.price(2_200, 14_500)
        };
        let (title, text) = if german {
            ("Messeteilnahme", "Standpaket")
        } else {
            ("工业视觉展参展", "标准展位与搭建")
        };
        self.line("conference", on, text.into(), None, 1, gross)?;
        let gross = if german {
            self.price(80, 400)
        } else {
            self.price(300, 1_900)
        };
        self.line(
            "samples",
            on,
            if german { "Muster" } else { "展品样件" }.into(),
            None,
            1,
            gross,
        )?;
        self.finish(title.to_owned(), None, None)
    }
}
