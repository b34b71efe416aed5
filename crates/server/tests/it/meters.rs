//! The yearly meter of hosting: revenue is set, spend is counted once, and a claim is told when the entity is past its cap.

use jiff::civil::Date;
use outlay::claims::{self, NewDraft};
use outlay::clock;
use outlay_core::Currency;
use outlay_core::claim::{Claim, Command};
use outlay_core::ids::ContactId;
use serde_json::json;
use uuid::Uuid;

use crate::seed;
use crate::world::{World, on_both};

/// A draft that hosts four people, as the policy allows.
async fn hosting(world: &World, who: &str, minor: i64) -> Claim {
    let id = world.id(who).await;
    let mut new: NewDraft = claims::fill(
        &mut world.app.db.read(),
        &world.app,
        id,
        claims::Start::Deal(world.deal),
    )
    .await
    .expect("filled");
    let today: Date = clock::day(clock::now(), "Asia/Shanghai");
    let mut line = seed::line(world, "hospitality", minor, Currency::CNY, today);
    line.quantity = 4;
    new.content.lines = vec![line];
    new.content.purpose = "年度续约".into();
    new.content.links.contact = Some(ContactId(Uuid::now_v7()));
    seed::begin(world, new).await
}

#[test]
fn a_meter_shows_where_an_entity_stands() {
    on_both(|world| async move {
        let (zhao, li, wang) = (world.as_("zhao").await, world.as_("li").await, world.id("wang").await);
        let year = clock::day(clock::now(), "Asia/Shanghai").year();
        let path = format!("/api/v1/entities/{}/revenue/{year}", world.cn);
        li.put(&path, json!({"revenue": "10000.00"})).await.expect(403);
        let wrong = zhao.put(&path, json!({"revenue": "viel"})).await.expect(422).json();
        assert_eq!(wrong["fields"][0]["field"], "revenue");
        let meter = |answer: serde_json::Value| {
            let all = answer.as_array().expect("a list").clone();
            all.into_iter()
                .find(|m| m["entity"] == world.cn.to_string())
                .expect("the entity's")
        };
        let before = meter(zhao.get("/api/v1/meters").await.expect(200).json());
        assert_eq!(
            (&before["cap"], &before["spent"]["amount"]),
            (&json!(null), &json!("0.00"))
        );

        zhao.put(&path, json!({"revenue": "10000.00"})).await.expect(204);
        // 60 % of 80 are 48, and 5‰ of 10,000 are 50.
        let first = hosting(&world, "wang", 80_00).await;
        seed::act(&world, wang, first.id, Command::Submit).await;
        let now = meter(zhao.get("/api/v1/meters").await.expect(200).json());
        assert_eq!(now["spent"]["amount"], "80.00");
        assert_eq!(
            (&now["by_share"]["amount"], &now["cap"]["amount"]),
            (&json!("48.00"), &json!("50.00"))
        );
        assert_eq!(
            (&now["deductible"]["amount"], &now["excess"]["amount"]),
            (&json!("48.00"), &json!("0.00"))
        );

        // With another 20 it is 60: past the cap by 10, which the claim is told, and which holds nobody up.
        let second = hosting(&world, "wang", 20_00).await;
        let claim = seed::act(&world, wang, second.id, Command::Submit).await;
        let judged = claim.judged.expect("judged");
        let told = judged
            .findings
            .iter()
            .find(|f| f.rule == "hospitality-meter")
            .expect("told");
        assert_eq!(told.severity, outlay_core::policy::Severity::Info);
        assert!(format!("{:?}", told.arg("excess")).contains("10.00"), "{told:?}");
        let now = meter(zhao.get("/api/v1/meters").await.expect(200).json());
        assert_eq!(now["excess"]["amount"], "10.00");

        let page = zhao.get("/settings/meters").await.expect(200);
        assert!(page.text.contains("10000.00"), "the form holds the revenue");
        let fields = [
            ("entity", world.cn.to_string()),
            ("year", year.to_string()),
            ("revenue", "12000".to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        zhao.form("/settings/meters", &fields).await;
        let now = meter(zhao.get("/api/v1/meters").await.expect(200).json());
        assert_eq!(
            (&now["cap"]["amount"], &now["excess"]["amount"]),
            (&json!("60.00"), &json!("0.00"))
        );
        let none = li.get("/api/v1/meters").await.expect(200).json();
        assert_eq!(none, json!([]));
    });
}
