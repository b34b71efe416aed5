//! 数电票 whose tags say it all, in Chinese or as initials of pinyin. Their nesting differs from issuer to issuer, so
//! fields are told by tag, and by the parent where a tag such as 名称 needs it; lines are kept apart from totals.

use crate::china::{Found, Raw, RawLine, RawTravel};
use crate::error::{Problem, ReadError};
use crate::field::refuse;
use crate::invoice::Dialect;
use crate::tree::{Element, Tree};

/// The tags of one dialect, the best first. `销售方/名称` is a 名称 under a parent that starts with 销售方.
struct Tags {
    number: &'static [&'static str],
    code: &'static [&'static str],
    issued_on: &'static [&'static str],
    seller_name: &'static [&'static str],
    seller_tax_id: &'static [&'static str],
    buyer_name: &'static [&'static str],
    buyer_tax_id: &'static [&'static str],
    net: &'static [&'static str],
    tax: &'static [&'static str],
    gross: &'static [&'static str],
    gross_in_capitals: &'static [&'static str],
    remark: &'static [&'static str],
    /// `N`, or the name of a red kind, marks a reversal.
    blue_flag: &'static [&'static str],
    /// `1`, or the name of a red kind, marks a reversal.
    red_flag: &'static [&'static str],
    red_of: &'static [&'static str],
    vehicle: &'static [&'static str],
    item: &'static [&'static str],
    class_code: &'static [&'static str],
    spec: &'static [&'static str],
    unit: &'static [&'static str],
    quantity: &'static [&'static str],
    item_net: &'static [&'static str],
    item_rate: &'static [&'static str],
    item_tax: &'static [&'static str],
    item_gross: &'static [&'static str],
    from: &'static [&'static str],
    to: &'static [&'static str],
    travel_on: &'static [&'static str],
    grade: &'static [&'static str],
}

const CHINESE: Tags = Tags {
    number: &["数电票号码", "数电发票号码", "全电发票号码", "电子发票号码", "发票号码"],
    code: &["发票代码"],
    issued_on: &["开票日期", "开票时间"],
    seller_name: &[
        "销售方名称",
        "销方名称",
        "销货方名称",
        "销售方信息/名称",
        "销售方/名称",
        "销方/名称",
    ],
    seller_tax_id: &[
        "销售方纳税人识别号",
        "销售方统一社会信用代码纳税人识别号",
        "销售方统一社会信用代码",
        "销售方税号",
        "销售方识别号",
        "销方纳税人识别号",
        "销方税号",
        "销方识别号",
        "销售方/统一社会信用代码纳税人识别号",
        "销售方/统一社会信用代码",
        "销售方/纳税人识别号",
        "销售方/税号",
        "销方/纳税人识别号",
        "销方/税号",
    ],
    buyer_name: &["购买方名称", "购方名称", "购货方名称", "购买方/名称", "购方/名称"],
    buyer_tax_id: &[
        "购买方纳税人识别号",
        "购买方统一社会信用代码纳税人识别号",
        "购买方统一社会信用代码",
        "购买方税号",
        "购买方识别号",
        "购方纳税人识别号",
        "购方税号",
        "购方识别号",
        "购买方/统一社会信用代码纳税人识别号",
        "购买方/统一社会信用代码",
        "购买方/纳税人识别号",
        "购买方/税号",
        "购方/纳税人识别号",
        "购方/税号",
    ],
    net: &[
        "合计金额",
        "金额合计",
        "不含税金额合计",
        "合计不含税金额",
        "合计金额不含税",
        "不含税金额",
        "合计/金额",
    ],
    tax: &["合计税额", "税额合计", "合计/税额"],
    gross: &[
        "价税合计小写",
        "价税合计金额",
        "价税合计",
        "含税总金额",
        "合计价税合计",
        "价税合计/小写",
    ],
    gross_in_capitals: &["价税合计大写", "大写金额", "价税合计/大写"],
    remark: &["备注"],
    blue_flag: &["是否蓝字发票标志", "是否蓝字发票", "蓝字发票标志"],
    red_flag: &["是否红字发票", "红字发票标志", "开票类型"],
    red_of: &[
        "被红冲蓝字数电票号码",
        "被红冲蓝字数电发票号码",
        "被红冲蓝字电子发票号码",
        "被红冲蓝字发票号码",
        "对应蓝字发票号码",
        "对应正数发票号码",
        "原蓝字发票号码",
        "蓝字发票号码",
        "原发票号码",
        "红冲/发票号码",
        "被红冲/发票号码",
        "蓝字/发票号码",
        "原蓝字/发票号码",
        "对应蓝字/发票号码",
        "原发票/发票号码",
    ],
    vehicle: &["交通工具类型", "交通工具种类", "交通工具"],
    item: &[
        "项目名称",
        "货物或应税劳务服务名称",
        "货物或应税劳务名称",
        "开票项目名称",
        "商品名称",
        "货物名称",
        "服务名称",
    ],
    class_code: &[
        "税收分类编码",
        "商品和服务税收分类编码",
        "商品和服务税收编码",
        "商品编码",
    ],
    spec: &["规格型号"],
    unit: &["计量单位", "单位"],
    quantity: &["数量"],
    item_net: &["金额", "不含税金额", "项目金额"],
    item_rate: &["税率征收率", "税率", "征收率"],
    item_tax: &["税额", "项目税额"],
    item_gross: &["价税合计", "含税金额", "价税小计"],
    from: &["出发地", "出发站", "始发站", "起始地"],
    to: &["到达地", "目的地", "到达站", "终到站"],
    travel_on: &["出行日期", "乘车日期", "乘机日期", "出发日期"],
    grade: &["等级", "座位等级", "席别", "舱位等级"],
};

