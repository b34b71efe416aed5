//! Receipts of the demo: e-invoices in XML as sellers send them, read by the same reader as everybody's, and plain
//! receipts as PDF, which no machine reads.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::capital::chinese_capital;
use outlay_core::claim::{Evidence, Grade};
use outlay_core::ids::{DocumentId, EmployeeId};
use outlay_documents::{Invoice, Limits};
use sha2::{Digest, Sha256};

use super::chance::Chance;
use super::company::Firm;
use super::words;
use crate::app::App;
use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::evidence::tax::paper;
use crate::files::Files;

/// What was bought.
pub struct Purchase<'a> {
    /// Who is the buyer.
    pub firm: &'a Firm,
    /// Category of the line.
    pub category: &'a str,
    /// City of the seller.
    pub city: &'a str,
    /// Day of issue.
    pub on: Date,
    /// Amount with tax.
    pub gross: Money,
    /// Units bought.
    pub quantity: u32,
    /// Running number, so that no two invoices are the same.
    pub number: u64,
}

/// A receipt, not stored yet.
pub struct Receipt {
    /// Its id.
    pub id: DocumentId,
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
    /// What the reader found.
    pub invoice: Option<Invoice>,
    /// Who brings it.
    pub by: EmployeeId,
    /// When.
    pub at: Timestamp,
    /// Key that seals it, once it is in the folder.
    pub sealed_key: String,
}

impl Receipt {
    /// An e-invoice, read.
    pub fn invoice(chance: &mut Chance, bought: &Purchase, by: EmployeeId, at: Timestamp) -> Result<Receipt, Error> {
        let text = if bought.firm.is_chinese() {
            chinese(chance, bought)
        } else {
            european(chance, bought)
        };
        let invoice = outlay_documents::read(text.as_bytes(), &Limits::default())
            .map_err(|e| Error::Broken(format!("a demo invoice cannot be read: {e}")))?;
        Ok(Receipt {
            id: DocumentId(chance.id(at)),
            name: format!(
                "{}.xml",
                invoice.number.as_deref().unwrap_or("invoice").replace('/', "-")
            ),
            media_type: "application/xml",
            bytes: text.into_bytes(),
            invoice: Some(invoice),
            by,
            at,
            sealed_key: String::new(),
        })
    }

    /// A slip of paper, as PDF.
    pub fn paper(chance: &mut Chance, bought: &Purchase, by: EmployeeId, at: Timestamp) -> Receipt {
        let lines = [
            "RECEIPT".to_owned(),
            format!("No. {:08}", bought.number),
            bought.on.to_string(),
            bought.category.to_owned(),
            format!("{} {}", bought.gross.currency.code(), bought.gross.plain()),
        ];
        Receipt {
            id: DocumentId(chance.id(at)),
            name: format!("receipt-{:08}.pdf", bought.number),
            media_type: "application/pdf",
            bytes: pdf(&lines).into_bytes(),
            invoice: None,
            by,
            at,
            sealed_key: String::new(),
        }
    }

    /// What a line says of it.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            document: self.id,
            sha256: self.sha256(),
            invoice: self
                .invoice
                .as_ref()
                .and_then(|i| Some(i.identity.as_ref()?.to_string())),
            gross: self.invoice.as_ref().and_then(|i| i.gross),
            grade: self.grade(),
        }
    }

    fn grade(&self) -> Grade {
        match &self.invoice {
            Some(i) if i.identity.is_some() && i.consistent() => Grade::A,
            Some(_) => Grade::B,
            None => Grade::C,
        }
    }

    fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }

    /// Puts its bytes into the folder.
    pub async fn keep(&mut self, app: &App, files: &Files) -> Result<(), Error> {
        self.sealed_key = files.put(&app.vault, &self.id.to_string(), self.bytes.clone()).await?;
        Ok(())
    }

    /// Writes its row.
    pub async fn store(&self, sql: &mut Sql) -> Result<(), Error> {
        let invoice = self.invoice.as_ref();
        let gross = invoice.and_then(|i| i.gross);
        sql.run(
            "INSERT INTO document (id, sha256, bytes, media_type, name, sealed_key, uploaded_by, uploaded_at, invoice_identity, \
             invoice, grade, gross_minor, currency, seller, issued_on, state, shelf, paper) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17)",
            args![
                self.id,
                self.sha256(),
                self.bytes.len(),
                self.media_type,
                &self.name,
                &self.sealed_key,
                self.by,
                self.at.as_microsecond(),
                self.evidence().invoice,
                invoice.map(serde_json::to_string).transpose()?,
                format!("{:?}", self.grade()),
                gross.map(|m| m.minor),
                gross.map(|m| m.currency.code()),
                invoice.and_then(|i| i.seller.name.clone()),
                invoice.and_then(|i| i.issued_on),
                if invoice.is_some() { "ready" } else { "unread" },
                paper::of_file(self.media_type, &self.bytes).map(paper::code)
            ],
        )
        .await?;
        Ok(())
    }
}

