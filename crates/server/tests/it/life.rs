//! One claim's life through the core's door, on the real database.

use outlay::claims::{self, NewDraft};
use outlay::{args, clock};
use outlay_core::Currency;
use outlay_core::claim::{Command, Content, Links, Status};
use outlay_core::ids::{BatchId, PaymentId};
use uuid::Uuid;

use crate::seed::{line, permit};
use crate::world::on_both;

#[test]
fn from_draft_to_paid() {
    on_both(|world| async move {
        let (wang, chen, zhao, he) = (
            world.id("wang").await,
            world.id("chen").await,
            world.id("zhao").await,
            world.id("he").await,
        );
        let today = clock::day(clock::now(), "Asia/Shanghai");
        let content = Content {
            claimant: wang,
            entity: world.cn,
            department: world.sales,
            currency: Currency::CNY,
            title: "上海拜访恒川精密".into(),
            purpose: "产线检测二期方案确认".into(),
            links: Links {
                account: Some(world.account),
                deal: Some(world.deal),
                ..Links::default()
            },
            lines: vec![
                line(&world, "travel.taxi", 88_00, Currency::CNY, today),
                line(&world, "meals", 66_00, Currency::CNY, today),
            ],
        };
        let new = NewDraft {
            content,
            sources: vec![],
            origin: None,
        };
        let claim = claims::draft(&world.app, &permit(wang), new).await.expect("drafted");
        let claim = claims::act(&world.app, &permit(wang), claim.id, Command::Submit)
            .await
            .expect("submitted");
        assert_eq!(claim.status(), Status::InReview);
        for who in [chen, zhao] {
            let now = claims::store::load(&mut world.app.db.read(), claim.id)
                .await
                .expect("there");
            let task = now.open_tasks().find(|t| t.assignee == who).expect("their task").id;
            let command = Command::Approve {
                task,
                hash: now.content.hash(),
                comment: String::new(),
            };
            claims::act(&world.app, &permit(who), claim.id, command)
                .await
                .expect("approved");
        }
        let (batch, payment) = (BatchId(Uuid::now_v7()), PaymentId(Uuid::now_v7()));
        claims::act(&world.app, &permit(he), claim.id, Command::Batch { batch, payment })
            .await
            .expect("batched");
        let post = Command::Post { payment, on: today };
        let claim = claims::act(&world.app, &permit(he), claim.id, post)
            .await
            .expect("posted");
        assert_eq!(claim.status(), Status::Paid);

        let mut sql = world.app.db.read();
        let spend: Vec<(i64, i64)> = sql
            .all(
                "SELECT pending_minor, paid_minor FROM spend WHERE dim = 'deal' AND key = $1 AND employee_id = '' AND category = ''",
                args![world.deal],
            )
            .await
            .expect("read");
        assert_eq!(spend, [(0, 154_00)]);
        let (events, numbers): (i64, i64) = sql
            .one(
                "SELECT COUNT(*), COUNT(DISTINCT n) FROM event WHERE claim_id = $1",
                args![claim.id],
            )
            .await
            .expect("read");
        assert_eq!((events, numbers), (i64::from(claim.n), i64::from(claim.n)));
    });
}
