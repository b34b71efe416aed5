//! Chinese invoices in XML.

use outlay_core::{Currency, Money};

use super::{Family, Model, fen};

/// Text for XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn tag(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

pub fn english(m: &Model) -> String {
    let lines: String = m
        .lines
        .iter()
        .map(|l| {
            format!(
                "<IssuItemInformation>{}{}{}{}{}{}</IssuItemInformation>",
                tag("ItemName", &l.item),
                tag("MeaUnits", &l.unit),
                tag("Quantity", &l.quantity.to_string()),
                tag("Amount", &fen(l.net)),
                tag("TaxRate", l.rate),
                tag("ComTaxAm", &l.tax.map_or("***".to_owned(), fen)),
            )
        })
        .collect();
    let specific = match m.family {
        Family::Red => format!("<RedEInvoice>{}</RedEInvoice>", tag("OriginalInvoiceCode", &m.red_of)),
        Family::Rail | Family::Air => format!(
            "<PassengerTransportation>{}{}{}</PassengerTransportation>",
            tag("Departure", &m.way.0),
            tag("Destination", &m.way.1),
            tag("TravelDate", &m.way.2.to_string())
        ),
        _ => String::new(),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<EInvoice><Header>{}</Header><EInvoiceData><SellerInformation>{}{}</SellerInformation>\
         <BuyerInformation>{}{}</BuyerInformation><BasicInformation>{}{}{}{}</BasicInformation>{lines}\
         <SpecificInformation>{specific}</SpecificInformation></EInvoiceData><TaxSupervisionInfo>{}{}</TaxSupervisionInfo></EInvoice>",
        tag("EIid", &m.number),
        tag("SellerIdNum", &m.seller.1),
        tag("SellerName", &m.seller.0),
        tag("BuyerIdNum", &m.buyer.1),
        tag("BuyerName", &m.buyer.0),
        tag("TotalAmWithoutTax", &m.net),
        tag("TotalTaxAm", &m.tax),
        tag("TotalTax-includedAmount", &m.gross),
        tag("TotalTax-includedAmountInChinese", &m.capital),
        tag("InvoiceNumber", &m.number),
        tag("IssueTime", &m.iso_day()),
    )
}

/// How a flat record writes its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Each in an element.
    Elements,
    /// Each in an element, with elements of its own for what and how much.
    Spread,
    /// One after the other among the head.
    Inline,
    /// One after the other in one element.
    Together,
    /// Among the head, with a number behind each tag.
    Numbered,
    /// All names, then all units, and so on: nothing says what belongs together.
    Columns,
    /// As `Inline`, but without what is empty, so that nothing says whose the rest is.
    Gaps,
}

fn flat(m: &Model, names: &[&str; 18], rows: Rows) -> String {
    let [
        root,
        number,
        code,
        day,
        seller,
        seller_id,
        buyer,
        buyer_id,
        net,
        tax,
        gross,
        capital,
        row,
        item,
        unit,
        count,
        amount,
        rest,
    ] = names;
    let (rate, line_tax, red) = match *rest {
        "c" => ("税率", "税额", "被红冲蓝字数电票号码"),
        _ => ("SLV", "SE", "BHCLZSDPHM"),
    };
    let lines: Vec<[(&str, String); 6]> = m
        .lines
        .iter()
        .map(|l| {
            [
                (item, l.item.clone()),
                (unit, l.unit.clone()),
                (count, l.quantity.to_string()),
                (amount, fen(l.net)),
                (&rate, l.rate.to_owned()),
                (&line_tax, l.tax.map_or("***".to_owned(), fen)),
            ]
            .map(|(name, text)| (*name, text))
        })
        .collect();
    let tags = |line: &[(&str, String)]| -> String { line.iter().map(|(name, text)| tag(name, text)).collect() };
    let inline = || lines.iter().map(|line| tags(line)).collect::<String>();
    let lines: String = match rows {
        Rows::Elements => lines
            .iter()
            .map(|line| format!("<{row}>{}</{row}>", tags(line)))
            .collect(),
        Rows::Spread => {
            let parts = |line: &[(&str, String)]| format!("<A>{}</A><B>{}</B>", tags(&line[..2]), tags(&line[2..]));
            lines
                .iter()
                .map(|line| format!("<{row}>{}</{row}>", parts(line)))
                .collect()
        }
        Rows::Inline => inline(),
        Rows::Together => format!("<{row}>{}</{row}>", inline()),
        Rows::Numbered => lines
            .iter()
            .enumerate()
            .flat_map(|(n, line)| {
                line.iter()
                    .map(move |(name, text)| tag(&format!("{name}{}", n + 1), text))
            })
            .collect(),
        Rows::Columns => (0..6)
            .flat_map(|at| lines.iter().map(move |line| tag(line[at].0, &line[at].1)))
            .collect(),
        Rows::Gaps => lines
            .iter()
            .enumerate()
            .map(|(n, line)| {
                tags(&line[if n == 0 { 0 } else { 2 }..]) + &if n == 0 { String::new() } else { tags(&line[..1]) }
            })
            .collect(),
    };
    let head = [
        tag(number, &m.number),
        tag(code, &m.code),
        tag(day, &m.chinese_day()),
        tag(seller, &m.seller.0),
        tag(seller_id, &m.seller.1),
        tag(buyer, &m.buyer.0),
        tag(buyer_id, &m.buyer.1),
    ];
    let foot = [
        tag(net, &m.net),
        tag(tax, &m.tax),
        tag(gross, &m.gross),
        tag(capital, &m.capital),
        tag(red, &m.red_of),
    ];
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}>{}{lines}{}</{root}>",
        head.concat(),
        foot.concat()
    )
}