/// The part of `gross` that is tax at `percent`, rounded to the minor unit.
fn tax_of(gross: Money, percent: i64) -> Money {
    Money::new(
        (gross.minor * percent * 2 + 100 + percent) / (2 * (100 + percent)),
        gross.currency,
    )
}

/// A 数电票, in one of two dialects.
fn chinese(chance: &mut Chance, b: &Purchase) -> String {
    let (class, item, unit, percent) = match b.category {
        "lodging" => ("住宿服务", "住宿费", "间夜", 6),
        "meals" | "hospitality" => ("餐饮服务", "餐费", "次", 6),
        "travel.taxi" => ("运输服务", "客运服务费", "次", 3),
        "travel.rail" => ("铁路旅客运输", "铁路电子客票", "张", 9),
        "travel.air" => ("航空旅客运输", "机票", "张", 9),
        "conference" => ("会展服务", "展位服务费", "项", 6),
        "telecom" => ("电信服务", "移动通信服务", "月", 6),
        "samples" => ("电子元件", "样品", "件", 13),
        _ => ("纸制品", "办公用品", "批", 13),
    };
    // As issued: rides and meals are ordinary, what a company asks for is special, and e-tickets have a title of their own.
    let title = match b.category {
        "travel.rail" => "铁路电子客票",
        "travel.air" => "航空运输电子客票行程单",
        "meals" | "hospitality" | "travel.taxi" => "普通发票",
        _ => "增值税专用发票",
    };
    let tax = tax_of(b.gross, percent);
    let net = Money::new(b.gross.minor - tax.minor, b.gross.currency);
    let (seller, seller_id) = (
        words::seller(chance, b.category, b.city, false),
        words::tax_id(500 + seller_of(b), false),
    );
    let number = format!("{:02}3120{:014}", b.on.year() % 100, b.number);
    let price = net.decimal() / rust_decimal::Decimal::from(b.quantity.max(1));
    let (buyer, buyer_id, capital) = (b.firm.name, b.firm.tax_id, chinese_capital(b.gross));
    let (net, tax, gross, quantity) = (net.plain(), tax.plain(), b.gross.plain(), b.quantity);
    if b.number.is_multiple_of(3) {
        let day = b.on.strftime("%Y%m%d");
        return format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<FPXX><FPLX>电子发票（{title}）</FPLX><FPHM>{number}</FPHM><KPRQ>{day}</KPRQ><XSFMC>{seller}</XSFMC>\
             <XSFNSRSBH>{seller_id}</XSFNSRSBH><GMFMC>{buyer}</GMFMC><GMFNSRSBH>{buyer_id}</GMFNSRSBH><HJJE>{net}</HJJE>\
             <HJSE>{tax}</HJSE><JSHJDX>{capital}</JSHJDX><JSHJXX>{gross}</JSHJXX><BZ></BZ><MXXX><MX><XMMC>*{class}*{item}</XMMC>\
             <GGXH></GGXH><DW>{unit}</DW><XMSL>{quantity}</XMSL><DJ>{price:.7}</DJ><JE>{net}</JE><SL>0.{percent:02}</SL>\
             <SE>{tax}</SE></MX></MXXX></FPXX>\n"
        );
    }
    let day = b.on.strftime("%Y年%m月%d日");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<电子发票><发票基本信息><发票号码>{number}</发票号码><开票日期>{day}</开票日期>\
         <发票类型>电子发票（{title}）</发票类型></发票基本信息><购买方信息><名称>{buyer}</名称>\
         <统一社会信用代码_纳税人识别号>{buyer_id}</统一社会信用代码_纳税人识别号></购买方信息><销售方信息><名称>{seller}</名称>\
         <统一社会信用代码_纳税人识别号>{seller_id}</统一社会信用代码_纳税人识别号></销售方信息><明细><行>\
         <项目名称>*{class}*{item}</项目名称><规格型号/><单位>{unit}</单位><数量>{quantity}</数量><单价>{price:.7}</单价>\
         <金额>{net}</金额><税率>{percent}%</税率><税额>{tax}</税额></行></明细><合计金额>{net}</合计金额><合计税额>{tax}</合计税额>\
         <价税合计_大写>{capital}</价税合计_大写><价税合计_小写>￥{gross}</价税合计_小写><备注></备注></电子发票>\n"
    )
}

