//! A list shows exactly what the check of each row allows: for everybody, over claims in every state.

use std::collections::BTreeSet;

use outlay::args;
use outlay::auth::{Action, Person, Resource};
use outlay::claims::{scope, store};
use outlay::clock;
use outlay_core::claim::Status;

use crate::seed;
use crate::world::on_both;

#[test]
fn a_list_is_the_rows_that_the_check_allows() {
    on_both(|world| async move {
        let ids = seed::in_every_state(&world).await;
        let mut sql = world.app.db.read();
        let mut all = Vec::new();
        for id in &ids {
            all.push(store::load(&mut sql, *id).await.expect("there"));
        }
        let seen: BTreeSet<Status> = all.iter().map(outlay_core::claim::Claim::status).collect();
        let lasting: BTreeSet<Status> = Status::ALL.into_iter().filter(|s| *s != Status::Submitted).collect();
        assert_eq!(seen, lasting, "every state that lasts");
        let org = world.app.org(&mut sql).await.expect("org");
        let (mut allowed_in_all, people) = (0, org.employees().count());
        for employee in org.employees() {
            let person = Person::of(&org, employee.id, clock::day(clock::now(), "UTC")).expect("active");
            let checked: BTreeSet<String> = all
                .iter()
                .filter(|c| {
                    let facts = store::facts(c);
                    world
                        .app
                        .rights
                        .may(&person, Action::ReadClaim, &Resource::Claim(&facts))
                })
                .map(|c| c.id.to_string())
                .collect();
            allowed_in_all += checked.len();
            for (how, (condition, values)) in [
                ("readable", scope::readable(&person, 2)),
                ("readable_alone", scope::readable_alone(&person, 2)),
            ] {
                let mut bound = args![""];
                bound.extend(values);
                let text =
                    format!("SELECT c.id FROM claim c WHERE c.id <> $1 AND {condition} ORDER BY c.updated_at DESC");
                let rows: Vec<(String,)> = sql.all_built(text, bound).await.expect(how);
                let listed: BTreeSet<String> = rows.into_iter().map(|(id,)| id).collect();
                assert_eq!(listed, checked, "{how} for {}", employee.email);
            }
        }
        assert!(
            allowed_in_all > all.len() && allowed_in_all < all.len() * people,
            "neither none nor all"
        );
    });
}
