//! The tables of a policy leave it as decision tables, and come back.

use outlay_core::policy::{AUTO_APPROVAL, CN_STANDARD, DE_STANDARD, Policy};
use outlay_core::table::{HitPolicy, Row, read_sheet};

#[test]
fn each_table_goes_out_and_comes_back() {
    for text in [CN_STANDARD, DE_STANDARD] {
        let policy = Policy::from_yaml(text).expect("sound");
        let all: Vec<String> = policy.rule_tables().iter().map(|t| t.id.to_owned()).collect();
        assert!(all.contains(&"lodging-limit".to_owned()) && all.contains(&AUTO_APPROVAL.to_owned()));
        for id in all {
            let table = policy.table(&id).expect("there").expect("readable");
            let mut set = (*policy).clone();
            set.put_table(&table).expect("taken back");
            assert_eq!(set, *policy, "{id}");
            let again = Policy::new(set).expect("sound");
            assert_eq!(
                again.table(&id).expect("there").expect("readable").version(),
                table.version()
            );
        }
    }
}

#[test]
fn a_changed_table_is_taken_back_in_short_cells() {
    let policy = Policy::from_yaml(CN_STANDARD).expect("sound");
    let mut set = (*policy).clone();
    let mut table = set.table("lodging-limit").expect("there").expect("readable");
    assert_eq!(table.rows[0].inputs[0], r#""P9", "P10""#);
    table.hit = HitPolicy::Unique;
    table.rows = vec![
        Row {
            inputs: vec![
                r#""P4", "P1", "P2", "P9", "P10""#.into(),
                r#"not("t1")"#.into(),
                "-".into(),
            ],
            outputs: vec!["300".into()],
            note: "董事会 2026-11".into(),
            ..Row::default()
        },
        Row {
            inputs: vec!["-".into(), r#""t1""#.into(), r#"not("none")"#.into()],
            outputs: vec!["null".into()],
            ..Row::default()
        },
    ];
    set.put_table(&table).expect("taken back");
    let yaml = serde_norway::to_string(&set).expect("YAML");
    assert!(
        yaml.contains("- 'P1..P2, P4, P9+ | not(t1) | - | 300 | # 董事会 2026-11'"),
        "{yaml}"
    );
    assert!(yaml.contains("t1 | not(none) | none"), "{yaml}");
    let again = Policy::from_yaml(&yaml).expect("sound");
    assert_eq!(*again, set);
}

#[test]
fn a_sheet_with_chinese_headings_is_a_policys_table() {
    let policy = Policy::from_yaml(CN_STANDARD).expect("sound");
    let mut set = (*policy).clone();
    let text = |all: &[&str]| all.iter().map(|c| (*c).to_owned()).collect::<Vec<String>>();
    let headers = text(&["F 餐费标准", "职级", "城市等级", "→ 金额"]);
    let rows = [
        text(&["type", "文本", "文本", "数字"]),
        text(&["1", "P9, P10", "", "260"]),
        text(&["2", "", "t1", "160"]),
        text(&["3", "", "", "130"]),
    ];
    let table = read_sheet("meals-limit", &headers, &rows).expect("a sheet");
    set.put_table(&table).expect("taken in");
    let made = set
        .rule_tables()
        .into_iter()
        .find(|t| t.id == "meals-limit")
        .expect("there")
        .table
        .clone();
    assert_eq!(made.inputs, ["grade", "tier"]);
    let cells: Vec<&[String]> = made.rows.iter().map(|r| &r.cells[..]).collect();
    assert_eq!(cells, [["P9+", "-", "260"], ["-", "t1", "160"], ["-", "-", "130"]]);
}

#[test]
fn what_cannot_stand_in_a_policy_names_its_cell() {
    let policy = Policy::from_yaml(CN_STANDARD).expect("sound");
    let mut set = (*policy).clone();
    let sound = set.table("meals-limit").expect("there").expect("readable");
    let mut wrong = sound.clone();
    wrong.rows[1].outputs[0] = "much".into();
    let error = set.put_table(&wrong).expect_err("no amount");
    let cell = error.problems[0].cell.clone().expect("a cell");
    assert_eq!(
        (cell.rule.as_str(), cell.row, cell.column.as_deref()),
        ("meals-limit", Some(2), Some("limit"))
    );
    let mut wrong = sound.clone();
    wrong.inputs[0].expression = "shoe size".into();
    wrong.inputs[0].label = String::new();
    assert!(
        set.put_table(&wrong)
            .expect_err("no such fact")
            .to_string()
            .contains("nothing a column can ask")
    );
    let mut wrong = sound;
    wrong.id = "no-such-rule".into();
    assert!(
        set.put_table(&wrong)
            .expect_err("no such rule")
            .to_string()
            .contains("no table of this policy")
    );
    assert_eq!(set, *policy, "nothing changed");
}
