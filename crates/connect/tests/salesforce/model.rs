//! Random work in Salesforce, with random faults, seen by pulls that are broken off: the mirror ends equal.

use std::{collections::BTreeMap, time::Duration};

use outlay_connect::{Connector, Object, Page};
use outlay_fakes::{WriteFault, salesforce::FakeSalesforce};
use serde_json::{Value, json};

use super::{connect_as, frame::Chance};

/// Of each seed; all seeds make two thousand.
const STEPS: usize = 500;
/// What is mirrored, and the object behind it.
const MIRRORED: [(Object, &str); 3] = [
    (Object::Account, "Account"),
    (Object::Deal, "Opportunity"),
    (Object::Contact, "Contact"),
];

/// Id → name; what is gone is not in it.
type Mirror = BTreeMap<String, String>;

/// One thing that somebody does in Salesforce.
fn work(fake: &FakeSalesforce, chance: &mut Chance, step: usize) {
    // A transaction lasts for 40 seconds and what the clock leaps over at most; the overlap is longer than that.
    if chance.below(6) == 0 {
        let odd = match chance.below(2) {
            0 => WriteFault::EqualTime,
            _ => WriteFault::LateCommit(u32::try_from(1 + chance.below(40)).expect("small")),
        };
        fake.faults.next_writes(1 + chance.below(3), odd);
    }
    let mut db = fake.db();
    let (_, object) = MIRRORED[chance.below(3)];
    let ids: Vec<(String, bool)> = db
        .object(object)
        .rows
        .iter()
        .map(|(id, row)| (id.clone(), row["IsDeleted"] == true))
        .collect();
    let name = json!({ "Name": format!("客户 {step}"), "CurrencyIsoCode": "CNY" });
    if ids.is_empty() || chance.below(3) == 0 {
        for _ in 0..=chance.below(5) {
            db.add(object, name.clone());
        }
        return;
    }
    let (id, in_bin) = &ids[chance.below(ids.len())];
    match (chance.below(6), in_bin) {
        (0, false) => db.delete(object, id),
        (0 | 1, true) => db.undelete(object, id),
        (2, true) => db.erase(object, id),
        (5, false) => db.erase(object, id),
        (_, false) => db.set(object, id, name),
        (_, true) => {}
    }
}

fn truth(fake: &FakeSalesforce, object: &str) -> Mirror {
    let mut db = fake.db();
    let rows = db
        .object(object)
        .rows
        .iter()
        .filter(|(_, row)| row["IsDeleted"] != true);
    rows.map(|(id, row)| (id.clone(), row["Name"].as_str().expect("a name").to_owned()))
        .collect()
}

fn apply(mirror: &mut Mirror, page: Page) {
    for record in page.records {
        match record.deleted {
            true => _ = mirror.remove(&record.external_id),
            false => _ = mirror.insert(record.external_id.clone(), record.body.label().to_owned()),
        }
    }
    for id in page.gone {
        mirror.remove(&id);
    }
}

#[tokio::test]
async fn whatever_happens_the_mirror_ends_equal() {
    for seed in 1..=4 {
        let mut chance = Chance(seed * 7919);
        let fake = FakeSalesforce::default();
        for n in 0..30 {
            fake.db().add("Account", json!({ "Name": n.to_string() }));
        }
        fake.db().batch = 7;
        let connect = || {
            connect_as(&fake, |place| {
                place.overlap = Duration::from_secs(90);
                place.sweep_every = Duration::from_secs(30);
                place.bulk_above = 25;
                place.bulk_page = 4;
            })
        };
        let mut salesforce = connect().await;
        let mut mirrors = [Mirror::new(), Mirror::new(), Mirror::new()];
        let mut cursors: [Option<Value>; 3] = Default::default();
        for step in 0..STEPS {
            work(&fake, &mut chance, step);
            if chance.below(3) == 0 {
                fake.faults.clear_writes();
                fake.db().pass(i64::try_from(chance.below(20)).expect("small"));
            }
            if chance.below(8) == 0 {
                let fault = chance.fault();
                fake.faults.next(1 + chance.below(2), fault);
            }
            match chance.below(100) {
                0 => salesforce = connect().await,
                1 | 2 => fake.db().tokens.clear(),
                3 => fake.db().jobs.clear(),
                _ => {}
            }
            fake.db().keeps_rests = chance.below(10) > 0;
            let which = chance.below(3);
            let size = 1 + chance.below(30);
            // Sometimes the answer comes and is lost before it is stored.
            let stored = chance.below(10) > 0;
            match salesforce.pull(MIRRORED[which].0, cursors[which].as_ref(), size).await {
                Ok(page) if stored => {
                    cursors[which] = Some(page.next.clone());
                    apply(&mut mirrors[which], page);
                }
                // After many failures the CRM is left alone; no test waits for so long.
                Err(error) if error.retry_after().is_some() => salesforce = connect().await,
                _ => {}
            }
        }
        fake.faults.clear();
        fake.db().keeps_rests = true;
        fake.db().pass(41);
        salesforce = connect().await;
        for (which, (object, name)) in MIRRORED.into_iter().enumerate() {
            let (mut pages, mut ends) = (0, 0);
            // A run may have been under way: one more sees what was committed behind it, and reads the log.
            while ends < 2 {
                let page = salesforce
                    .pull(object, cursors[which].as_ref(), 50)
                    .await
                    .expect("a page");
                ends += usize::from(page.done);
                if page.done {
                    fake.db().pass(31);
                }
                cursors[which] = Some(page.next.clone());
                apply(&mut mirrors[which], page);
                pages += 1;
                assert!(pages < 200, "no end");
            }
            assert_eq!(mirrors[which], truth(&fake, name), "seed {seed}, {object}");
        }
    }
}