/// Several files as one list.
pub fn list(files: &[String]) -> String {
    let inner = |file: &String| file.split_once("?>").map_or(file.clone(), |(_, rest)| rest.to_owned());
    let all: String = files.iter().map(inner).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><list><count>{}</count><data>{all}</data></list>",
        files.len()
    )
}

pub fn chinese(m: &Model) -> String {
    chinese_rows(m, Rows::Elements)
}

pub fn chinese_rows(m: &Model, rows: Rows) -> String {
    flat(
        m,
        &[
            "电子发票",
            "发票号码",
            "发票代码",
            "开票日期",
            "销售方名称",
            "销售方纳税人识别号",
            "购买方名称",
            "购买方纳税人识别号",
            "合计金额",
            "合计税额",
            "价税合计_小写",
            "价税合计_大写",
            "行",
            "项目名称",
            "单位",
            "数量",
            "金额",
            "c",
        ],
        rows,
    )
}

pub fn pinyin(m: &Model) -> String {
    pinyin_rows(m, Rows::Elements)
}

pub fn pinyin_rows(m: &Model, rows: Rows) -> String {
    flat(
        m,
        &[
            "FPXX",
            "FPHM",
            "FPDM",
            "KPRQ",
            "XSFMC",
            "XSFNSRSBH",
            "GMFMC",
            "GMFNSRSBH",
            "HJJE",
            "HJSE",
            "JSHJXX",
            "JSHJDX",
            "MX",
            "XMMC",
            "DW",
            "XMSL",
            "JE",
            "p",
        ],
        rows,
    )
}

