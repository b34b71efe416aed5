//! Per diems in the form and over the API: times and meals of a day away, after three patterns of law.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use outlay::auth::Permit;
use outlay::people::store;
use outlay::policies;
use outlay_core::Currency;
use outlay_core::ids::EntityId;
use outlay_core::org::{Assignment, LegalEntity};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::drafts::today;
use crate::seed;
use crate::world::{Client, World, on_both};

fn day(ago: i64) -> Date {
    today() - ago.days()
}

/// A line of a day away; the amount is left to the policy.
fn line(on: Date, from: (Date, &str), until: (Date, &str), meals: &[&str]) -> Value {
    json!({
        "category": "allowance.meals", "incurred_on": on.to_string(), "description": "客户现场",
        "trip": { "from": from.0.to_string(), "starts": from.1, "until": until.0.to_string(), "ends": until.1, "meals": meals },
    })
}

/// What is paid on each line of a draft of somebody's, with those lines.
async fn paid(client: &Client, number: &str, entity: Option<EntityId>, lines: &[Value]) -> Vec<String> {
    let entity = entity.map(|e| e.to_string()).unwrap_or_default();
    let path = format!("/api/v1/claims/{number}");
    let n = client.get(&path).await.expect(200).json()["n"].clone();
    let content = json!({ "title": "出差", "entity": entity, "lines": lines });
    client
        .put(&path, json!({ "n": n, "content": content }))
        .await
        .expect(200);
    let view = client.get(&path).await.expect(200).json();
    let lines = view["lines"].as_array().unwrap_or_else(|| panic!("lines in {view}"));
    lines
        .iter()
        .map(|l| l["paid"]["amount"].as_str().expect("an amount").to_owned())
        .collect()
}

#[test]
fn germany_grants_half_for_more_than_eight_hours_and_cuts_meals() {
    on_both(|world| async move {
        let number = seed::draft(&world, "jonas").await.number;
        let jonas = world.as_("jonas").await;
        let single = |starts, ends, meals| line(day(9), (day(9), starts), (day(9), ends), meals);
        let lines = [
            single("08:00", "16:01", &[][..]),
            single("08:00", "16:00", &[]),
            single("", "", &[]),
            single("07:00", "19:00", &["lunch"]),
            line(day(8), (day(8), "12:00"), (day(6), "18:00"), &[]),
            line(day(7), (day(8), "12:00"), (day(6), "18:00"), &["breakfast", "lunch"]),
            line(day(6), (day(8), "12:00"), (day(6), "18:00"), &["breakfast"]),
        ];
        let got = paid(&jonas, &number, None, &lines).await;
        assert_eq!(got, ["14.00", "0.00", "0.00", "2.80", "14.00", "11.20", "8.40"]);
    });
}

#[test]
fn the_usa_grants_three_quarters_at_the_ends() {
    on_both(|world| async move {
        let us = american(&world).await;
        let number = seed::draft(&world, "jonas").await.number;
        let jonas = world.as_("jonas").await;
        let journey = |ago, meals| line(day(ago), (day(8), "12:00"), (day(6), "18:00"), meals);
        let lines = [
            journey(8, &[][..]),
            journey(7, &["breakfast", "lunch", "dinner"]),
            journey(6, &[]),
            line(day(4), (day(4), "06:00"), (day(4), "19:00"), &[]),
            line(day(4), (day(4), "07:00"), (day(4), "19:00"), &[]),
        ];
        let got = paid(&jonas, &number, Some(us), &lines).await;
        assert_eq!(got, ["51.00", "5.00", "51.00", "51.00", "0.00"]);
    });
}

