//! Decision tables at the command line.

use std::fs;
use std::path::Path;

use outlay_connect::tables::{Cell, write_xlsx};

use crate::cli::{path, run, text};

/// Who approves, by amount; nobody at exactly 5,000.
const MODEL: &str = r#"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="审批" namespace="urn:outlay:test">
  <inputData name="金额" id="i"><variable name="金额" typeRef="number"/></inputData>
  <decision name="审批人" id="d">
    <variable name="审批人" typeRef="string"/>
    <informationRequirement><requiredInput href="&#35;i"/></informationRequirement>
    <decisionTable id="t" hitPolicy="UNIQUE">
      <input><inputExpression typeRef="number"><text>金额</text></inputExpression></input>
      <output name="who" typeRef="string"/>
      <rule><inputEntry><text>[0..5000)</text></inputEntry><outputEntry><text>"主管"</text></outputEntry></rule>
      <rule><inputEntry><text>&gt; 5000</text></inputEntry><outputEntry><text>"总监"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"#;

fn cases(amount: &str, who: &str) -> String {
    format!(
        r#"<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <testCase id="001">
    <inputNode name="金额"><value xsi:type="xsd:decimal">{amount}</value></inputNode>
    <resultNode name="审批人" type="decision"><expected><value xsi:type="xsd:string">{who}</value></expected></resultNode>
  </testCase>
</testCases>"#
    )
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join(name), text).expect("written");
}

#[test]
fn cases_below_a_folder_are_run_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().to_str().expect("UTF-8");
    let none = run(&["rules", "test", root]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stdout).contains("0 passed, 0 failed"));
    assert!(text(&none.stderr).contains("no cases"));

    let deep = folder.path().join("a/b");
    put(&deep, "who.dmn", MODEL);
    put(&deep, "who-test-01.xml", &cases("4999.99", "主管"));
    put(
        &deep,
        "who-test-02.xml",
        &cases("5000.000000000000000000000001", "总监"),
    );
    let fine = run(&["rules", "test", root]);
    assert_eq!(text(&fine.stdout), "2 passed, 0 failed\n");
    assert_eq!(fine.status.code(), Some(0));

    put(&deep, "who-test-03.xml", &cases("5000", "总监"));
    put(&deep, "who-test-04.xml", "<testCases");
    put(&folder.path().join("c"), "lost-test-01.xml", &cases("1", "主管"));
    let failed = run(&["rules", "test", root]);
    let said = text(&failed.stdout);
    assert!(said.ends_with("2 passed, 3 failed\n"), "{said}");
    assert!(said.contains("case 001, 审批人: expected \"总监\", got null"), "{said}");
    assert_eq!(failed.status.code(), Some(1));
}

#[test]
fn what_a_table_forgets_is_told_with_an_example() {
    let folder = tempfile::tempdir().expect("a folder");
    put(folder.path(), "who.dmn", MODEL);
    let checked = run(&["rules", "check", &path(folder.path(), "who.dmn")]);
    let said = text(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.contains("gap: <0, 5000; for example 金额 = -1"), "{said}");

    let rows = [
        "类型|金额|数字",
        "a|[0..1000)|1",
        "b|[1000..5000]|3",
        "c|>5000|2",
        "d|<0|0",
        "e|[100..200]|1",
    ];
    let cells = |row: &str| row.split('|').map(Cell::from).collect::<Vec<_>>();
    let sheet = write_xlsx("rules", &["F 审批级数", "amount", "→ approvers"], rows.map(cells)).expect("a sheet");
    let file = path(folder.path(), "levels.xlsx");
    fs::write(&file, sheet).expect("written");
    let checked = run(&["rules", "check", &file, "--rises", "approvers", "--with", "amount"]);
    let said = text(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.starts_with("审批级数 (F, 5 rows, version "), "{said}");
    assert!(
        said.contains("never answers: row 5, covered by rows [1]; for example amount = 100"),
        "{said}"
    );
    assert!(
        said.contains("falls: 3 by rows [2] for amount = 1000, but 2 by rows [3] for amount = 5001"),
        "{said}"
    );
    assert!(!said.contains("gap"), "{said}");

    let fine = path(folder.path(), "fine.csv");
    fs::write(&fine, "F,amount,→ approvers\na,<5000,1\nb,-,2\n").expect("written");
    let checked = run(&["rules", "check", &fine, "--rises", "approvers", "--with", "amount"]);
    let said = text(&checked.stdout);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(
        said.contains("no gaps, no overlaps that matter") && said.contains("never falls"),
        "{said}"
    );
}

#[test]
fn a_cell_with_nonsense_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    put(folder.path(), "who.dmn", &MODEL.replace("[0..5000)", "5000元以下"));
    let refused = run(&["rules", "check", &path(folder.path(), "who.dmn")]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(
        said.contains("t, row 1, input 1: \"5000元以下\" cannot be read"),
        "{said}"
    );
    put(
        folder.path(),
        "evil.dmn",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><definitions/>",
    );
    let refused = run(&["rules", "check", &path(folder.path(), "evil.dmn")]);
    assert!(
        text(&refused.stderr).contains("document type"),
        "{}",
        text(&refused.stderr)
    );
}
