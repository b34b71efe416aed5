//! Files that hold several Chinese invoices, and invoices whose items stand one after the other: each field exact, and
//! nothing put together that the file does not put together.

use outlay_documents::{CheckKind, Invoice, Limits, SourceKind, read_all};

mod make;
mod support;
use make::ofd::{Kind, package, package_of_tags};
use make::xml::{self, Rows};
use make::{Family, Model, fen, model};
use support::{refusal, yuan};

fn all(bytes: &[u8], what: &str) -> Vec<Invoice> {
    let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
    reading.papers.iter().filter_map(|p| p.invoice().cloned()).collect()
}

fn one(bytes: &[u8], what: &str) -> Invoice {
    let mut found = all(bytes, what);
    assert_eq!(found.len(), 1, "{what}");
    found.remove(0)
}

fn head(m: &Model, i: &Invoice, what: &str) {
    assert_eq!(i.number.as_deref(), Some(m.number.as_str()), "{what}");
    assert_eq!(i.issued_on, Some(m.day), "{what}");
    let names = (i.seller.name.as_deref(), i.buyer.name.as_deref());
    assert_eq!(names, (Some(m.seller.0.as_str()), Some(m.buyer.0.as_str())), "{what}");
    let ids = (i.seller.tax_id.as_deref(), i.buyer.tax_id.as_deref());
    assert_eq!(ids, (Some(m.seller.1.as_str()), Some(m.buyer.1.as_str())), "{what}");
    let amounts = [i.net, i.tax, i.gross].map(|a| a.map(|a| a.plain()));
    assert_eq!(amounts, [&m.net, &m.tax, &m.gross].map(|a| Some(a.clone())), "{what}");
    let red = (m.family == Family::Red).then_some(m.red_of.as_str());
    assert_eq!(i.red_of.as_deref(), red, "{what}");
}

/// What a line says: item, unit, quantity, net and tax.
type Told = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn lines(m: &Model, i: &Invoice, what: &str) {
    let found: Vec<Told> = i
        .lines
        .iter()
        .map(|l| {
            let name = format!(
                "*{}*{}",
                l.class.clone().unwrap_or_default(),
                l.name.clone().unwrap_or_default()
            );
            let amounts = [l.net, l.tax].map(|a| a.map(|a| a.plain()));
            let [net, tax] = amounts;
            (Some(name), l.unit.clone(), l.quantity.map(|q| q.to_string()), net, tax)
        })
        .collect();
    let wanted: Vec<Told> = m
        .lines
        .iter()
        .map(|l| {
            let quantity = Some(l.quantity.to_string());
            (
                Some(l.item.clone()),
                Some(l.unit.clone()),
                quantity,
                Some(fen(l.net)),
                l.tax.map(fen),
            )
        })
        .collect();
    assert_eq!(found, wanted, "{what}");
}

#[test]
fn a_list_gives_each_of_its_invoices() {
    let writers: [(&str, fn(&Model) -> String); 4] = [
        ("english", xml::english),
        ("chinese", xml::chinese),
        ("pinyin", xml::pinyin),
        ("2020", xml::e_invoice),
    ];
    for seed in 0..40 {
        let models: Vec<Model> = (0..2 + seed % 5).map(|n| model(seed * 10 + n)).collect();
        for (writer, write) in writers {
            let what = format!("{writer} seed {seed}");
            let files: Vec<String> = models.iter().map(write).collect();
            let found = all(xml::list(&files).as_bytes(), &what);
            assert_eq!(found.len(), models.len(), "{what}");
            for (m, i) in models.iter().zip(&found) {
                head(m, i, &what);
                lines(m, i, &what);
            }
        }
    }
}

#[test]
fn fields_of_a_list_say_which_invoice_they_are_of() {
    let files = [0, 5].map(|seed| xml::chinese(&model(seed)));
    let found = all(xml::list(&files).as_bytes(), "two");
    assert_eq!(found[0].sources["number"].path, "list/data/电子发票[1]/发票号码");
    assert_eq!(found[1].sources["number"].path, "list/data/电子发票[2]/发票号码");
    assert_eq!(found[1].sources["number"].kind, SourceKind::Xml);
}

