//! OFD packages, and the face of Chinese invoices that OFD and PDF share.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::xml::{e_invoice, english, escape};
use super::{Family, Model, fen};

/// A text on the page: millimetres from the left and from the top to the baseline, and the size of the letters.
pub struct Text {
    pub x: f64,
    pub y: f64,
    pub size: f64,
    pub text: String,
    /// The tag that names it, in files that have tags.
    pub tag: &'static str,
}

fn text(x: f64, y: f64, text: &str, tag: &'static str) -> Text {
    let text = text.to_owned();
    Text {
        x,
        y,
        size: 3.2,
        text,
        tag,
    }
}

/// How wide a text is.
pub fn width(t: &Text) -> f64 {
    let share = |c: char| if c.is_ascii() { 0.5 } else { 1.0 };
    t.text.chars().map(share).sum::<f64>() * t.size
}

/// What the face of an invoice shows, from `top` on.
pub fn face(m: &Model, top: f64) -> Vec<Text> {
    let mut all = match m.family {
        Family::Rail => rail(m),
        Family::Air => air(m),
        Family::Coded => coded(m),
        _ => digital(m),
    };
    all.retain(|t| !t.text.is_empty());
    for t in &mut all {
        t.y += top;
    }
    all
}

fn items(m: &Model, all: &mut Vec<Text>, top: f64) -> f64 {
    let mut y = top;
    for (x, head) in [
        (8.0, "项目名称"),
        (58.0, "规格型号"),
        (82.0, "单 位"),
        (98.0, "数 量"),
        (140.0, "金 额"),
    ] {
        all.push(text(x, y, head, ""));
    }
    all.push(text(161.0, y, "税率/征收率", ""));
    all.push(text(191.0, y, "税 额", ""));
    for line in &m.lines {
        y += 6.0;
        all.push(text(6.0, y, &line.item, "Item"));
        all.push(text(83.0, y, &line.unit, "MeasurementDimension"));
        all.push(text(101.0, y, &line.quantity.to_string(), "Quantity"));
        all.push(text(138.0, y, &fen(line.net), "Amount"));
        all.push(text(165.0, y, line.rate, "TaxScheme"));
        all.push(text(190.0, y, &line.tax.map_or("***".to_owned(), fen), "TaxAmount"));
    }
    y
}

fn totals(m: &Model, all: &mut Vec<Text>, y: f64) {
    all.push(text(14.0, y, "合", ""));
    all.push(text(30.0, y, "计", ""));
    all.push(text(135.0, y, "¥", "TaxExclusiveTotalAmount"));
    all.push(text(138.0, y, &m.net, "TaxExclusiveTotalAmount"));
    all.push(text(187.0, y, "¥", "TaxTotalAmount"));
    all.push(text(190.0, y, &m.tax, "TaxTotalAmount"));
    all.push(text(10.0, y + 8.0, "价税合计（大写）", ""));
    all.push(text(62.0, y + 8.0, &m.capital, ""));
    all.push(text(140.0, y + 8.0, "（小写）", ""));
    // As with real files, the tag for the gross amount names the sign alone.
    all.push(text(156.0, y + 8.0, "¥", "TaxInclusiveTotalAmount"));
    all.push(text(159.0, y + 8.0, &m.gross, ""));
}

fn digital(m: &Model) -> Vec<Text> {
    let mut all = vec![
        text(70.0, 10.0, "电子发票（普通发票）", ""),
        text(150.0, 14.0, "发票号码：", ""),
        text(168.0, 14.0, &m.number, "InvoiceNo"),
        text(150.0, 20.0, "开票日期：", ""),
        text(168.0, 20.0, &m.chinese_day(), "IssueDate"),
        text(5.0, 32.0, "购", ""),
        text(12.0, 32.0, "名称：", ""),
        text(22.0, 32.0, &m.buyer.0, "BuyerName"),
        text(107.0, 32.0, "销", ""),
        text(114.0, 32.0, "名称：", ""),
        text(124.0, 32.0, &m.seller.0, "SellerName"),
        text(12.0, 42.0, "统一社会信用代码/纳税人识别号：", ""),
        text(62.0, 42.0, &m.buyer.1, "BuyerTaxID"),
        text(114.0, 42.0, "统一社会信用代码/纳税人识别号：", ""),
        text(164.0, 42.0, &m.seller.1, "SellerTaxID"),
    ];
    let y = items(m, &mut all, 52.0);
    totals(m, &mut all, y + 10.0);
    if !m.red_of.is_empty() {
        all.push(text(
            14.0,
            y + 28.0,
            &format!("被红冲蓝字数电票号码：{}", m.red_of),
            "Note",
        ));
    }
    all.push(text(14.0, y + 36.0, "开票人：", ""));
    all
}

