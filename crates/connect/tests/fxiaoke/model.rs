//! Random work in 纷享销客, with random faults, seen by pulls that are broken off: the mirror ends equal.

use std::{collections::BTreeMap, time::Duration};

use outlay_connect::{Connector, Object};
use outlay_fakes::{Fault, WriteFault, fxiaoke::FakeFxiaoke};
use serde_json::{Value, json};

use super::connect_as;

/// Of each seed: four seeds make two thousand.
const STEPS: usize = 500;
/// What is mirrored, and the objects behind it.
const MIRRORED: [(Object, &[&str]); 3] = [
    (Object::Account, &["AccountObj"]),
    (Object::Deal, &["NewOpportunityObj"]),
    (Object::Activity, &["ActiveRecordObj", "CheckinsObj"]),
];

/// Id → label and whether it is gone.
type Mirror = BTreeMap<String, (String, bool)>;

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
    match chance.below(10) {
        0 => Fault::TooMany("1".into()),
        1 => Fault::Status(502),
        2 => Fault::Status(503),
        3 => Fault::Status(500),
        4 => Fault::Expired,
        5 => Fault::ErrorInOk,
        6 => Fault::LogInPage,
        7 => Fault::Truncated,
        8 => Fault::BrokenLine,
        _ => Fault::LostAnswer,
    }
}

/// One thing that somebody does in 纷享销客.
fn work(fake: &FakeFxiaoke, chance: &mut Chance, step: usize) {
    // A change lasts for 40 seconds and what the clock leaps over at most; the overlap is longer than that.
    if chance.below(6) == 0 {
        let odd = match chance.below(2) {
            0 => WriteFault::EqualTime,
            _ => WriteFault::LateCommit(u32::try_from(1 + chance.below(40)).expect("small")),
        };
        fake.faults.next_writes(1 + chance.below(3), odd);
    }
    let mut db = fake.db();
    let object = ["AccountObj", "NewOpportunityObj", "ActiveRecordObj", "CheckinsObj"][chance.below(4)];
    let ids: Vec<String> = db.object(object).rows.keys().cloned().collect();
    let name = json!({ "name": format!("客户 {step}") });
    if ids.is_empty() || chance.below(3) == 0 {
        for _ in 0..=chance.below(5) {
            db.add(object, name.clone());
        }
        return;
    }
    let id = &ids[chance.below(ids.len())];
    match chance.below(4) {
        0 => {
            let status = ["normal", "invalid"][chance.below(2)];
            db.set(object, id, json!({ "life_status": status }));
        }
        _ => db.set(object, id, name),
    }
}

fn truth(fake: &FakeFxiaoke, objects: &[&str]) -> Mirror {
    let mut db = fake.db();
    let mut all = Mirror::new();
    for object in objects {
        for (id, row) in &db.object(object).rows {
            let name = row["name"].as_str().expect("a name").to_owned();
            all.insert(id.clone(), (name, row["life_status"] == "invalid"));
        }
    }
    all
}

#[tokio::test]
async fn whatever_happens_the_mirror_ends_equal() {
    for seed in 1..=4 {
        let mut chance = Chance(seed * 7919);
        let fake = FakeFxiaoke::default();
        fake.db().shows_invalid = true;
        let mut crm = connect_as(&fake, |place| place.overlap = Duration::from_secs(90)).await;
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
            if chance.below(30) == 0 {
                fake.db().expire();
            }
            if chance.below(100) == 0 {
                crm = connect_as(&fake, |place| place.overlap = Duration::from_secs(90)).await;
            }
            let which = chance.below(3);
            let size = 1 + chance.below(30);
            // Sometimes the answer comes and is lost before it is stored.
            let stored = chance.below(10) > 0;
            if let Ok(page) = crm.pull(MIRRORED[which].0, cursors[which].as_ref(), size).await
                && stored
            {
                apply(&mut mirrors[which], page.records);
                cursors[which] = Some(page.next);
            }
        }
        fake.faults.clear();
        fake.db().pass(41);
        for (which, (object, objects)) in MIRRORED.into_iter().enumerate() {
            let (mut pages, mut ends) = (0, 0);
            // A run may have been under way: one more sees what was committed behind it.
            while ends < 2 {
                let page = crm.pull(object, cursors[which].as_ref(), 50).await.expect("a page");
                apply(&mut mirrors[which], page.records);
                cursors[which] = Some(page.next);
                ends += usize::from(page.done);
                pages += 1;
                assert!(pages < 100, "no end");
            }
            assert_eq!(mirrors[which], truth(&fake, objects), "seed {seed}, {object}");
        }
    }
}

fn apply(mirror: &mut Mirror, records: Vec<outlay_connect::Record>) {
    for record in records {
        let label = record.body.label().to_owned();
        mirror.insert(record.external_id, (label, record.deleted));
    }
}