const PINYIN: Tags = Tags {
    number: &["SDPHM", "SDFPHM", "QDFPHM", "FPHM"],
    code: &["FPDM"],
    issued_on: &["KPRQ", "KPSJ"],
    seller_name: &["XSFMC", "XFMC", "XHFMC"],
    seller_tax_id: &[
        "XSFNSRSBH",
        "XSFTYSHXYDM",
        "XSFSBH",
        "XSFSH",
        "XFNSRSBH",
        "XFSBH",
        "XFSH",
        "XHFNSRSBH",
    ],
    buyer_name: &["GMFMC", "GFMC", "GHFMC"],
    buyer_tax_id: &[
        "GMFNSRSBH",
        "GMFTYSHXYDM",
        "GMFSBH",
        "GMFSH",
        "GFNSRSBH",
        "GFSBH",
        "GFSH",
        "GHFNSRSBH",
    ],
    net: &["HJJE", "HJBHSJE", "BHSJEHJ"],
    tax: &["HJSE", "SEHJ"],
    gross: &["JSHJXX", "JSHJ", "JSHJJE"],
    gross_in_capitals: &["JSHJDX"],
    remark: &["BZ"],
    blue_flag: &["SFLZFP", "SFLZFPBZ", "LZFPBZ"],
    red_flag: &["SFHZFP", "HZFPBZ", "KPLX"],
    red_of: &[
        "BHCLZSDPHM",
        "BHCLZFPHM",
        "BHCLZDZFPHM",
        "DYLZFPHM",
        "YLZFPHM",
        "LZFPHM",
        "YFPHM",
    ],
    vehicle: &["JTGJLX", "JTGJ"],
    item: &["XMMC", "SPMC", "HWMC", "FWMC", "HWHYSLWMC", "HWHYSLWFWMC"],
    class_code: &["SSFLBM", "SPHFWSSFLBM", "SPBM"],
    spec: &["GGXH"],
    unit: &["JLDW", "DW"],
    quantity: &["XMSL", "SPSL", "SHL"],
    item_net: &["JE", "XMJE", "BHSJE"],
    item_rate: &["SLV", "SLZSL", "SLV1"],
    item_tax: &["SE", "XMSE"],
    item_gross: &["JSHJ", "HSJE", "JSXJ"],
    from: &["CFD", "CFZ"],
    to: &["DDD", "MDD", "DDZ"],
    travel_on: &["CXRQ", "CCRQ"],
    grade: &["ZWDJ", "DJMC", "XB"],
};

/// Which of the two dialects the document is in, if any.
pub(crate) fn dialect(tree: &Tree) -> Option<Dialect> {
    let mut pinyin = false;
    for element in tree.elements() {
        for name in std::iter::once(element.name()).chain(element.attribute_names()) {
            let name = plain(name);
            if CHINESE.number.contains(&name.as_str()) || name.starts_with("价税合计") {
                return Some(Dialect::ChinaChinese);
            }
            pinyin |= PINYIN.number.contains(&name.as_str()) || name.starts_with("JSHJ");
        }
    }
    pinyin.then_some(Dialect::ChinaPinyin)
}