fn coded(m: &Model) -> Vec<Text> {
    let mut all = vec![
        text(70.0, 10.0, "上海增值税电子普通发票", ""),
        text(150.0, 9.0, "发票代码：", ""),
        text(168.0, 9.0, &m.code, "InvoiceCode"),
        text(150.0, 15.0, "发票号码：", ""),
        text(168.0, 15.0, &m.number, "InvoiceNo"),
        text(150.0, 21.0, "开票日期：", ""),
        text(168.0, 21.0, &m.chinese_day(), "IssueDate"),
        text(12.0, 32.0, "名    称：", ""),
        text(40.0, 32.0, &m.buyer.0, "BuyerName"),
        text(12.0, 38.0, "纳税人识别号：", ""),
        text(40.0, 38.0, &m.buyer.1, "BuyerTaxID"),
    ];
    let y = items(m, &mut all, 52.0);
    totals(m, &mut all, y + 10.0);
    all.push(text(12.0, y + 26.0, "名    称：", ""));
    all.push(text(40.0, y + 26.0, &m.seller.0, "SellerName"));
    all.push(text(12.0, y + 32.0, "纳税人识别号：", ""));
    all.push(text(40.0, y + 32.0, &m.seller.1, "SellerTaxID"));
    all.push(text(14.0, y + 40.0, "收款人：", ""));
    all
}

fn rail(m: &Model) -> Vec<Text> {
    let day = m.way.2.strftime("%Y年%m月%d日 08:15开").to_string();
    vec![
        text(60.0, 10.0, "电子发票（铁路电子客票）", ""),
        text(10.0, 18.0, "发票号码:", ""),
        text(26.0, 18.0, &m.number, "InvoiceNo"),
        text(130.0, 18.0, "开票日期:", ""),
        text(146.0, 18.0, &m.chinese_day(), "IssueDate"),
        text(20.0, 30.0, &format!("{}站", m.way.0), ""),
        text(80.0, 30.0, "G7301", ""),
        text(120.0, 30.0, &format!("{}站", m.way.1), ""),
        text(20.0, 40.0, &day, ""),
        text(20.0, 50.0, "票价:￥", ""),
        text(34.0, 50.0, &m.gross, ""),
        text(20.0, 70.0, "购买方名称:", ""),
        text(39.0, 70.0, &m.buyer.0, "BuyerName"),
        text(110.0, 70.0, "统一社会信用代码:", ""),
        text(140.0, 70.0, &m.buyer.1, "BuyerTaxID"),
    ]
}

fn air(m: &Model) -> Vec<Text> {
    vec![
        text(50.0, 10.0, "电子发票（航空运输电子客票行程单）", ""),
        text(10.0, 18.0, "发票号码:", ""),
        text(26.0, 18.0, &m.number, "InvoiceNo"),
        text(130.0, 18.0, "开票日期:", ""),
        text(146.0, 18.0, &m.chinese_day(), "IssueDate"),
        text(20.0, 60.0, "票价", ""),
        text(50.0, 60.0, "增值税税额", ""),
        text(90.0, 60.0, "民航发展基金", ""),
        text(130.0, 60.0, "合计", ""),
        text(50.0, 66.0, &format!("CNY {}", m.tax), ""),
        text(90.0, 66.0, &format!("CNY {}", m.other), ""),
        text(130.0, 66.0, &format!("CNY {}", m.gross), ""),
        text(20.0, 80.0, "购买方名称:", ""),
        text(39.0, 80.0, &m.buyer.0, "BuyerName"),
        text(110.0, 80.0, "统一社会信用代码:", ""),
        text(140.0, 80.0, &m.buyer.1, "BuyerTaxID"),
    ]
}

