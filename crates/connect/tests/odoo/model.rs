//! Random work in Odoo, with random faults, seen by pulls that are broken off: the mirror ends equal.

use std::{collections::BTreeMap, time::Duration};

use outlay_connect::{Connector, Object};
use outlay_fakes::{Fault, WriteFault, odoo::FakeOdoo};
use serde_json::{Value, json};

use super::{VERSIONS, connect_as};

/// Of each seed. Both versions and all seeds make two thousand.
const STEPS: usize = 500;
/// What is mirrored, and the model behind it.
const MIRRORED: [(Object, &str); 3] = [
    (Object::Account, "res.partner"),
    (Object::Deal, "crm.lead"),
    (Object::Order, "sale.order"),
];

/// Id → label and whether it is gone.
type Mirror = BTreeMap<i64, (String, bool)>;

/// A small generator: the same seed gives the same work.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(9) {
        0 => Fault::TooMany("1".into()),
        1 => Fault::Status(502),
        2 => Fault::Status(503),
        3 => Fault::Expired,
        4 => Fault::ErrorInOk,
        5 => Fault::LogInPage,
        6 => Fault::Truncated,
        7 => Fault::BrokenLine,
        _ => Fault::LostAnswer,
    }
}

/// One thing that somebody does in Odoo.
fn work(fake: &FakeOdoo, chance: &mut Chance, step: usize) {
    // A transaction lasts for 40 seconds and what the clock leaps over at most; the overlap is longer than that.
    if chance.below(6) == 0 {
        let odd = match chance.below(2) {
            0 => WriteFault::EqualTime,
            _ => WriteFault::LateCommit(u32::try_from(1 + chance.below(40)).expect("small")),
        };
        fake.faults.next_writes(1 + chance.below(3), odd);
    }
    let mut db = fake.db();
    let (_, model) = MIRRORED[chance.below(3)];
    let ids: Vec<i64> = db
        .model(model)
        .rows
        .iter()
        .filter(|(_, r)| !is_ours(model, r))
        .map(|(id, _)| *id)
        .collect();
    let name = json!({ "name": format!("客户 {step}") });
    if ids.is_empty() || chance.below(3) == 0 {
        for _ in 0..=chance.below(5) {
            let mut new = name.clone();
            if model == "res.partner" {
                new["is_company"] = true.into();
            }
            db.add(model, new);
        }
        return;
    }
    let id = ids[chance.below(ids.len())];
    match chance.below(4) {
        0 if model != "sale.order" => db.set(model, id, json!({ "active": chance.below(2) == 0 })),
        _ => db.set(model, id, name),
    }
}

fn is_ours(model: &str, row: &outlay_fakes::odoo::Row) -> bool {
    model == "res.partner" && row["is_company"] != true || row.get("ref_company_ids").is_some_and(Value::is_array)
}

fn truth(fake: &FakeOdoo, model: &str) -> Mirror {
    let mut db = fake.db();
    let rows = db.model(model).rows.iter().filter(|(_, row)| !is_ours(model, row));
    rows.map(|(id, row)| {
        let gone = row.get("active").is_some_and(|active| active == false);
        (*id, (row["name"].as_str().expect("a name").to_owned(), gone))
    })
    .collect()
}

#[tokio::test]
async fn whatever_happens_the_mirror_ends_equal() {
    for version in VERSIONS {
        for seed in 1..=2 {
            let mut chance = Chance(seed * 7919);
            let fake = FakeOdoo::new(version);
            let mut odoo = connect_as(&fake, |place| place.overlap = Duration::from_secs(90)).await;
            let mut mirrors = [Mirror::new(), Mirror::new(), Mirror::new()];
            let mut cursors: [Option<Value>; 3] = Default::default();
            for step in 0..STEPS {
                work(&fake, &mut chance, step);
                if chance.below(3) == 0 {
                    fake.faults.clear_writes();
                    fake.db().pass(i64::try_from(chance.below(20)).expect("small"));
                }
                if chance.below(8) == 0 {
                    let fault = fault(&mut chance);
                    fake.faults.next(1 + chance.below(2), fault);
                }
                if chance.below(100) == 0 {
                    odoo = connect_as(&fake, |place| place.overlap = Duration::from_secs(90)).await;
                }
                let which = chance.below(3);
                let size = 1 + chance.below(30);
                // Sometimes the answer comes and is lost before it is stored.
                let stored = chance.below(10) > 0;
                if let Ok(page) = odoo.pull(MIRRORED[which].0, cursors[which].as_ref(), size).await
                    && stored
                {
                    apply(&mut mirrors[which], page.records);
                    cursors[which] = Some(page.next);
                }
            }
            fake.faults.clear();
            fake.db().pass(41);
            for (which, (object, model)) in MIRRORED.into_iter().enumerate() {
                let mut pages = 0;
                let mut ends = 0;
                // A run may have been under way: one more sees what was committed behind it.
                while ends < 2 {
                    let page = odoo.pull(object, cursors[which].as_ref(), 50).await.expect("a page");
                    apply(&mut mirrors[which], page.records);
                    cursors[which] = Some(page.next);
                    ends += usize::from(page.done);
                    pages += 1;
                    assert!(pages < 100, "no end");
                }
                assert_eq!(
                    mirrors[which],
                    truth(&fake, model),
                    "version {version}, seed {seed}, {object}"
                );
            }
        }
    }
}

fn apply(mirror: &mut Mirror, records: Vec<outlay_connect::Record>) {
    for record in records {
        let id = record.external_id.parse().expect("an id");
        let label = match &record.body {
            outlay_connect::Canonical::Order(order) => order.number.clone(),
            other => other.label().to_owned(),
        };
        mirror.insert(id, (label, record.deleted));
    }
}
