//! Names and phrases of the demo. All firms and people are invented.

use std::collections::BTreeSet;

use super::chance::Chance;

const CITIES_ZH: [&str; 16] = [
    "上海", "苏州", "杭州", "南京", "宁波", "北京", "天津", "青岛", "深圳", "广州", "东莞", "武汉", "成都", "西安",
    "合肥", "厦门",
];
const CITIES_DE: [&str; 8] = [
    "Hamburg",
    "Bremen",
    "Köln",
    "Stuttgart",
    "München",
    "Leipzig",
    "Nürnberg",
    "Düsseldorf",
];
const STEMS: [&str; 40] = [
    "恒川", "青禾", "远山", "明序", "立方", "瑞泽", "华棠", "海岳", "天衡", "博锐", "云汉", "启辰", "嘉木", "锦程",
    "星野", "鸿渐", "正清", "长庚", "维度", "安澜", "和光", "松涛", "南枫", "北辰", "凌波", "玄圃", "晨曜", "景致",
    "卓然", "同舟", "观澜", "若水", "禾木", "朗月", "知微", "经纬", "万象", "九章", "磐石", "曦和",
];
const TRADES_ZH: [&str; 12] = [
    "精密",
    "电子",
    "汽车部件",
    "新能源",
    "医疗器械",
    "包装",
    "光电",
    "半导体",
    "食品",
    "智能装备",
    "材料",
    "物流",
];
const FORMS_ZH: [&str; 4] = ["有限公司", "股份有限公司", "科技有限公司", "（集团）有限公司"];
const STEMS_DE: [&str; 25] = [
    "Elbwerk",
    "Nordlicht",
    "Kranich",
    "Falkenstein",
    "Auental",
    "Birkner",
    "Tannhof",
    "Silberbach",
    "Weidner",
    "Hohenfels",
    "Rheingold",
    "Sonnleitner",
    "Lindwurm",
    "Moorkamp",
    "Ostermeer",
    "Petersdorf",
    "Quellmann",
    "Rotdorn",
    "Steinbrück",
    "Talheim",
    "Ulmenhof",
    "Vossberg",
    "Wiesental",
    "Zedler",
    "Brombach",
];
const TRADES_DE: [&str; 6] = [
    "Feinmechanik",
    "Automotive",
    "Medizintechnik",
    "Verpackung",
    "Optik",
    "Antriebe",
];
const FORMS_DE: [&str; 3] = ["GmbH", "AG", "GmbH & Co. KG"];

const SURNAMES: [&str; 24] = [
    "张", "刘", "杨", "黄", "吴", "周", "孙", "马", "朱", "胡", "郭", "林", "高", "罗", "梁", "宋", "唐", "许", "邓",
    "冯", "曹", "曾", "萧", "田",
];
const GIVEN: [&str; 24] = [
    "建国", "丽华", "志强", "晓燕", "海涛", "文静", "俊杰", "雪梅", "立新", "佳怡", "永康", "思敏", "振宇", "美琳",
    "国栋", "玉洁", "春生", "若兰", "伟民", "欣然", "少华", "秋雨", "明哲", "芷若",
];
const FIRST_DE: [&str; 16] = [
    "Martin", "Sabine", "Stefan", "Petra", "Jan", "Monika", "Lukas", "Heike", "Paul", "Julia", "Moritz", "Eva",
    "Henrik", "Ines", "Ralf", "Nora",
];
const LAST_DE: [&str; 16] = [
    "Ahrens", "Becker", "Conrad", "Dietrich", "Engel", "Fuchs", "Graf", "Heller", "Ihde", "Jansen", "Kaiser", "Lang",
    "Maurer", "Neumann", "Pohl", "Reuter",
];

/// Posts of contacts.
pub const TITLES_ZH: [&str; 3] = ["采购总监", "设备部经理", "质量经理"];
/// Posts of contacts.
pub const TITLES_DE: [&str; 3] = ["Einkaufsleitung", "Werksleitung", "Qualitätsleitung"];

const SUBJECTS_ZH: [&str; 16] = [
    "产线检测一期",
    "外观缺陷检测",
    "尺寸在线测量",
    "机器人上下料",
    "包装视觉检测",
    "电池极片检测",
    "仓储分拣升级",
    "读码追溯系统",
    "视觉引导装配",
    "焊缝检测",
    "质量数据平台",
    "设备预测维护",
    "检测工位改造",
    "产线检测扩容",
    "年度维保",
    "实验室设备",
];
const SUBJECTS_DE: [&str; 10] = [
    "Inline-Prüfung",
    "Oberflächeninspektion",
    "Messzelle",
    "Robotergeführte Montage",
    "Etikettenkontrolle",
    "Nachrüstung Linie 3",
    "Rückverfolgung",
    "Wartungsvertrag",
    "Schweißnahtprüfung",
    "Qualitätsdatenplattform",
];
const VISITS_ZH: [&str; 8] = [
    "需求调研",
    "方案交流",
    "样机演示",
    "现场勘测",
    "合同条款沟通",
    "验收前检查",
    "季度回访",
    "技术答疑",
];
const VISITS_DE: [&str; 6] = [
    "Bedarfsaufnahme",
    "Vorführung",
    "Vor-Ort-Termin",
    "Vertragsgespräch",
    "Abnahme",
    "Quartalsgespräch",
];