/// What an OFD file says the invoice with, beside its face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Attached XML of the structure before 2023.
    Attached2020,
    /// Attached XML of the fully digital invoices.
    AttachedDigital,
    /// Tags; those of real files are not always well-formed, nor are these.
    Tags,
    /// Custom data.
    CustomData,
    /// Nothing.
    Face,
}

/// How tags name the texts of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// Field by field, item by item.
    Items,
    /// In elements and by names of the fully digital invoices.
    Digital,
    /// All names, then all units, and so on, a tag each.
    Columns,
    /// One tag for all names, one for all units, and so on.
    OneTag,
}

pub fn package_of_tags(m: &Model, tags: Tags) -> Vec<u8> {
    let mut all = files(&[(m, 0.0)], Kind::Tags);
    let texts = face(m, 0.0);
    if let Some((_, file)) = all.iter_mut().find(|(name, _)| name.ends_with("CustomTag.xml")) {
        *file = tag_file(&texts, tags).into_bytes();
    }
    let all: Vec<(&str, &[u8])> = all.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    zip(&all)
}

const OF_ITEM: [(&str, &str); 6] = [
    ("Item", "ItemName"),
    ("MeasurementDimension", "MeaUnits"),
    ("Quantity", "Quantity"),
    ("Amount", "Amount"),
    ("TaxScheme", "TaxRate"),
    ("TaxAmount", "ComTaxAm"),
];

fn tag_file(texts: &[Text], tags: Tags) -> String {
    let reference = |n: usize| format!("<ofd:ObjectRef PageRef=\"1\">{}</ofd:ObjectRef>", n + 10);
    let of = |tag: &str| -> Vec<String> {
        let all = texts.iter().enumerate().filter(|(_, t)| t.tag == tag);
        all.map(|(n, _)| reference(n)).collect()
    };
    let mut inner = String::new();
    for (old, new) in [
        ("InvoiceNo", "InvoiceNumber"),
        ("IssueDate", "IssueTime"),
        ("BuyerTaxID", "BuyerIdNum"),
    ] {
        let name = if tags == Tags::Digital { new } else { old };
        inner.push_str(&format!("<{name}>{}</{name}>", of(old).concat()));
    }
    let columns = OF_ITEM.map(|(old, new)| (old, new, of(old)));
    match tags {
        Tags::Items | Tags::Digital => {
            for line in 0..columns[0].2.len() {
                let fields = columns.iter().map(|(old, new, refs)| {
                    let name = if tags == Tags::Digital { new } else { old };
                    format!("<{name}>{}</{name}>", refs[line])
                });
                let fields: String = fields.collect();
                inner.push_str(&match tags {
                    Tags::Digital => format!("<IssuItemInformation>{fields}</IssuItemInformation>"),
                    _ => fields,
                });
            }
        }
        Tags::Columns => {
            let all = columns
                .iter()
                .flat_map(|(old, _, refs)| refs.iter().map(move |r| format!("<{old}>{r}</{old}>")));
            inner.extend(all);
        }
        Tags::OneTag => {
            let all = columns
                .iter()
                .map(|(old, _, refs)| format!("<{old}>{}</{old}>", refs.concat()));
            inner.extend(all);
        }
    }
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><eInvoice>{inner}</eInvoice>")
}

pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

pub fn package(m: &Model, kind: Kind) -> Vec<u8> {
    write(&[(m, 0.0)], kind)
}

/// Two invoices on one page.
pub fn double(a: &Model, b: &Model) -> Vec<u8> {
    write(&[(a, 0.0), (b, 150.0)], Kind::Face)
}

fn write(models: &[(&Model, f64)], kind: Kind) -> Vec<u8> {
    let files = files(models, kind);
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    zip(&files)
}