/// Collects the texts.
pub(crate) fn collect(tree: &Tree, dialect: Dialect) -> Result<Raw, ReadError> {
    let tags = match dialect {
        Dialect::ChinaPinyin => &PINYIN,
        _ => &CHINESE,
    };
    let sheet = Sheet::of(tree.root(), tags);
    let one = |tags: &[&str]| one(&sheet.head, tags);
    let red_flag = one(tags.red_flag)?.is_some_and(|f| f.text == "1" || says_red(&f.text, "Y"));
    let blue_flag = one(tags.blue_flag)?.is_some_and(|f| f.text == "0" || says_red(&f.text, "N"));
    let mut raw = Raw {
        number: sheet.number(tags)?,
        code: one(tags.code)?,
        issued_on: one(tags.issued_on)?,
        seller_name: one(tags.seller_name)?,
        seller_tax_id: one(tags.seller_tax_id)?,
        buyer_name: one(tags.buyer_name)?,
        buyer_tax_id: one(tags.buyer_tax_id)?,
        net: one(tags.net)?,
        tax: one(tags.tax)?,
        gross: one(tags.gross)?,
        gross_in_capitals: one(tags.gross_in_capitals)?,
        remark: one(tags.remark)?,
        red_flag: red_flag || blue_flag,
        red_of: find(&sheet.head, tags.red_of, |_| true)?,
        vehicle: one(tags.vehicle)?.map(|f| f.text).unwrap_or_default(),
        ..Raw::default()
    };
    // Where capitals stand in the field for digits, they are not the amount.
    if raw.gross.as_ref().is_some_and(|f| f.text.contains(['元', '圆'])) {
        raw.gross_in_capitals = raw.gross_in_capitals.or(raw.gross.take());
    }
    for line in &sheet.lines {
        raw.lines.push(read_line(line, tags)?);
    }
    if raw.lines.is_empty() && sheet.head.iter().any(|l| l.matches(tags.item)) {
        raw.lines.push(read_line(&sheet.head, tags).map(without_totals)?);
    }
    for leg in &sheet.journeys {
        raw.travel.push(journey(leg, tags)?);
    }
    Ok(raw)
}

/// A single line written among the head: its amounts are the invoice's, which are read already.
fn without_totals(line: RawLine) -> RawLine {
    RawLine {
        net: None,
        tax: None,
        gross: None,
        ..line
    }
}

fn says_red(text: &str, mark: &str) -> bool {
    text.eq_ignore_ascii_case(mark) || text.contains("红字") || text == "否" && mark == "N"
}

/// One text with its tag, whether element or attribute.
struct Leaf<'t> {
    tag: String,
    parent: String,
    path: String,
    text: &'t str,
    overlong: bool,
}

impl Leaf<'_> {
    fn matches(&self, tags: &[&str]) -> bool {
        tags.iter().any(|tag| self.is(tag))
    }

    fn is(&self, tag: &str) -> bool {
        match tag.split_once('/') {
            Some((parent, tag)) => self.tag == tag && self.parent.starts_with(parent),
            None => self.tag == tag,
        }
    }
}

/// The leaves of a document, parted into head, lines and journeys.
struct Sheet<'t> {
    head: Vec<Leaf<'t>>,
    lines: Vec<Vec<Leaf<'t>>>,
    journeys: Vec<Vec<Leaf<'t>>>,
}

impl<'t> Sheet<'t> {
    fn of(root: Element<'t>, tags: &Tags) -> Self {
        let mut sheet = Sheet {
            head: Vec::new(),
            lines: Vec::new(),
            journeys: Vec::new(),
        };
        // Elements still to visit, with the path of their parent.
        let mut open = vec![(root, String::new())];
        while let Some((element, above)) = open.pop() {
            let path = if above.is_empty() {
                element.name().to_owned()
            } else {
                format!("{above}/{}", element.name())
            };
            let own = leaves(element, &path);
            let has = |wanted: &[&str]| own.iter().any(|l| l.matches(wanted));
            let a_line = has(tags.item)
                && !has(tags.number)
                && (has(tags.item_net) || has(tags.item_tax) || has(tags.item_rate) || has(tags.item_gross));
            let a_journey = (has(tags.from) || has(tags.to)) && !has(tags.number);
            if a_line {
                sheet.lines.push(own);
            } else if a_journey {
                sheet.journeys.push(own);
            } else {
                sheet.head.extend(own);
                let mut inner: Vec<_> = element
                    .children()
                    .filter(|c| c.children().next().is_some() || c.attribute_names().next().is_some())
                    .map(|c| (c, path.clone()))
                    .collect();
                inner.reverse();
                open.extend(inner);
            }
        }
        sheet
    }

