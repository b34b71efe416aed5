//! Files for banks, and what they answer.

use std::ffi::OsStr;
use std::io::Write;

use jiff::civil::date;
use outlay_core::payment::columns::{CN_BATCH, Template};
use outlay_core::payment::{AnswerError, BankAccount, Batch, Outcome, Payment, Scheme, columns, pain001, read_answers};
use outlay_core::{Currency, Money};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

fn iban(holder: &str, number: &str) -> BankAccount {
    BankAccount {
        holder: holder.to_owned(),
        scheme: Scheme::Iban,
        number: number.to_owned(),
        bank: None,
        bic: None,
        branch: None,
    }
}

fn card(holder: &str, number: &str) -> BankAccount {
    BankAccount {
        scheme: Scheme::Cn,
        bank: Some("招商银行北京中关村支行".to_owned()),
        branch: Some("308100005019".to_owned()),
        ..iban(holder, number)
    }
}

fn payment(id: &str, creditor: BankAccount, minor: i64, currency: Currency) -> Payment {
    Payment {
        end_to_end_id: id.to_owned(),
        creditor,
        amount: Money::new(minor, currency),
        remittance: format!("BX2611-0187 {id}"),
    }
}

fn german() -> Batch {
    Batch {
        message_id: "OUT-20261124-DE01-7".to_owned(),
        created_at: "2026-11-24T09:30:05.123Z".parse().expect("a time"),
        debtor: BankAccount {
            bic: Some("COBADEFFXXX".to_owned()),
            ..iban("Lanstone GmbH", "DE89370400440532013000")
        },
        execute_on: date(2026, 11, 25),
        currency: Currency::EUR,
        payments: vec![
            payment(
                "P-0001",
                iban("Jürgen Groß & Söhne <KG>", "DE75512108001245126199"),
                10_001,
                Currency::EUR,
            ),
            payment(
                "P-0002",
                iban("Marie O'Neill", "FR1420041010050500013M02606"),
                25_000,
                Currency::EUR,
            ),
            payment("P-0003", card("王敏", "6225880100006205"), 99, Currency::EUR),
        ],
    }
}

fn chinese() -> Batch {
    Batch {
        message_id: "OUT-20261124-CN01-12".to_owned(),
        debtor: card("澜石科技（北京）有限公司", "110907654321001"),
        currency: Currency::CNY,
        payments: vec![
            payment("P-1001", card("王敏", "6225880100006205"), 312_000, Currency::CNY),
            payment("P-1002", card("欧阳𠮷", "6217000010001234567"), 1, Currency::CNY),
        ],
        ..german()
    }
}

