//! From what was bought to a likely expense category. Conservative: no hint is better than a wrong one.

use serde::{Deserialize, Serialize};

use crate::invoice::{Invoice, InvoiceLine};

/// Expense categories, by their stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Category {
    #[serde(rename = "travel.rail")]
    TravelRail,
    #[serde(rename = "travel.air")]
    TravelAir,
    #[serde(rename = "travel.taxi")]
    TravelTaxi,
    #[serde(rename = "travel.other")]
    TravelOther,
    #[serde(rename = "lodging")]
    Lodging,
    #[serde(rename = "meals")]
    Meals,
    #[serde(rename = "hospitality")]
    Hospitality,
    #[serde(rename = "office")]
    Office,
    #[serde(rename = "samples")]
    Samples,
    #[serde(rename = "conference")]
    Conference,
    #[serde(rename = "telecom")]
    Telecom,
    #[serde(rename = "other")]
    Other,
}

impl Category {
    /// The stable name, such as `travel.rail`.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::TravelRail => "travel.rail",
            Category::TravelAir => "travel.air",
            Category::TravelTaxi => "travel.taxi",
            Category::TravelOther => "travel.other",
            Category::Lodging => "lodging",
            Category::Meals => "meals",
            Category::Hospitality => "hospitality",
            Category::Office => "office",
            Category::Samples => "samples",
            Category::Conference => "conference",
            Category::Telecom => "telecom",
            Category::Other => "other",
        }
    }
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The category on which all lines of an invoice agree, discount lines left aside.
pub(crate) fn of_lines(invoice: &Invoice, of_line: impl Fn(&InvoiceLine) -> Option<Category>) -> Option<Category> {
    let discount = |l: &&InvoiceLine| l.net.is_some_and(|m| m.minor < 0);
    let charged = invoice.lines.iter().filter(|l| !discount(l)).count() > 0;
    let mut hints = invoice.lines.iter().filter(|l| !charged || !discount(l)).map(of_line);
    let first = hints.next()??;
    hints.all(|h| h == Some(first)).then_some(first)
}

const FREIGHT: &[&str] = &["货物", "货运", "快递", "物流", "仓储", "收派"];
const RAIL: &[&str] = &["铁路", "火车", "高铁", "动车", "12306"];
const AIR: &[&str] = &["航空", "机票", "飞机", "客票行程单", "燃油附加", "民航"];
const TAXI: &[&str] = &["出租", "网约车", "打车", "专车", "快车", "约车", "滴滴"];

/// The category of a Chinese line. `context` is other text that tells the means of travel: vehicle, seller, remark.
pub(crate) fn chinese(line: &InvoiceLine, context: &str) -> Option<Category> {
    let name = line.name.as_deref().unwrap_or_default();
    if name.contains("样品") {
        return Some(Category::Samples);
    }
    match line.class.as_deref() {
        Some(class) => chinese_class(class, name, context),
        None => line
            .class_code
            .as_deref()
            .and_then(|code| chinese_code(code, name, context))
            .or_else(|| chinese_class(name, name, context)),
    }
}

fn chinese_class(class: &str, name: &str, context: &str) -> Option<Category> {
    let is = |words: &[&str]| words.iter().any(|w| class.contains(w));
    if is(&["餐饮", "餐费"]) {
        Some(Category::Meals)
    } else if is(&["住宿", "酒店客房"]) {
        Some(Category::Lodging)
    } else if is(FREIGHT) || FREIGHT.iter().any(|w| name.contains(w)) {
        None
    } else if is(&["运输服务", "旅客运输", "客运", "航空运输", "铁路运输"]) {
        Some(means(&format!("{class} {name} {context}")))
    } else if is(&["通行费", "停车费"]) || (is(&["经营租赁"]) && name.contains("通行费")) {
        Some(Category::TravelOther)
    } else if is(&["经纪代理", "代理服务"]) {
        booked(name)
    } else if is(&["会议", "会展", "展览"]) {
        Some(Category::Conference)
    } else if is(&["电信", "通信服务"]) {
        Some(Category::Telecom)
    } else if is(&["办公用品", "文具", "纸制品", "办公设备"]) {
        Some(Category::Office)
    } else if matches!(class, "酒" | "烟草制品") {
        Some(Category::Hospitality)
    } else {
        None
    }
}

/// 商品和服务税收分类编码 by prefix: 301 transport, 303 telecom, 30403 04 exhibitions, 30704 catering and lodging.
fn chinese_code(code: &str, name: &str, context: &str) -> Option<Category> {
    const PREFIXES: [(&str, Category); 6] = [
        ("3070401", Category::Meals),
        ("3070402", Category::Lodging),
        ("3040304", Category::Conference),
        ("303", Category::Telecom),
        ("301030101", Category::TravelAir),
        ("301010101", Category::TravelRail),
    ];
    if code.len() < 9 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let known = PREFIXES.iter().find(|(prefix, _)| code.starts_with(prefix));
    known
        .map(|(_, c)| *c)
        .or_else(|| (code.starts_with("301") && name.contains('客')).then(|| means(context)))
}

pub(crate) fn means(text: &str) -> Category {
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    match (has(RAIL), has(AIR), has(TAXI)) {
        (true, false, false) => Category::TravelRail,
        (false, true, false) => Category::TravelAir,
        (false, false, true) => Category::TravelTaxi,
        _ => Category::TravelOther,
    }
}

/// What an agent booked: 代订机票, 代订住宿, 代订火车票.
fn booked(name: &str) -> Option<Category> {
    if ["住宿", "酒店", "房费"].iter().any(|w| name.contains(w)) {
        return Some(Category::Lodging);
    }
    match means(name) {
        Category::TravelOther => None,
        known => Some(known),
    }
}