#[test]
fn china_grants_each_day_whole_and_asks_nothing() {
    on_both(|world| async move {
        let number = seed::draft(&world, "wang").await.number;
        let wang = world.as_("wang").await;
        let lines = [
            line(day(3), (day(3), ""), (day(3), ""), &[][..]),
            line(day(2), (day(3), "18:00"), (day(1), "09:00"), &["lunch"]),
        ];
        assert_eq!(paid(&wang, &number, None, &lines).await, ["100.00", "100.00"]);
        let page = wang.get(&format!("/claims/{number}/edit")).await.expect(200);
        assert!(!page.text.contains("trip_from"), "the policy asks for no times");
    });
}

#[test]
fn the_form_asks_for_times_and_meals_shows_how_it_came_and_splits_days() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "jonas").await;
        let (number, jonas) = (claim.number, world.as_("jonas").await);
        let on = day(9).to_string();
        let fields = |button: (&'static str, &'static str), meal: &'static str| {
            vec![
                ("title", "Trip".to_owned()),
                ("lines[0].category", "allowance.meals".to_owned()),
                ("lines[0].incurred_on", on.clone()),
                ("lines[0].trip_from", on.clone()),
                ("lines[0].trip_starts", "08:00".to_owned()),
                ("lines[0].trip_until", on.clone()),
                ("lines[0].trip_ends", "18:00".to_owned()),
                ("lines[0].meals", meal.to_owned()),
                (button.0, button.1.to_owned()),
            ]
        };
        let post = async |pairs: Vec<(&str, String)>| {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
            jonas.form(&format!("/claims/{number}"), &pairs).await
        };
        let page = post(fields(("reckon", "0"), "dinner")).await.expect(200).text;
        assert!(page.contains("value=\"2.80\""), "{page}");
        for words in [
            "× 50 %",
            "one day, 10 hours",
            "Dinner",
            "name=\"lines[0].trip_starts\" value=\"08:00\"",
        ] {
            assert!(page.contains(words), "{words} in {page}");
        }
        post(fields(("action", "save"), "breakfast")).await.expect(303);
        let view = jonas.get(&format!("/api/v1/claims/{number}")).await.expect(200).json();
        assert_eq!(view["lines"][0]["paid"]["amount"], "8.40", "{view}");
        let shown = jonas.get(&format!("/claims/{number}")).await.expect(200).text;
        assert!(shown.contains("one day, 10 hours"), "{shown}");

        let mut odd = fields(("action", "save"), "breakfast");
        odd[6].1 = "07:00".to_owned();
        let page = post(odd).await.expect(422).text;
        assert!(page.contains("ends before it begins"), "{page}");
        let mut long = fields(("days", "0"), "breakfast");
        long[5].1 = day(7).to_string();
        let page = post(long).await.expect(200).text;
        assert_eq!(page.matches("].trip_from\"").count(), 3, "a line for each day: {page}");
        assert!(page.contains("value=\"28.00\""), "{page}");
    });
}

/// A legal entity in the USA that 王敏 works for, too; Jonas claims there.
async fn american(world: &World) -> EntityId {
    let (us, jonas, sales) = (EntityId(Uuid::now_v7()), world.id("jonas").await, world.sales);
    world
        .app
        .db
        .write(move |sql| {
            Box::pin(async move {
                let permit = &Permit::system("test", "fill");
                let entity = LegalEntity {
                    id: us,
                    code: "US01".into(),
                    name: "Lanstone Inc.".into(),
                    country: "US".into(),
                    currency: Currency::parse("USD").expect("a currency"),
                    zone: "America/Chicago".into(),
                };
                store::put_entity(sql, permit, &entity).await?;
                let from = date(2020, 1, 1);
                let place = Assignment {
                    employee: jonas,
                    department: sales,
                    entity: us,
                    cost_center: None,
                    position: "Account manager".into(),
                    grade: "P5".into(),
                    primary: false,
                    from,
                    to: None,
                };
                store::put_assignment(sql, permit, &place).await?;
                policies::publish_policy(sql, permit, us, outlay_core::policy::US_STANDARD).await?;
                policies::publish_flow(sql, permit, us, from, outlay_core::flow::STANDARD).await?;
                Ok(())
            })
        })
        .await
        .expect("made");
    us
}