/// Every text of the elements called `name`, in order.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut depth) = (Vec::new(), false);
    let mut text = String::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(e) => {
                depth = e.name().as_ref() == name;
                text.clear();
            }
            Event::Text(t) if depth => text.push_str(&t),
            Event::GeneralRef(r) if depth => {
                let name = &*r;
                text.push_str(quick_xml::escape::resolve_predefined_entity(name).expect("a known one"));
            }
            Event::End(_) if depth => {
                found.push(std::mem::take(&mut text));
                depth = false;
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn payments_are_grouped_counted_and_summed() {
    let xml = pain001::render(&german()).expect("a file");
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    assert!(xml.contains(pain001::NAMESPACE));
    assert_eq!(texts(&xml, "NbOfTxs"), ["3", "2", "1"]);
    assert_eq!(texts(&xml, "CtrlSum"), ["351.00", "350.01", "0.99"]);
    assert_eq!(texts(&xml, "InstdAmt"), ["100.01", "250.00", "0.99"]);
    assert_eq!(
        texts(&xml, "PmtInfId"),
        ["OUT-20261124-DE01-7-1", "OUT-20261124-DE01-7-2"]
    );
    assert_eq!(texts(&xml, "EndToEndId"), ["P-0001", "P-0002", "P-0003"]);
    assert_eq!(texts(&xml, "ChrgBr"), ["SLEV"]);
    assert_eq!(texts(&xml, "CreDtTm"), ["2026-11-24T09:30:05Z"]);
    assert_eq!(texts(&xml, "Dt"), ["2026-11-25", "2026-11-25"]);
    assert!(texts(&xml, "Nm").contains(&"Jürgen Groß & Söhne <KG>".to_owned()));
}

#[test]
fn only_euros_between_sepa_countries_are_sepa() {
    let mut batch = german();
    batch.payments.truncate(1);
    let is_sepa = |batch: &Batch| pain001::render(batch).expect("a file").contains("SLEV");
    assert!(is_sepa(&batch));
    batch.payments[0].creditor.number = "AE070331234567890123456".to_owned();
    assert!(!is_sepa(&batch));
    batch.payments[0].creditor.number = "DE75512108001245126199".to_owned();
    batch.currency = Currency::USD;
    batch.payments[0].amount.currency = Currency::USD;
    assert!(!is_sepa(&batch));
}

#[test]
fn chinese_accounts_name_their_branch() {
    let xml = pain001::render(&chinese()).expect("a file");
    assert_eq!(texts(&xml, "MmbId").len(), 3);
    assert_eq!(texts(&xml, "IBAN"), Vec::<String>::new());
    assert_eq!(texts(&xml, "CtrlSum"), ["3120.01", "3120.01"]);
    let doubts: Vec<String> = chinese()
        .doubts()
        .into_iter()
        .map(|p| format!("{} {}", p.field, p.code))
        .collect();
    assert_eq!(
        doubts,
        [
            "debtor.holder not-basic-latin",
            "payments[0].creditor.holder not-basic-latin",
            "payments[1].creditor.holder not-basic-latin",
            "payments[1].creditor.number card-checksum",
        ]
    );
}

#[test]
fn the_official_schema_takes_the_files() {
    let Some(xsd) = std::env::var_os("OUTLAY_PAIN_XSD") else {
        println!("not run: OUTLAY_PAIN_XSD names no pain.001.001.09.xsd");
        return;
    };
    let mut widest = german();
    for (i, payment) in widest.payments.iter_mut().enumerate() {
        payment.end_to_end_id = format!("{i}{}", "e".repeat(34));
        payment.remittance = "长".repeat(500);
    }
    widest.message_id = "m".repeat(33);
    widest.payments[2].creditor.holder = "名".repeat(140);
    widest.payments[2].amount.minor = 999_999_999_999_900_000;
    let mut yen = german();
    yen.currency = Currency::JPY;
    yen.payments = vec![payment("P-1", iban("A", "DE75512108001245126199"), 1234, Currency::JPY)];
    yen.payments[0].remittance = "  -=+@ ".to_owned();
    for batch in [german(), chinese(), widest, yen] {
        let xml = pain001::render(&batch).expect("a file");
        xmllint(&xsd, &xml);
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "the schema is checked by a program, in a test alone"
)]
fn xmllint(xsd: &OsStr, xml: &str) {
    use std::process::{Command, Stdio};
    let mut lint = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(xsd)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is installed");
    lint.stdin
        .take()
        .expect("a pipe")
        .write_all(xml.as_bytes())
        .expect("written");
    let output = lint.wait_with_output().expect("it ends");
    assert!(
        output.status.success(),
        "{}\n{xml}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_no_bank_takes_is_refused_by_field() {
    type Spoil = fn(&mut Batch);
    let cases: [(Spoil, &str); 20] = [
        (|b| b.payments.clear(), "payments: missing"),
        (
            |b| b.message_id = "m".repeat(34),
            "message_id: too-long max=33 found=34",
        ),
        (|b| b.message_id = "a//b".to_owned(), "message_id: id-characters"),
        (|b| b.message_id = String::new(), "message_id: missing"),
        (
            |b| b.debtor.number = "DE88370400440532013000".to_owned(),
            "debtor.number: iban-checksum",
        ),
        (
            |b| b.debtor.holder = "a".repeat(71),
            "debtor.holder: too-long max=70 found=71",
        ),
        (|b| b.debtor.bic = Some("COBADEFF1".to_owned()), "debtor.bic: bic-form"),
        (
            |b| b.payments[1].end_to_end_id = "P-0001".to_owned(),
            "payments[1].end_to_end_id: twice",
        ),
        (
            |b| b.payments[1].end_to_end_id = "编号".to_owned(),
            "payments[1].end_to_end_id: id-characters",
        ),
        (|b| b.payments[0].amount.minor = 0, "payments[0].amount: not-positive"),
        (|b| b.payments[0].amount.minor = -5, "payments[0].amount: not-positive"),
        (
            |b| b.payments[0].amount.minor = 99_999_999_999 + 1,
            "payments[0].amount: too-large max=999999999.99 EUR",
        ),
        (
            |b| {
                let large = payment(
                    "P-9",
                    card("A", "6225880100006205"),
                    999_999_999_999_999_999,
                    Currency::EUR,
                );
                b.payments.push(large);
            },
            "payments: too-large",
        ),
        (
            |b| b.payments[2].amount.minor = i64::MAX,
            "payments[2].amount: too-large",
        ),
        (
            |b| b.payments[0].amount.currency = Currency::USD,
            "payments[0].amount: currency currency=EUR",
        ),
        (
            |b| b.payments[0].creditor.holder = "A\u{0}B".to_owned(),
            "payments[0].creditor.holder: control-characters",
        ),
        (
            |b| b.payments[0].creditor.holder = "\u{202e}@cmd".to_owned(),
            "payments[0].creditor.holder: first-character",
        ),
        (
            |b| b.payments[2].creditor.holder = "名".repeat(141),
            "payments[2].creditor.holder: too-long max=140 found=141",
        ),
        (
            |b| b.payments[2].creditor.branch = Some("1".to_owned()),
            "payments[2].creditor.branch: branch-form",
        ),
        (
            |b| b.payments[0].remittance = "a\u{ffff}".to_owned(),
            "payments[0].remittance: control-characters",
        ),
    ];
    for (spoil, says) in cases {
        let mut batch = german();
        spoil(&mut batch);
        let error = pain001::render(&batch).expect_err(says).to_string();
        assert!(error.contains(says), "{says:?} is not in {error}");
    }
}

#[test]
fn a_table_after_a_template() {
    let template = Template::from_yaml(CN_BATCH).expect("the standard");
    let mut batch = chinese();
    batch.payments[0].remittance = "=1+1, \"上海\"\n拜访".to_owned();
    let csv = columns::render(&batch, &template).expect("a table");
    assert_eq!(
        csv,
        "序号,收款人户名,收款账号,开户行,联行号,币种,金额,用途,业务参考号\r\n\
         1,王敏,6225880100006205,招商银行北京中关村支行,308100005019,CNY,3120.00,\"1+1, \"\"上海\"\" 拜访\",P-1001\r\n\
         2,欧阳𠮷,6217000010001234567,招商银行北京中关村支行,308100005019,CNY,0.01,BX2611-0187 P-1002,P-1002\r\n"
    );
    batch.payments[0].amount.minor = 0;
    assert!(columns::render(&batch, &template).is_err());
}

#[test]
fn templates_say_what_they_lack() {
    for (yaml, says) in [
        ("name: x\ncolumns: []", "columns: is empty"),
        (
            "name: x\ncolumns: [{ header: a, field: amount }]",
            "no column has `field: creditor_name`",
        ),
        (
            "name: x\ncolumns: [{ header: a, field: fixed }]",
            "columns[0].text: belongs to `field: fixed`",
        ),
        (
            "name: x\ncolumns: [{ header: a, field: sum }]",
            "columns[0].field: unknown variant `sum`",
        ),
        (
            "name: x\ndelimiter: a\ncolumns: [{ header: a, field: amount }]",
            "delimiter: 'a'",
        ),
        ("name: x\ncolour: a\ncolumns: []", "unknown field `colour`"),
    ] {
        let error = Template::from_yaml(yaml).expect_err(says).to_string();
        assert!(error.contains(says), "{says:?} is not in {error}");
    }
}

#[test]
fn the_banks_answer() {
    let text = "\u{feff}end_to_end_id,status,reason,date\r\nP-0001,posted,,2026-11-25\r\nP-0002, FAILED ,账户已销户,\r\n,,,\r\n";
    let answers = read_answers(text).expect("good");
    assert_eq!(answers.len(), 2);
    assert_eq!(
        answers[0].outcome,
        Outcome::Posted {
            on: Some(date(2026, 11, 25))
        }
    );
    assert_eq!(
        answers[1].outcome,
        Outcome::Failed {
            reason: "账户已销户".to_owned()
        }
    );
    let short = read_answers("status,reason,end_to_end_id\nposted,,P-1\n").expect("any order");
    assert_eq!(short[0].outcome, Outcome::Posted { on: None });
}

#[test]
fn a_bad_answer_is_told_row_by_row_and_nothing_is_taken() {
    let text = "end_to_end_id,status,reason,date\nP-1,posted,,\nP-1,posted,,\nP-2,failed,,\nP-3,maybe,,\n,posted,,\nP-4,posted,,2026-13-01\nP-5,posted\n";
    let told: Vec<String> = read_answers(text)
        .expect_err("bad")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "row 3: \"P-1\" is in an earlier row: keep one",
            "row 4: reason is empty: say why it failed",
            "row 5: status \"maybe\" is not known: write posted or failed",
            "row 6: end_to_end_id is empty: every row names a payment",
            "row 7: date \"2026-13-01\" is no day: write 2026-11-24",
            "row 8: has 2 cells where the first row has 4",
        ]
    );
    assert_eq!(
        read_answers("end_to_end_id,status\n"),
        Err(vec![AnswerError::Column("reason")])
    );
    assert_eq!(
        read_answers("end_to_end_id,status,reason,x\n"),
        Err(vec![AnswerError::Unknown("x".to_owned())])
    );
    assert_eq!(
        read_answers("end_to_end_id,status,reason\n"),
        Err(vec![AnswerError::Empty])
    );
    assert_eq!(read_answers(&"x".repeat(9 << 20)), Err(vec![AnswerError::TooLong]));
}