/// The category of a line of EN 16931: by UNSPSC (list `TSP`) or CPV (list `STI`) code, else by whole words of its name.
pub(crate) fn european(line: &InvoiceLine) -> Option<Category> {
    let by_code = line.class_code.as_deref().and_then(|code| {
        let (list, code) = code.split_once(':')?;
        let table = match list {
            "TSP" | "UNSPSC" => UNSPSC,
            "STI" | "CPV" => CPV,
            _ => return None,
        };
        table
            .iter()
            .find(|(prefix, _)| code.starts_with(prefix))
            .map(|(_, c)| *c)
    });
    by_code.or_else(|| by_words(line.name.as_deref()?))
}

const UNSPSC: &[(&str, Category)] = &[
    ("9011", Category::Lodging),
    ("9010", Category::Meals),
    ("781115", Category::TravelAir),
    ("781116", Category::TravelRail),
    ("78111804", Category::TravelTaxi),
    ("7811", Category::TravelOther),
    ("8311", Category::Telecom),
    ("4412", Category::Office),
    ("80141607", Category::Conference),
];

const CPV: &[(&str, Category)] = &[
    ("551", Category::Lodging),
    ("553", Category::Meals),
    ("604", Category::TravelAir),
    ("602", Category::TravelRail),
    ("6012", Category::TravelTaxi),
    ("642", Category::Telecom),
    ("3019", Category::Office),
    ("7995", Category::Conference),
];

const WORDS: &[(Category, &[&str])] = &[
    (
        Category::Lodging,
        &[
            "hotel",
            "hotell",
            "lodging",
            "accommodation",
            "übernachtung",
            "übernachtungen",
            "hotelübernachtung",
            "hôtel",
            "logi",
            "overnatting",
            "hotelzimmer",
        ],
    ),
    (Category::TravelTaxi, &["taxi", "taxifahrt", "taxifahrten", "taxiresa"]),
    (
        Category::TravelAir,
        &[
            "flight",
            "airfare",
            "flug",
            "flugticket",
            "flyg",
            "flygresa",
            "flybillett",
            "flygbiljett",
            "flugschein",
        ],
    ),
    (
        Category::TravelRail,
        &[
            "train",
            "rail",
            "bahnfahrt",
            "bahnticket",
            "zugticket",
            "tåg",
            "tågresa",
            "bahncard",
        ],
    ),
    (
        Category::Meals,
        &[
            "restaurant",
            "catering",
            "lunch",
            "dinner",
            "mittagessen",
            "abendessen",
            "bewirtung",
        ],
    ),
    (
        Category::Conference,
        &[
            "conference",
            "konferenz",
            "tagung",
            "tagungsgebühr",
            "messegebühr",
            "konferens",
        ],
    ),
    (
        Category::Telecom,
        &[
            "mobilfunk",
            "telefon",
            "telephone",
            "telekommunikation",
            "mobilabonnemang",
        ],
    ),
    (
        Category::Office,
        &["bürobedarf", "büromaterial", "stationery", "kontorsmaterial"],
    ),
];

fn by_words(name: &str) -> Option<Category> {
    let lower = name.to_lowercase();
    let mut found = WORDS
        .iter()
        .filter(|(_, words)| lower.split(|c: char| !c.is_alphanumeric()).any(|w| words.contains(&w)));
    match (found.next(), found.next()) {
        (Some((category, _)), None) => Some(*category),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(class: Option<&str>, name: &str, code: Option<&str>) -> InvoiceLine {
        InvoiceLine {
            class: class.map(str::to_owned),
            name: Some(name.to_owned()),
            class_code: code.map(str::to_owned),
            ..InvoiceLine::default()
        }
    }

    #[test]
    fn chinese_classes() {
        for (class, name, context, hint) in [
            ("餐饮服务", "餐费", "", Some(Category::Meals)),
            ("住宿服务", "住宿费", "", Some(Category::Lodging)),
            ("运输服务", "客运服务费", "示例出租汽车公司", Some(Category::TravelTaxi)),
            ("运输服务", "客运服务费", "", Some(Category::TravelOther)),
            ("旅客运输", "高铁票", "", Some(Category::TravelRail)),
            ("航空运输服务", "国内客票", "", Some(Category::TravelAir)),
            ("物流辅助服务", "收派服务费", "", None),
            ("运输服务", "货物运输费", "", None),
            ("经纪代理服务", "代订机票费", "", Some(Category::TravelAir)),
            ("经纪代理服务", "代理费", "", None),
            ("会展服务", "会议费", "", Some(Category::Conference)),
            ("信息技术服务", "软件维护费", "", None),
            ("塑料制品", "样品", "", Some(Category::Samples)),
        ] {
            assert_eq!(chinese(&line(Some(class), name, None), context), hint, "{class} {name}");
        }
        assert_eq!(
            chinese(&line(None, "早餐", Some("3070401000000000000")), ""),
            Some(Category::Meals)
        );
        assert_eq!(chinese(&line(None, "餐饮服务", None), ""), Some(Category::Meals));
    }

    #[test]
    fn european_codes_and_words() {
        assert_eq!(
            european(&line(None, "Zimmer", Some("TSP:90111500"))),
            Some(Category::Lodging)
        );
        assert_eq!(
            european(&line(None, "Taxi Stockholm-Arlanda", None)),
            Some(Category::TravelTaxi)
        );
        assert_eq!(european(&line(None, "Training materials", None)), None);
        assert_eq!(european(&line(None, "Hotel and taxi", None)), None);
    }

    #[test]
    fn names_agree_with_json() {
        let all = [Category::TravelRail, Category::Meals, Category::Other];
        for c in all {
            let json = serde_json::to_string(&c).expect("JSON");
            assert_eq!(json, format!("\"{c}\""));
        }
    }
}
