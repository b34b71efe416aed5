//! Large tables: others go on writing meanwhile.

use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{counts, look};
use crate::world::on_both;

#[test]
fn twenty_thousand_rows_do_not_keep_others_from_writing() {
    on_both(|world| async move {
        let mut table = String::from("id,name,country,owner\n");
        for n in 0..20_000 {
            writeln!(table, "BIG-{n},客户 {n},CN,E002").expect("text");
        }
        let ops = world.as_("ops").await;
        let looked = look(&ops, "accounts", table.clone()).await.expect(201).json();
        assert_eq!(counts(&looked["report"]), [20_000, 0, 0, 0]);
        let at = format!("/api/v1/imports/{}", looked["id"].as_str().expect("an id"));
        let (ended, mut seen, mut longest) = (tokio::sync::Notify::new(), Vec::new(), Duration::ZERO);
        let import = async {
            let done = ops
                .post(&format!("{at}/application"), Value::Null)
                .await
                .expect(200)
                .json();
            ended.notify_one();
            done
        };
        let others = async {
            let wang = world.as_("wang").await;
            loop {
                let start = Instant::now();
                wang.post("/api/v1/claims", json!({"deal": world.deal.to_string()}))
                    .await
                    .expect(201);
                longest = longest.max(start.elapsed());
                seen.extend(ops.get(&at).await.expect(200).json()["done"].as_u64());
                tokio::select! {
                    () = ended.notified() => break,
                    () = tokio::time::sleep(Duration::from_millis(50)) => {}
                }
            }
        };
        let (done, ()) = tokio::join!(import, others);
        eprintln!("others waited {longest:?} at most; progress {seen:?}");
        assert_eq!(
            (counts(&done["report"]), &done["state"]),
            ([20_000, 0, 0, 0], &json!("applied"))
        );
        assert!(
            seen.iter().any(|n| (1..20_000).contains(n)),
            "no progress was seen: {seen:?}"
        );
        assert!(seen.is_sorted());
        let again = look(&ops, "accounts", table).await.expect(201).json();
        assert_eq!(counts(&again["report"]), [0, 0, 20_000, 0]);
    });
}
