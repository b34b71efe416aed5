//! What is set as a PDF is read again by the reader of PDFs, in Chinese and English.

use outlay_documents::draw::fonts;
use outlay_documents::print::Print;
use outlay_documents::{Limits, page_texts, render};

fn receipt() -> Option<Vec<u8>> {
    let mut print = Print::new(fonts::chinese()?).expect("a font that can be used");
    print.begin();
    for (y, text) in [
        (20.0, "北京云上科技有限公司 ACME Ltd."),
        (30.0, "Receipt"),
        (40.0, "Date: 2026-07-30"),
        (50.0, "Total: CNY 1,234.50"),
    ] {
        print.text(15.0, y, 4.0, text);
    }
    print.line((15.0, 60.0), (100.0, 60.0), 0.3);
    print.qr(150.0, 20.0, 30.0, "https://outlay.example/claims/BX-1");
    print.begin();
    print.text(15.0, 20.0, 4.0, "第二页");
    print.on(0, |p| p.text(15.0, 280.0, 3.0, "第 1 页"));
    assert_eq!((print.pages(), print.missing()), (2, 0));
    print.finish("凭证")
}

#[test]
fn what_is_set_is_read_again_and_is_the_same_each_time() {
    let Some(bytes) = receipt() else {
        eprintln!("no font with Chinese here: nothing can be set");
        return;
    };
    assert_eq!(receipt(), Some(bytes.clone()));
    let pages = page_texts(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    let rows: Vec<&str> = pages[0].lines().collect();
    let wanted = [
        "北京云上科技有限公司 ACME Ltd.",
        "Receipt",
        "Date: 2026-07-30",
        "Total: CNY 1,234.50",
        "第 1 页",
    ];
    let plain = |text: &str| text.replace(' ', "");
    assert_eq!(rows.iter().map(|r| plain(r)).collect::<Vec<_>>(), wanted.map(plain));
    assert_eq!(pages[1], "第二页");
    let second = render(&bytes, 2, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((second.pages, second.missing), (2, 0));
}

#[test]
fn lines_break_between_hanzi_and_at_blanks() {
    let Some(font) = fonts::chinese() else { return };
    let print = Print::new(font).expect("a font that can be used");
    let lines = print.lines("拜访客户 Northwind Traders 的差旅费用，含住宿和餐饮", 4.0, 40.0);
    assert!(lines.len() > 2, "{lines:?}");
    assert!(lines.iter().all(|l| print.width(l, 4.0) <= 40.5), "{lines:?}");
    assert!(lines.iter().any(|l| l.contains("Northwind")), "{lines:?}");
    // Nothing is lost but blanks.
    let kept: String = lines.concat().chars().filter(|c| *c != ' ').collect();
    assert_eq!(kept, "拜访客户NorthwindTraders的差旅费用，含住宿和餐饮");
}
