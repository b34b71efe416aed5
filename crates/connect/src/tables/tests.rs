use std::io::Write as _;

use encoding_rs::{GB18030, WINDOWS_1252};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn cells(table: &Table) -> Vec<Vec<&str>> {
    table
        .rows
        .iter()
        .map(|r| r.cells.iter().map(String::as_str).collect())
        .collect()
}

fn utf16(text: &str, mark: bool, little: bool) -> Vec<u8> {
    let text = if mark { format!("\u{feff}{text}") } else { text.into() };
    text.encode_utf16()
        .flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() })
        .collect()
}

const CHINESE: &str = "客户名称,城市,负责人,备注\n上海浦江精密仪器有限公司,上海,王芳,年度维护合同\n北京云岭信息技术有限公司,北京,李强,数据平台二期\n";

#[test]
fn every_usual_encoding_gives_the_same_table() {
    let wanted = read(CHINESE.as_bytes()).expect("UTF-8");
    assert_eq!(wanted.headers, ["客户名称", "城市", "负责人", "备注"]);
    assert_eq!(wanted.rows[1].cells[2], "李强");
    let gbk = GB18030.encode(CHINESE).0.into_owned();
    let mut variants = vec![
        ("UTF-8", [&[0xef, 0xbb, 0xbf], CHINESE.as_bytes()].concat()),
        ("gb18030", gbk),
    ];
    for (mark, little) in [(true, true), (true, false), (false, true), (false, false)] {
        let name = if little { "UTF-16LE" } else { "UTF-16BE" };
        variants.push((name, utf16(CHINESE, mark, little)));
    }
    for (name, bytes) in variants {
        let table = read(&bytes).expect(name);
        assert_eq!(table.read_as, name);
        assert_eq!(
            (table.headers, table.rows),
            (wanted.headers.clone(), wanted.rows.clone())
        );
    }
    let german = "Name;Ort;Bemerkung\nBergmann Präzision;Tübingen;größte Fläche\nMüller & Söhne;Köln;für später\n";
    let table = read(&WINDOWS_1252.encode(german).0).expect("Latin");
    assert_eq!(table.rows[1].cells, ["Müller & Söhne", "Köln", "für später"]);
}

#[test]
fn separators_and_quotes_are_found_out() {
    for separator in [",", ";", "\t"] {
        let text = format!("name{separator}note\n\"a\"\"b{separator}c\"{separator}\"two\nlines\"\n\n x {separator}\n");
        let table = read(text.as_bytes()).expect("a table");
        let first = format!("a\"b{separator}c");
        assert_eq!(cells(&table), [vec![first.as_str(), "two\nlines"], vec!["x", ""]]);
        assert_eq!(table.rows.iter().map(|r| r.line_no).collect::<Vec<_>>(), [2, 5]);
    }
    let table = read(b"sep=;\r\na,b;c\r\n1;2\r\n").expect("a table");
    assert_eq!(table.headers, ["a,b", "c"]);
    assert_eq!(table.rows[0].line_no, 3);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let fails = |text: &str| read(text.as_bytes()).expect_err(text);
    assert_eq!(fails(""), TableError::Empty);
    assert_eq!(fails("\n ,\n"), TableError::Empty);
    assert_eq!(fails("a,b\n1,2,3\n"), TableError::Nameless { line: 2, column: 3 });
    assert_eq!(fails("a,,c\n"), TableError::Nameless { line: 1, column: 2 });
    assert_eq!(
        fails("a,b,a\n"),
        TableError::Twice {
            name: "a".into(),
            first: 1,
            second: 3
        }
    );
    assert_eq!(fails("a,b\n1,2\n3,\"open\n5,6\n"), TableError::Quote { line: 3 });
    let long = format!("a,b\n1,{}\n", "长".repeat(MAX_CELL + 1));
    assert_eq!(fails(&long), TableError::Cell { line: 2, column: 2 });
    let wide = "x,".repeat(1_000_000);
    assert_eq!(fails(&wide), TableError::Columns { line: 1 });
    let tall = format!("a\n{}", "1\n".repeat(MAX_ROWS + 1));
    assert_eq!(fails(&tall), TableError::Rows);
    assert_eq!(read(&vec![b'a'; MAX_BYTES + 1]), Err(TableError::TooLarge(50)));
    assert_eq!(read(b"a,b\n1,\0\n\0\0"), Err(TableError::Format));
    assert_eq!(read(&[0xd0, 0xcf, 0x11, 0xe0, 1, 2]), Err(TableError::OldExcel));
    assert!(matches!(
        read(b"\xef\xbb\xbfa,b\nok,ok\nx,\xff\n"),
        Err(TableError::Encoding { line: 3, .. })
    ));
    let said = TableError::Cell { line: 2, column: 28 }.to_string();
    assert!(said.starts_with("line 2, column AB:"), "{said}");
}