/// The files of a package.
pub fn files(models: &[(&Model, f64)], kind: Kind) -> Vec<(&'static str, Vec<u8>)> {
    let m = models[0].0;
    let texts: Vec<Text> = models.iter().flat_map(|(m, top)| face(m, *top)).collect();
    // Labels lie in a template under the page, as with most makers.
    let object = |id: usize, t: &Text| {
        format!(
            "<ofd:TextObject ID=\"{id}\" Boundary=\"{} {} {} {}\" Font=\"2\" Size=\"{}\"><ofd:TextCode X=\"0\" Y=\"{}\">{}</ofd:TextCode></ofd:TextObject>",
            t.x,
            t.y - t.size,
            width(t),
            t.size * 1.2,
            t.size,
            t.size,
            escape(&t.text)
        )
    };
    let (mut under, mut over) = (String::new(), String::new());
    let mut tags: Vec<(&str, String)> = Vec::new();
    for (n, t) in texts.iter().enumerate() {
        let id = n + 10;
        let label = t.text.ends_with(['：', ':']) || t.text.contains("发票");
        if label { &mut under } else { &mut over }.push_str(&object(id, t));
        let reference = format!("<ofd:ObjectRef PageRef=\"1\">{id}</ofd:ObjectRef>");
        match tags
            .iter_mut()
            .find(|(tag, _)| *tag == t.tag && t.tag.starts_with("Tax") && !matches!(*tag, "TaxAmount" | "TaxScheme"))
        {
            _ if t.tag.is_empty() => {}
            Some((_, all)) => all.push_str(&reference),
            None => tags.push((t.tag, reference)),
        }
    }
    let ns = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let content = |inner: &str, extra: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ofd:Page {ns}>{extra}<ofd:Content><ofd:Layer ID=\"5\">{inner}</ofd:Layer></ofd:Content></ofd:Page>"
        )
    };
    let page = content(&over, "<ofd:Template TemplateID=\"3\"/>");
    let template = content(&under, "");
    let document = format!(
        "<ofd:Document {ns}><ofd:CommonData><ofd:TemplatePage ID=\"3\" BaseLoc=\"Tpls/Tpl_0/Content.xml\"/></ofd:CommonData><ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>\
         <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags></ofd:Document>"
    );
    let custom: String = [
        ("发票代码", &m.code),
        ("发票号码", &m.number),
        ("合计税额", &m.tax),
        ("合计金额", &m.net),
        ("开票日期", &m.chinese_day()),
        ("购买方纳税人识别号", &m.buyer.1),
        ("销售方纳税人识别号", &m.seller.1),
    ]
    .into_iter()
    .filter(|(_, v)| !v.is_empty())
    .map(|(name, value)| format!("<ofd:CustomData Name=\"{name}\">{}</ofd:CustomData>", escape(value)))
    .collect();
    let custom = if kind == Kind::CustomData {
        custom
    } else {
        String::new()
    };
    let root = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ofd:OFD {ns} DocType=\"OFD\" Version=\"1.1\"><ofd:DocBody><ofd:DocInfo><ofd:CustomDatas>{custom}</ofd:CustomDatas></ofd:DocInfo>\
         <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    );
    let attached = match kind {
        Kind::Attached2020 => Some(e_invoice(m)),
        Kind::AttachedDigital => Some(english(m)),
        _ => None,
    };
    let list = format!(
        "<ofd:Attachments {ns}><ofd:Attachment ID=\"98\" Name=\"original_invoice\"><ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
    );
    let inner: String = tags
        .iter()
        .map(|(tag, refs)| format!("<{tag}>{refs}</{tag}>"))
        .collect();
    let tag_file = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<:eInvoice xmlns:=\"\">{inner}</:eInvoice>");
    let tag_list = format!(
        "<ofd:CustomTags {ns}><ofd:CustomTag TypeID=\"\"><ofd:FileLoc>CustomTag.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"
    );
    let mut files = vec![
        ("OFD.xml", root),
        ("Doc_0/Document.xml", document),
        ("Doc_0/Pages/Page_0/Content.xml", page),
        ("Doc_0/Tpls/Tpl_0/Content.xml", template),
    ];
    if let Some(xml) = attached {
        files.push(("Doc_0/Attachs/Attachments.xml", list));
        files.push(("Doc_0/Attachs/original_invoice.xml", xml));
    }
    if kind == Kind::Tags {
        files.push(("Doc_0/Tags/CustomTags.xml", tag_list));
        files.push(("Doc_0/Tags/CustomTag.xml", tag_file));
    }
    files
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect()
}