#[test]
fn an_invoice_of_a_list_without_a_number_is_not_lost() {
    let mut second = model(5);
    second.number = String::new();
    let files = [model(0), second, model(10)].map(|m| xml::pinyin(&m));
    let found = all(xml::list(&files).as_bytes(), "three");
    let numbers: Vec<Option<String>> = found.iter().map(|i| i.number.clone()).collect();
    assert_eq!(numbers, [Some(model(0).number), None, Some(model(10).number)]);
    assert_eq!(found[1].gross.map(|g| g.plain()), Some(model(5).gross));
    assert_eq!(found[1].identity, None);
}

#[test]
fn the_same_invoice_twice_in_a_list_is_one_and_two_versions_of_it_are_refused() {
    let (a, b) = (xml::chinese(&model(0)), xml::chinese(&model(5)));
    let found = all(xml::list(&[a.clone(), b.clone(), a.clone()]).as_bytes(), "two of three");
    assert_eq!(found.len(), 2);
    let mut other = model(0);
    other.gross = "1.00".to_owned();
    let error = refusal(&xml::list(&[a, b, xml::chinese(&other)]));
    assert_eq!(error.code(), "document.ambiguous");
    assert_eq!(error.field(), Some("list/data/电子发票[3]"));
}

#[test]
fn numbers_without_invoices_are_not_made_to_be_some() {
    // A number in the head of the list, and numbers without totals.
    let two = "<r><FPHM>26332000000912345678</FPHM><a><FPHM>26332000000912345679</FPHM><JSHJXX>1.00</JSHJXX></a></r>";
    assert_eq!(refusal(two).code(), "document.several");
    let half =
        "<r><a><FPHM>26332000000912345678</FPHM></a><b><FPHM>26332000000912345679</FPHM></b><JSHJXX>1.00</JSHJXX></r>";
    assert_eq!(refusal(half).code(), "document.several");
}

#[test]
fn lists_have_a_bound() {
    let of = |count: usize| -> String {
        let one = |n: usize| format!("<F><FPHM>{:020}</FPHM><JSHJXX>1.00</JSHJXX></F>", n);
        format!("<r>{}</r>", (0..count).map(one).collect::<String>())
    };
    assert_eq!(all(of(500).as_bytes(), "500").len(), 500);
    assert_eq!(refusal(&of(501)).code(), "document.too-complex");
    // Without numbers they are counted, too.
    let nameless = "<F><FPHM/><KPRQ>2026-01-09</KPRQ><JSHJXX>1.00</JSHJXX></F>".repeat(600);
    let text = of(2).replace("</r>", &format!("{nameless}</r>"));
    assert_eq!(refusal(&text).code(), "document.too-complex");
}

#[test]
fn items_that_are_nobodys_are_left_out_and_said() {
    let one = |n: u64| {
        let m = model(n * 5);
        format!(
            "<FP><FPHM>{}</FPHM><KPRQ>{}</KPRQ><JSHJXX>{}</JSHJXX></FP><MX><XMMC>x</XMMC><JE>1.00</JE></MX>",
            m.number, m.day, m.gross
        )
    };
    let found = all(format!("<r>{}{}</r>", one(0), one(1)).as_bytes(), "two");
    assert_eq!(found.len(), 2);
    for i in &found {
        assert!(i.lines.is_empty(), "{:?}", i.lines);
        assert!(i.check(CheckKind::LinesApart).is_some_and(|c| !c.passed));
    }
}