fn book(rows: Vec<Vec<Cell>>, headers: &[&str]) -> Vec<u8> {
    write_xlsx("Deals", headers, rows).expect("a workbook")
}

#[test]
fn a_workbook_gives_exact_text() {
    let bytes = book(
        vec![vec![
            Cell::from("=SUM(A1)"),
            Cell::Number("1234.50".parse().expect("a number")),
            Cell::Number("12345678901234567.89".parse().expect("a number")),
            Cell::Date(date(2026, 11, 24)),
            Cell::DateTime(date(2026, 2, 28).at(18, 5, 9, 0)),
            Cell::Empty,
            Cell::from("00123"),
        ]],
        &["a", "b", "c", "d", "e", "f", "g"],
    );
    let table = read(&bytes).expect("a table");
    assert_eq!(table.read_as, "XLSX");
    assert_eq!(table.rows[0].line_no, 2);
    assert_eq!(
        table.rows[0].cells,
        [
            "=SUM(A1)",
            "1234.5",
            "12345678901234567.89",
            "2026-11-24",
            "2026-02-28T18:05:09",
            "",
            "00123"
        ]
    );
}

#[test]
fn a_workbook_that_lies_far_out_costs_no_memory() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let page = workbook.add_worksheet();
    page.write(0, 0, "name").expect("written");
    page.write(1_048_575, 16_383, "far").expect("written");
    let bytes = workbook.save_to_buffer().expect("a workbook");
    assert_eq!(read(&bytes), Err(TableError::Columns { line: 1_048_576 }));
}

/// A zip whose one part is `size` zeros.
fn bomb(size: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("xl/worksheets/sheet1.xml", options).expect("a part");
    let block = vec![b' '; 1 << 20];
    for _ in 0..size >> 20 {
        zip.write_all(&block).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

#[test]
fn bombs_and_damage_are_refused() {
    assert_eq!(read(&bomb(64 << 20)), Err(TableError::Bomb));
    // The sizes in the directory may be a lie.
    let mut liar = bomb(64 << 20);
    let size = (64_u32 << 20).to_le_bytes();
    let places: Vec<usize> = (0..liar.len() - 4).filter(|i| liar[*i..*i + 4] == size).collect();
    assert!(!places.is_empty());
    for at in places {
        liar[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    assert!(matches!(read(&liar), Err(TableError::Bomb | TableError::Broken(_))));
    let whole = book(vec![vec!["x".into()]], &["a"]);
    for cut in [10, 100, whole.len() / 2, whole.len() - 1] {
        assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    assert!(matches!(read(&bomb(1 << 20)), Err(TableError::Broken(_))));
}

#[test]
fn excel_opens_the_csv_and_runs_nothing() {
    let mut out = Vec::new();
    let text = ["=1+1", "+86 21 5555", "-", "@x", "\tx", "＝1", "'=1", "王芳", "a,\"b\""];
    let rows = vec![text.iter().map(|t| Cell::from(*t)).collect::<Vec<_>>()];
    let headers = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    write_csv(&mut out, &headers, rows).expect("written");
    let written = String::from_utf8(out.clone()).expect("UTF-8");
    assert!(written.starts_with('\u{feff}'));
    assert!(written.ends_with("'=1+1,'+86 21 5555,'-,'@x,'\tx,'＝1,''=1,王芳,\"a,\"\"b\"\"\"\r\n"));
    let back = read(&out).expect("a table");
    let trimmed: Vec<&str> = text.iter().map(|t| t.trim()).collect();
    assert_eq!(cells(&back), [trimmed]);
    let mut numbers = Vec::new();
    write_csv(
        &mut numbers,
        &["n"],
        [vec![Cell::Number("-12.50".parse().expect("a number"))]],
    )
    .expect("written");
    assert!(numbers.ends_with(b"n\r\n-12.50\r\n"));
}

proptest! {
    #[test]
    fn any_bytes_give_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn what_is_written_is_read(rows in proptest::collection::vec(proptest::collection::vec("[^\u{0}]{0,12}", 3), 1..8)) {
        let mut out = Vec::new();
        write_csv(&mut out, &["a", "b", "c"], rows.iter().map(|r| r.iter().map(|t| Cell::from(t.as_str())).collect())).expect("written");
        let wanted: Vec<Vec<&str>> = rows
            .iter()
            .map(|r| r.iter().map(|t| t.trim()).collect::<Vec<_>>())
            .filter(|r| r.iter().any(|t| !t.is_empty()))
            .collect();
        let table = read(&out).expect("a table");
        prop_assert_eq!(cells(&table), wanted);
    }
}