/// Stages as the CRM names them: four open, won, lost.
pub fn stages(german: bool) -> [&'static str; 6] {
    if german {
        [
            "Qualifizierung",
            "Bedarfsanalyse",
            "Angebot",
            "Verhandlung",
            "Gewonnen",
            "Verloren",
        ]
    } else {
        ["线索确认", "需求确认", "方案确认", "商务谈判", "赢单", "输单"]
    }
}

/// Names given so far, so that none comes twice.
#[derive(Default)]
pub struct Names {
    given: BTreeSet<String>,
}

impl Names {
    /// A firm's name, its short name and its city.
    pub fn account(&mut self, chance: &mut Chance, german: bool) -> (String, String, &'static str) {
        if self.given.is_empty() {
            // The two customers that the tour of the demo goes to.
            self.given.extend(["恒川精密".to_owned(), "青禾新能源".to_owned()]);
            return ("上海恒川精密科技有限公司".into(), "恒川精密".into(), "上海");
        }
        if self.given.len() == 2 {
            self.given.insert("上海青禾新能源有限公司".into());
            return ("上海青禾新能源有限公司".into(), "青禾新能源".into(), "上海");
        }
        loop {
            let (short, city, name) = if german {
                let short = format!("{} {}", chance.pick(&STEMS_DE), chance.pick(&TRADES_DE));
                let name = format!("{short} {}", chance.pick(&FORMS_DE));
                (short, *chance.pick(&CITIES_DE), name)
            } else {
                let short = format!("{}{}", chance.pick(&STEMS), chance.pick(&TRADES_ZH));
                let city = *chance.pick(&CITIES_ZH);
                let name = format!("{city}{short}{}", chance.pick(&FORMS_ZH));
                (short, city, name)
            };
            if self.given.insert(short.clone()) {
                return (name, short, city);
            }
        }
    }
}

/// Somebody at a customer.
pub fn person(chance: &mut Chance, german: bool) -> String {
    if german {
        format!("{} {}", chance.pick(&FIRST_DE), chance.pick(&LAST_DE))
    } else {
        format!("{}{}", chance.pick(&SURNAMES), chance.pick(&GIVEN))
    }
}

/// What a deal is about.
pub fn subject(chance: &mut Chance, german: bool) -> &'static str {
    let all: &[&'static str] = if german { &SUBJECTS_DE } else { &SUBJECTS_ZH };
    let one: &&'static str = chance.pick(all);
    one
}

/// What a visit is about.
pub fn visit(chance: &mut Chance, german: bool) -> &'static str {
    let all: &[&'static str] = if german { &VISITS_DE } else { &VISITS_ZH };
    let one: &&'static str = chance.pick(all);
    one
}

/// A tax id whose check character holds (China, GB 32100) or of the right shape (Germany).
pub fn tax_id(n: usize, german: bool) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    if german {
        return format!("DE8{:08}", 10_000_000 + n * 7_919);
    }
    let mut text = format!("91310115MA{:07}", 1_000_000 + n * 613);
    let mut weight = 1;
    let mut sum = 0;
    for byte in text.bytes() {
        sum += ALPHABET.iter().position(|b| *b == byte).unwrap_or(0) * weight;
        weight = weight * 3 % 31;
    }
    text.push(char::from(ALPHABET[(31 - sum % 31) % 31]));
    text
}

/// The short name of a city's seller of something, for invoices.
pub fn seller(chance: &mut Chance, kind: &str, city: &str, german: bool) -> String {
    if german {
        let stem = *chance.pick(&STEMS_DE);
        return match kind {
            "lodging" => format!("Hotel {stem} {city} GmbH"),
            "meals" | "hospitality" => format!("Gasthaus {stem} GmbH"),
            "travel.taxi" => format!("Taxi {city} eG"),
            "travel.rail" => "Fernbahn Nord GmbH".into(),
            "travel.air" => "Hansaflug GmbH".into(),
            _ => format!("{stem} Handel GmbH"),
        };
    }
    let stem = *chance.pick(&STEMS);
    match kind {
        "lodging" => format!("{city}{stem}酒店管理有限公司"),
        "meals" | "hospitality" => format!("{city}{stem}餐饮有限公司"),
        "travel.taxi" => format!("{city}捷行出行科技有限公司"),
        "travel.rail" => "华程铁路客运有限公司".into(),
        "travel.air" => "东翔航空股份有限公司".into(),
        "conference" => format!("{city}{stem}会展服务有限公司"),
        "telecom" => "通联通信服务有限公司".into(),
        _ => format!("{city}{stem}商贸有限公司"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_core::TaxIdCheck;
    use outlay_core::evidence::check_tax_id;

    #[test]
    fn chinese_tax_ids_hold() {
        for n in 0..200 {
            assert_eq!(
                check_tax_id(&tax_id(n, false)),
                TaxIdCheck::Right,
                "{}",
                tax_id(n, false)
            );
        }
    }
}
