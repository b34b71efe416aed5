//! The tables of a policy leave it as decision tables, and come back.

use outlay_core::policy::{
    AUTO_APPROVAL, CN_STANDARD, DE_STANDARD, Policy, PolicySet, US_STANDARD, with_rule, with_table,
};
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

/// Lines that are in one text and not in the other.
fn differ(a: &str, b: &str) -> Vec<String> {
    let lines = |t: &str| t.lines().map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (lines(a), lines(b));
    let only = |a: &[String], b: &[String]| a.iter().filter(|l| !b.contains(l)).cloned().collect::<Vec<_>>();
    [only(&a, &b), only(&b, &a)].concat()
}

#[test]
fn a_table_is_changed_in_the_text_and_nothing_else_is() {
    // With the audit switched on.
    let audited: String = CN_STANDARD
        .split_inclusive('\n')
        .scan(false, |on, line| {
            *on = (*on || line == "# audit:\n") && line.starts_with('#');
            Some(if *on { &line[2..] } else { line })
        })
        .collect();
    for text in [audited.as_str(), DE_STANDARD, US_STANDARD] {
        let set = PolicySet::from_yaml(text).expect("readable");
        assert!(text != audited || set.audit.is_some());
        let all: Vec<String> = set.rule_tables().iter().map(|t| t.id.to_owned()).collect();
        for id in &all {
            let mut table = set.table(id).expect("there").expect("readable");
            let same = with_table(text, &table).expect("taken");
            let again = PolicySet::from_yaml(&same).expect("readable");
            // The same rules, though a year or a share may be written at length.
            for other in &all {
                assert_eq!(again.table(other), set.table(other), "{other} after {id}");
            }
            assert!(same.starts_with("# "), "{id}: comments stay");
            assert_eq!(same.lines().count(), text.lines().count(), "{id}");
            table.rows.insert(0, table.rows[0].clone());
            table.rows[0].note = "董事会: \"2026\"".into();
            let longer = with_table(text, &table).expect("taken");
            assert_eq!(longer.lines().count(), text.lines().count() + 1, "{id}");
            let again = PolicySet::from_yaml(&longer).expect("readable");
            assert_eq!(again.table(id).expect("there").expect("readable"), table);
        }
    }
}

#[test]
fn cells_that_need_quotes_get_them() {
    let mut table = PolicySet::from_yaml(CN_STANDARD)
        .expect("readable")
        .table(AUTO_APPROVAL)
        .expect("there")
        .expect("readable");
    table.rows[0].inputs[0] = "[12.50..2000.25)".into();
    let text = with_table(CN_STANDARD, &table).expect("taken");
    let changed = differ(CN_STANDARD, &text);
    assert_eq!(
        changed,
        [
            r#"      - ["<= 2000", B+, "deal, account, activity", "-", pass]"#,
            r#"      - ["[12.50..2000.25)", B+, "deal, account, activity", "-", pass]"#,
        ]
    );
}

#[test]
fn nonsense_in_a_cell_is_refused_with_its_place() {
    let mut table = PolicySet::from_yaml(CN_STANDARD)
        .expect("readable")
        .table("lodging-limit")
        .expect("there")
        .expect("readable");
    table.rows[2].outputs[0] = "about 700".into();
    let error = with_table(CN_STANDARD, &table).expect_err("nonsense");
    let cell = error.problems[0].cell.clone().expect("a cell");
    assert_eq!(
        (cell.rule.as_str(), cell.row, cell.column.as_deref()),
        ("lodging-limit", Some(3), Some("limit"))
    );
    table.rows[2].outputs[0] = "700".into();
    table.hit = HitPolicy::Count;
    assert!(with_table(CN_STANDARD, &table).is_err());
    table.hit = HitPolicy::First;
    table.id = "nowhere".into();
    assert!(with_table(CN_STANDARD, &table).is_err());
}

#[test]
fn a_rule_is_changed_in_the_text_and_the_others_stay() {
    let mut set = PolicySet::from_yaml(CN_STANDARD).expect("readable");
    let ids: Vec<String> = set.rules.iter().map(|r| r.id.clone()).collect();
    for (n, id) in ids.iter().enumerate() {
        set.rules[n].text.en.title = format!("Changed: {id}");
        set.rules[n].source = Some("董事会 2026".into());
        let text = with_rule(CN_STANDARD, &set.rules[n]).expect("taken");
        assert!(
            text.starts_with("# ") && text.contains("hints: [铁路旅客运输"),
            "{text}"
        );
        let again = PolicySet::from_yaml(&text).expect("readable");
        assert_eq!(again.rules[n], set.rules[n]);
        let others = |s: &PolicySet| {
            s.rules
                .iter()
                .filter(|r| r.id != *id)
                .map(|r| r.id.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(others(&again), others(&set));
    }
}