proptest! {
    #[test]
    fn any_batch_is_refused_or_adds_up(
        amounts in proptest::collection::vec(-10i64..9_999_999_999, 0..20),
        names in proptest::collection::vec("\\PC{0,90}", 20),
        notes in proptest::collection::vec(".{0,200}", 20),
    ) {
        let mut batch = german();
        batch.payments = amounts
            .iter()
            .zip(names.iter().zip(&notes))
            .enumerate()
            .map(|(i, (minor, (name, note)))| Payment {
                remittance: note.clone(),
                ..payment(&format!("P-{i}"), iban(name, "DE75512108001245126199"), *minor, Currency::EUR)
            })
            .collect();
        if let Ok(xml) = pain001::render(&batch) {
            let sum: i64 = amounts.iter().sum();
            prop_assert_eq!(&texts(&xml, "CtrlSum")[0], &Money::new(sum, Currency::EUR).plain());
            prop_assert_eq!(texts(&xml, "EndToEndId").len(), amounts.len());
            let read: Vec<String> = texts(&xml, "Nm").into_iter().skip(2).collect();
            let written: Vec<String> = batch.payments.iter().map(|p| p.creditor.holder.clone()).collect();
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn answers_never_panic(text in "\\PC{0,300}", rows in proptest::collection::vec("[a-zA-Z0-9,\"\n ]{0,40}", 0..9)) {
        let _ = read_answers(&text);
        let _ = read_answers(&format!("end_to_end_id,status,reason\n{}", rows.join("\n")));
    }
}