/// The XML inside OFD files before 2023.
pub fn e_invoice(m: &Model) -> String {
    let goods: String = m
        .lines
        .iter()
        .map(|l| {
            format!(
                "<fp:GoodsInfo>{}{}{}{}{}{}</fp:GoodsInfo>",
                tag("fp:Item", &l.item),
                tag("fp:MeasurementDimension", &l.unit),
                tag("fp:Quantity", &l.quantity.to_string()),
                tag("fp:Amount", &fen(l.net)),
                tag("fp:TaxScheme", l.rate),
                tag("fp:TaxAmount", &l.tax.map_or("***".to_owned(), fen)),
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><eInvoice xmlns:fp=\"http://www.edrm.org.cn/schema/e-invoice/2019\" Version=\"1.0\">\
         {}{}{}<fp:Buyer>{}{}</fp:Buyer><fp:Seller>{}{}</fp:Seller>{}{}{}{}{}<fp:GoodsInfos>{goods}</fp:GoodsInfos></eInvoice>",
        tag("fp:InvoiceCode", &m.code),
        tag("fp:InvoiceNo", &m.number),
        tag("fp:IssueDate", &m.chinese_day()),
        tag("fp:BuyerName", &m.buyer.0),
        tag("fp:BuyerTaxID", &m.buyer.1),
        tag("fp:SellerName", &m.seller.0),
        tag("fp:SellerTaxID", &m.seller.1),
        tag("fp:TaxInclusiveTotalAmount", &m.gross),
        tag("fp:TaxTotalAmount", &m.tax),
        tag("fp:TaxExclusiveTotalAmount", &m.net),
        tag("fp:GraphCode", &m.qr()),
        tag("fp:OriginalInvoiceNo", &m.red_of),
    )
}

/// A rail or air e-ticket in XBRL; what a fact has none of is nil.
pub fn xbrl(m: &Model) -> String {
    let (space, facts) = match m.family {
        Family::Air => ("atr", air_facts(m)),
        _ => ("rai", rail_facts(m)),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><xbrl xmlns=\"http://www.xbrl.org/2003/instance\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:{space}=\"http://xbrl.mof.gov.cn/taxonomy/2021-11-30/{space}\"><context id=\"now\"><entity><identifier scheme=\"http://xbrl.mof.gov.cn\">{}</identifier></entity>\
         <period><instant>{}</instant></period></context><unit id=\"CNY\"><measure>iso4217:CNY</measure></unit>{facts}</xbrl>",
        m.number,
        m.iso_day()
    )
}

fn fact(space: &str, name: &str, text: &str) -> String {
    if text.is_empty() {
        return format!("<{space}:{name} contextRef=\"now\" xsi:nil=\"true\"/>");
    }
    format!("<{space}:{name} contextRef=\"now\">{}</{space}:{name}>", escape(text))
}

fn rail_facts(m: &Model) -> String {
    [
        ("TypeOfVoucher", "电子发票（铁路电子客票）"),
        ("ElectronicInvoiceRailwayETicketNumber", &m.number),
        ("ETicketNumber", "1234567890123456789012345"),
        ("DateOfIssue", &m.iso_day()),
        ("TypeOfBusiness", "售"),
        ("DepartureStation", &m.way.0),
        ("DestinationStation", &m.way.1),
        ("TrainNumber", "G7301"),
        ("TravelDate", &m.way.2.to_string()),
        ("SeatLevel", "二等座"),
        ("Fare", &m.gross),
        ("Name", "某乘客"),
        ("IdNumber", "110101190001010000"),
        ("TotalAmountExcludingTax", &m.net),
        ("TaxRate", "0.09"),
        ("TaxAmount", &m.tax),
        ("NameOfPurchaser", &m.buyer.0),
        ("UnifiedSocialCreditCodeOfPurchaser", &m.buyer.1),
        ("NumberOfOriginalInvoice", &m.red_of),
        ("IssueParty", ""),
    ]
    .iter()
    .map(|(name, text)| fact("rai", name, text))
    .collect()
}

fn air_facts(m: &Model) -> String {
    let net = Money::parse(&m.net, Currency::CNY).expect("an amount").minor;
    let leg = |from: &str, to: &str| {
        let facts = [
            ("DepartureStation", from),
            ("DestinationStation", to),
            ("Carrier", "某航"),
            ("Flight", "XX1234"),
            ("SeatClass", "Y"),
            ("CarrierDate", &m.way.2.to_string()),
        ];
        let facts: String = facts.iter().map(|(name, text)| fact("atr", name, text)).collect();
        format!("<atr:DetailInformationOfAirTicketTuple>{facts}</atr:DetailInformationOfAirTicketTuple>")
    };
    let facts: String = [
        ("PassengerName", "某乘客"),
        ("ValidIdNumber", "110101190001010000"),
        ("ElectronicInvoiceAirTransportReceiptNumber", &m.number),
        ("Fare", &fen(net - net / 10)),
        ("FuelSurcharge", &fen(net / 10)),
        ("VatRate", "0.09"),
        ("VatTaxAmount", &m.tax),
        ("CivilAviationDevelopmentFund", &m.other),
        ("OtherTaxes", "0.00"),
        ("TotalAmount", &m.gross),
        ("ETicketNumber", "7812345678901"),
        ("Insurance", "0.00"),
        ("IssueParty", &m.seller.0),
        ("IssueDate", &m.iso_day()),
        ("NameOfPurchaser", &m.buyer.0),
        ("UnifiedSocialCreditCodeOfPurchaser", &m.buyer.1),
    ]
    .iter()
    .map(|(name, text)| fact("atr", name, text))
    .collect();
    facts + &leg(&m.way.0, &m.way.1) + &leg(&m.way.1, &m.way.0)
}