#[test]
fn items_in_a_row_are_told_apart_where_the_file_does() {
    let writers: [(&str, fn(&Model, Rows) -> String); 2] =
        [("chinese", xml::chinese_rows), ("pinyin", xml::pinyin_rows)];
    for seed in 0..60 {
        let m = model(seed);
        for (writer, write) in writers {
            for rows in [
                Rows::Elements,
                Rows::Spread,
                Rows::Inline,
                Rows::Together,
                Rows::Numbered,
            ] {
                let what = format!("{writer} {rows:?} seed {seed}");
                let i = one(write(&m, rows).as_bytes(), &what);
                head(&m, &i, &what);
                assert!(i.check(CheckKind::LinesApart).is_none(), "{what}");
                // A single item among the head, or spread, has no amounts but the invoice's.
                if m.lines.len() > 1 || matches!(rows, Rows::Elements | Rows::Together | Rows::Numbered) {
                    lines(&m, &i, &what);
                }
            }
            if m.lines.len() == 1 {
                continue;
            }
            for rows in [Rows::Columns, Rows::Gaps] {
                let what = format!("{writer} {rows:?} seed {seed}");
                let i = one(write(&m, rows).as_bytes(), &what);
                head(&m, &i, &what);
                assert!(i.lines.is_empty(), "{what}: {:?}", i.lines);
                let check = i.check(CheckKind::LinesApart).unwrap_or_else(|| panic!("{what}"));
                assert!(!check.passed && i.check(CheckKind::LinesNet).is_none(), "{what}");
            }
        }
    }
}

#[test]
fn forms_with_empty_places_have_no_more_lines_than_items() {
    let text = "<r><FPHM>26332000000912345678</FPHM><HJJE>3.00</HJJE><XMMC_1>a</XMMC_1><JE_1>1.00</JE_1>\
                <XMMC_2>b</XMMC_2><JE_2>2.00</JE_2><XMMC_3/><JE_3/></r>";
    let i = one(text.as_bytes(), "a form");
    let nets: Vec<_> = i.lines.iter().map(|l| l.net).collect();
    assert_eq!(nets, [yuan(100), yuan(200)]);
    // An amount without a name is of no item.
    let bad = text.replace("<XMMC_2>b</XMMC_2>", "<XMMC_2/>");
    let i = one(bad.as_bytes(), "a form");
    assert!(i.lines.is_empty());
    assert!(i.check(CheckKind::LinesApart).is_some_and(|c| !c.passed));
}

#[test]
fn totals_behind_the_last_item_stay_the_invoices() {
    // 价税合计 is a field of lines, too.
    let item = |name: &str, net: &str| format!("<项目名称>{name}</项目名称><金额>{net}</金额>");
    let text = format!(
        "<r><发票号码>26332000000912345678</发票号码>{}{}<价税合计>3.00</价税合计></r>",
        item("a", "1.00"),
        item("b", "2.00")
    );
    let i = one(text.as_bytes(), "inline");
    assert_eq!(i.gross, yuan(300));
    let told: Vec<_> = i.lines.iter().map(|l| (l.net, l.gross)).collect();
    assert_eq!(told, [(yuan(100), None), (yuan(200), None)]);
}

#[test]
fn tags_of_items_are_read_in_any_order_that_tells_them_apart() {
    for seed in (0..60).filter(|s| !model(*s).is_ticket()) {
        let m = model(seed);
        // By tags one after the other, and in elements of the structure of today.
        for bytes in [package(&m, Kind::Tags), package_of_tags(&m, make::ofd::Tags::Digital)] {
            let what = format!("seed {seed}");
            let i = one(&bytes, &what);
            lines(&m, &i, &what);
            assert_eq!(i.sources["number"].kind, SourceKind::Tags, "{what}");
            assert!(i.check(CheckKind::LinesApart).is_none(), "{what}");
        }
        // By columns, in one tag or several: the page itself shows which belong together.
        for tags in [make::ofd::Tags::Columns, make::ofd::Tags::OneTag] {
            let what = format!("{tags:?} seed {seed}");
            let i = one(&package_of_tags(&m, tags), &what);
            lines(&m, &i, &what);
            assert!(i.check(CheckKind::LinesApart).is_none(), "{what}");
        }
    }
}
