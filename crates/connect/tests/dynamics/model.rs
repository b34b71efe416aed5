//! Random work in Dataverse, with random faults, seen by pulls that are broken off: the mirror ends equal.

use std::collections::BTreeMap;

use outlay_connect::{Connector, Object, Page};
use outlay_fakes::{WriteFault, dynamics::FakeDynamics};
use serde_json::{Value, json};

use super::{connect, frame::Chance};

/// Of each seed; all seeds make two thousand.
const STEPS: usize = 500;
/// What is mirrored, and the table behind it.
const MIRRORED: [(Object, &str); 3] = [
    (Object::Account, "accounts"),
    (Object::Project, "msdyn_projects"),
    (Object::Deal, "opportunities"),
];

/// Id → name; what is gone is not in it.
type Mirror = BTreeMap<String, String>;

fn name_of(set: &str) -> &'static str {
    if set == "msdyn_projects" {
        "msdyn_subject"
    } else {
        "name"
    }
}

/// One thing that somebody does in Dataverse.
fn work(fake: &FakeDynamics, chance: &mut Chance, step: usize) {
    if chance.below(6) == 0 {
        let odd = match chance.below(2) {
            0 => WriteFault::EqualTime,
            _ => WriteFault::LateCommit(u32::try_from(1 + chance.below(400)).expect("small")),
        };
        fake.faults.next_writes(1 + chance.below(3), odd);
    }
    let mut db = fake.db();
    let (_, set) = MIRRORED[chance.below(3)];
    let ids: Vec<String> = db.table(set).rows.keys().cloned().collect();
    let name = json!({ name_of(set): format!("客户 {step}") });
    if ids.is_empty() || chance.below(3) == 0 {
        for _ in 0..=chance.below(5) {
            db.add(set, name.clone());
        }
        return;
    }
    let id = &ids[chance.below(ids.len())];
    match chance.below(5) {
        0 => db.delete(set, id),
        _ => db.set(set, id, name),
    }
}

fn truth(fake: &FakeDynamics, set: &str) -> Mirror {
    let mut db = fake.db();
    let rows = db.table(set).rows.iter();
    rows.map(|(id, row)| (id.clone(), row[name_of(set)].as_str().expect("a name").to_owned()))
        .collect()
}

fn apply(mirror: &mut Mirror, page: Page) {
    for record in page.records {
        mirror.insert(record.external_id.clone(), record.body.label().to_owned());
    }
    for id in page.gone {
        mirror.remove(&id);
    }
}

#[tokio::test]
async fn whatever_happens_the_mirror_ends_equal() {
    for seed in 1..=4 {
        let mut chance = Chance(seed * 7919);
        let fake = FakeDynamics::default();
        let mut dynamics = connect(&fake).await;
        let mut mirrors = [Mirror::new(), Mirror::new(), Mirror::new()];
        let mut cursors: [Option<Value>; 3] = Default::default();
        // Whether changes were lost to the mirror, so that it takes a reconcile.
        let mut expired = false;
        for step in 0..STEPS {
            work(&fake, &mut chance, step);
            if chance.below(3) == 0 {
                fake.faults.clear_writes();
                fake.db().pass(i64::try_from(chance.below(60)).expect("small"));
            }
            if chance.below(8) == 0 {
                let fault = chance.fault();
                // As a fault of any request, this is what a link that leads nowhere says.
                expired |= fault == outlay_fakes::Fault::Expired;
                fake.faults.next(1 + chance.below(2), fault);
            }
            match chance.below(150) {
                0 => dynamics = connect(&fake).await,
                1 | 2 => fake.db().tokens.clear(),
                3 => {
                    fake.db().forget_changes();
                    expired = true;
                }
                _ => {}
            }
            let which = chance.below(3);
            let size = 1 + chance.below(30);
            // Sometimes the answer comes and is lost before it is stored.
            let stored = chance.below(10) > 0;
            match dynamics.pull(MIRRORED[which].0, cursors[which].as_ref(), size).await {
                Ok(page) if stored => {
                    cursors[which] = Some(page.next.clone());
                    apply(&mut mirrors[which], page);
                }
                Err(error) if error.retry_after().is_some() => dynamics = connect(&fake).await,
                _ => {}
            }
        }
        fake.faults.clear();
        fake.db().pass(500);
        dynamics = connect(&fake).await;
        for (which, (object, set)) in MIRRORED.into_iter().enumerate() {
            let mut pages = 0;
            let mut ends = 0;
            while ends < 2 {
                let page = dynamics
                    .pull(object, cursors[which].as_ref(), 50)
                    .await
                    .expect("a page");
                ends += usize::from(page.done);
                cursors[which] = Some(page.next.clone());
                apply(&mut mirrors[which], page);
                pages += 1;
                assert!(pages < 200, "no end");
            }
            if expired {
                // What a reconcile does: whoever is in no list and not found either is gone.
                let (mut listed, mut after) = (Vec::new(), None);
                loop {
                    let marks = dynamics.scan(object, after.as_ref(), 20).await.expect("marks");
                    listed.extend(marks.marks.into_iter().map(|m| m.external_id));
                    after = Some(marks.next);
                    if marks.done {
                        break;
                    }
                }
                let extra: Vec<String> = mirrors[which]
                    .keys()
                    .filter(|id| !listed.contains(id))
                    .cloned()
                    .collect();
                for id in dynamics.fetch(object, &extra).await.expect("an answer").gone {
                    mirrors[which].remove(&id);
                }
            }
            assert_eq!(mirrors[which], truth(&fake, set), "seed {seed}, {object}");
        }
    }
}
