//! The demo company: believable, whole, and the same for the same seed.

use std::sync::Arc;

use jiff::civil::date;
use jiff::tz::TimeZone;
use outlay::app::App;
use outlay::args;
use outlay::config::Config;
use outlay::demo::{self, Plan};

async fn made(claims: usize) -> (Arc<App>, demo::Made, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config {
        data: folder.path().to_owned(),
        ..Config::default()
    };
    let app = App::open(config).await.expect("opened");
    let now = date(2026, 11, 24).at(15, 0, 0, 0);
    let now = TimeZone::UTC.to_timestamp(now).expect("a moment");
    let plan = Plan { seed: 7, claims, now };
    let made = demo::make(&app, plan, |_| ()).await.expect("made");
    (app, made, folder)
}

/// Claims, their sum and their states; the cost of every department; the payments.
async fn totals(app: &App) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut sql = app.db.read();
    let claims: Vec<(String, String, i64, i64)> = sql
        .all(
            "SELECT status, currency, COUNT(*), CAST(SUM(claimed_minor) AS BIGINT) FROM claim \
             GROUP BY status, currency ORDER BY status, currency",
            args![],
        )
        .await
        .expect("read");
    let spend: Vec<(String, i64, i64)> = sql
        .all(
            "SELECT key, pending_minor, paid_minor FROM spend WHERE dim = 'department' AND employee_id = '' AND category = '' \
             ORDER BY key, month",
            args![],
        )
        .await
        .expect("read");
    let numbers: Vec<(String, String, i64)> = sql
        .all("SELECT number, title, created_at FROM claim ORDER BY number", args![])
        .await
        .expect("read");
    (claims, spend, numbers)
}

#[test]
fn the_same_seed_makes_the_same_company() {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let (one, made_one, _keep) = made(40).await;
        let (other, made_other, _keep_too) = made(40).await;
        assert_eq!(made_one, made_other);
        assert_eq!(totals(&one).await, totals(&other).await);
    });
}

#[test]
fn the_company_is_alive_and_holds_together() {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let (app, made, _keep) = made(150).await;
        let mut sql = app.db.read();
        let count = async |text: &'static str| -> i64 {
            let (n,): (i64,) = app.db.read().one(text, args![]).await.expect("counted");
            n
        };
        assert!(made.batches > 0 && made.receipts > 200, "{made:?}");
        assert_eq!(count("SELECT COUNT(*) FROM deal").await, 400);
        assert_eq!(count("SELECT COUNT(*) FROM account").await, 200);
        assert_eq!(count("SELECT COUNT(DISTINCT currency) FROM claim").await, 2);
        // Every state but the passing one.
        assert_eq!(count("SELECT COUNT(DISTINCT status) FROM claim").await, 9);
        let proposed = "SELECT COUNT(*) FROM claim c JOIN employee e ON e.id = c.claimant_id \
                        WHERE e.email = 'wang@lanstone.example' AND c.origin LIKE 'won:%' AND c.status = 'draft'";
        assert!(count(proposed).await > 0);
        // Some passed by themselves.
        assert!(count("SELECT COUNT(*) FROM claim WHERE status = 'archived' AND id NOT IN (SELECT claim_id FROM task)").await > 0);
        // The past is done: nothing is mailed about it.
        assert_eq!(count("SELECT COUNT(*) FROM job").await, 0);
        // Time never runs backwards within a claim, and nothing lies in the future.
        let now = date(2026, 11, 24).at(15, 0, 0, 0);
        let now = TimeZone::UTC.to_timestamp(now).expect("a moment").as_microsecond();
        let wrong: Vec<(String, i64)> = sql
            .all(
                "SELECT a.claim_id, a.n FROM event a JOIN event b ON b.claim_id = a.claim_id AND b.n = a.n + 1 \
                 WHERE b.at < a.at OR b.at > $1",
                args![now],
            )
            .await
            .expect("read");
        assert_eq!(wrong, []);
        // What was paid is what the read model says was paid.
        let paid: Vec<(String, i64)> = sql
            .all(
                "SELECT currency, CAST(SUM(minor) AS BIGINT) FROM payment WHERE status = 'posted' GROUP BY currency ORDER BY currency",
                args![],
            )
            .await
            .expect("read");
        let spent: Vec<(String, i64)> = sql
            .all(
                "SELECT currency, CAST(SUM(paid_minor) AS BIGINT) FROM spend WHERE dim = 'entity' AND employee_id = '' AND category = '' \
                 GROUP BY currency ORDER BY currency",
                args![],
            )
            .await
            .expect("read");
        assert_eq!(paid, spent);
        // Receipts can be opened.
        let receipts: Vec<(String, String)> =
            sql.all("SELECT id, sealed_key FROM document ORDER BY id LIMIT 5", args![]).await.expect("read");
        for (id, key) in receipts {
            assert!(!app.files.get(&app.vault, &id, &key).await.expect("opened").is_empty());
        }
    });
}