fn seller_of(b: &Purchase) -> usize {
    b.city.len() + b.category.len() * 7
}

/// EN 16931 in UBL.
fn european(chance: &mut Chance, b: &Purchase) -> String {
    let (item, percent) = match b.category {
        "lodging" => ("Übernachtung", 7),
        "meals" => ("Speisen", 7),
        "hospitality" => ("Bewirtung", 19),
        "travel.rail" => ("Fahrkarte", 7),
        "travel.taxi" => ("Taxifahrt", 7),
        "travel.air" => ("Flug", 19),
        "conference" => ("Messe", 19),
        "telecom" => ("Mobilfunk", 19),
        _ => ("Bürobedarf", 19),
    };
    let tax = tax_of(b.gross, percent);
    let net = Money::new(b.gross.minor - tax.minor, b.gross.currency);
    let (net, tax, gross, currency) = (net.plain(), tax.plain(), b.gross.plain(), b.gross.currency.code());
    let seller = words::seller(chance, b.category, b.city, true).replace('&', "&amp;");
    let (seller_id, number, day, buyer, quantity) = (
        words::tax_id(500 + seller_of(b), true),
        b.number,
        b.on,
        b.firm.name,
        b.quantity,
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\" \
         xmlns:a=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
         xmlns:b=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\
         <b:CustomizationID>urn:cen.eu:en16931:2017</b:CustomizationID><b:ID>R-{number:07}</b:ID><b:IssueDate>{day}</b:IssueDate>\
         <b:InvoiceTypeCode>380</b:InvoiceTypeCode><b:DocumentCurrencyCode>{currency}</b:DocumentCurrencyCode>\
         <a:AccountingSupplierParty><a:Party><a:PartyTaxScheme><b:CompanyID>{seller_id}</b:CompanyID><a:TaxScheme><b:ID>VAT</b:ID>\
         </a:TaxScheme></a:PartyTaxScheme><a:PartyLegalEntity><b:RegistrationName>{seller}</b:RegistrationName>\
         </a:PartyLegalEntity></a:Party></a:AccountingSupplierParty><a:AccountingCustomerParty><a:Party><a:PartyLegalEntity>\
         <b:RegistrationName>{buyer}</b:RegistrationName></a:PartyLegalEntity></a:Party></a:AccountingCustomerParty>\
         <a:TaxTotal><b:TaxAmount currencyID=\"{currency}\">{tax}</b:TaxAmount><a:TaxSubtotal><b:TaxableAmount \
         currencyID=\"{currency}\">{net}</b:TaxableAmount><b:TaxAmount currencyID=\"{currency}\">{tax}</b:TaxAmount>\
         </a:TaxSubtotal></a:TaxTotal><a:LegalMonetaryTotal><b:LineExtensionAmount currencyID=\"{currency}\">{net}\
         </b:LineExtensionAmount><b:TaxExclusiveAmount currencyID=\"{currency}\">{net}</b:TaxExclusiveAmount>\
         <b:TaxInclusiveAmount currencyID=\"{currency}\">{gross}</b:TaxInclusiveAmount><b:PayableAmount \
         currencyID=\"{currency}\">{gross}</b:PayableAmount></a:LegalMonetaryTotal><a:InvoiceLine><b:ID>1</b:ID>\
         <b:InvoicedQuantity unitCode=\"C62\">{quantity}</b:InvoicedQuantity><b:LineExtensionAmount currencyID=\"{currency}\">{net}\
         </b:LineExtensionAmount><a:Item><b:Name>{item}</b:Name><a:ClassifiedTaxCategory><b:ID>S</b:ID><b:Percent>{percent}\
         </b:Percent><a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:ClassifiedTaxCategory></a:Item></a:InvoiceLine></Invoice>\n"
    )
}

/// One A6 page with a line of Latin text per item.
fn pdf(lines: &[String]) -> String {
    let mut text = String::from("BT /F1 14 Tf 30 360 Td 22 TL");
    for line in lines {
        text.push_str(&format!(" ({line}) Tj T*"));
    }
    text.push_str(" ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 298 420]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>".to_owned(),
        format!("<</Length {}>>stream\n{text}\nendstream", text.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Courier>>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj{object}endobj\n", n + 1));
    }
    let start = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    file.push_str(&format!(
        "trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    file
}