    /// The number, or a refusal where there are several invoices.
    fn number(&self, tags: &Tags) -> Result<Option<Found>, ReadError> {
        for tag in tags.number {
            let mut numbers: Vec<&str> = self
                .head
                .iter()
                .filter(|l| l.is(tag) && !l.text.is_empty() && !tells_blue(&l.parent))
                .map(|l| l.text)
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            if numbers.len() > 1 {
                let found = numbers.len();
                return Err(ReadError::Several { found });
            }
        }
        one(&self.head, tags.number)
    }
}

/// Whether an element holds the invoice that is reversed.
fn tells_blue(name: &str) -> bool {
    ["红冲", "蓝字", "原发票"].iter().any(|w| name.contains(w))
}

/// The texts directly in an element: its attributes and its children that have none of their own.
fn leaves<'t>(element: Element<'t>, path: &str) -> Vec<Leaf<'t>> {
    let parent = plain(element.name());
    let of = |name: &'t str, text: &'t str, overlong: bool| Leaf {
        tag: plain(name),
        parent: parent.clone(),
        path: format!("{path}/{name}"),
        text,
        overlong,
    };
    let attributes = element.attributes().map(|(name, text)| of(name, text.trim(), false));
    let children = element
        .children()
        .filter(|c| c.children().next().is_none())
        .map(|c| of(c.name(), c.text(), c.overlong()));
    attributes.chain(children).collect()
}

/// A tag without the signs in which issuers differ: brackets, dashes, letter case.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '（' | '）' | '(' | ')' | '_' | '-' | '.' | '、' | '·' | '/' | '／'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// The text under the first tag that has one, outside of what tells the reversed invoice.
fn one(leaves: &[Leaf<'_>], tags: &[&str]) -> Result<Option<Found>, ReadError> {
    find(leaves, tags, |leaf| !tells_blue(&leaf.parent))
}

/// The text under the first tag that has one; refused where it stands twice with different texts.
fn find(leaves: &[Leaf<'_>], tags: &[&str], within: impl Fn(&Leaf<'_>) -> bool) -> Result<Option<Found>, ReadError> {
    for tag in tags {
        let mut found: Option<&Leaf<'_>> = None;
        for leaf in leaves.iter().filter(|l| l.is(tag) && within(l)) {
            if leaf.overlong {
                return Err(refuse(&leaf.path, "", Problem::TooLong));
            }
            if leaf.text.is_empty() {
                continue;
            }
            if found.is_some_and(|before| before.text != leaf.text) {
                let field = leaf.path.clone();
                return Err(ReadError::Ambiguous { field });
            }
            found = Some(leaf);
        }
        if let Some(leaf) = found {
            return Ok(Some(Found {
                text: leaf.text.to_owned(),
                path: leaf.path.clone(),
            }));
        }
    }
    Ok(None)
}

fn read_line(leaves: &[Leaf<'_>], tags: &Tags) -> Result<RawLine, ReadError> {
    let one = |tags: &[&str]| one(leaves, tags);
    let mut line = RawLine {
        name: one(tags.item)?,
        class_code: one(tags.class_code)?,
        spec: one(tags.spec)?,
        unit: one(tags.unit)?,
        quantity: one(tags.quantity)?,
        net: one(tags.item_net)?,
        tax_rate: one(tags.item_rate)?,
        tax: one(tags.item_tax)?,
        gross: one(tags.item_gross)?,
    };
    // SL is 数量 with some issuers and 税率 with others. Without a sign of which, it is left unread.
    if let Some(sl) = one(&["SL"])? {
        if line.tax_rate.is_some() && line.quantity.is_none() {
            line.quantity = Some(sl);
        } else if line.tax_rate.is_none()
            && (line.quantity.is_some() || !sl.text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        {
            line.tax_rate = Some(sl);
        }
    }
    Ok(line)
}

fn journey(leaves: &[Leaf<'_>], tags: &Tags) -> Result<RawTravel, ReadError> {
    let one = |tags: &[&str]| one(leaves, tags);
    Ok(RawTravel {
        from: one(tags.from)?,
        to: one(tags.to)?,
        on: one(tags.travel_on)?,
        grade: one(tags.grade)?,
    })
}
