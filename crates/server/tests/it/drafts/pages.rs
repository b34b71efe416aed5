//! Settings → Drafts, as an administrator uses it.

use super::{furnish, visit};
use crate::crm::{apply, connection, record};
use crate::world::on_both;

#[test]
fn a_rule_is_made_tried_and_put_into_force_without_json() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        furnish(&world, c).await;
        let seen = apply(&world, Some(c), record("V1", "1", visit("meeting", 2, 2, "上海"))).await;
        let page = ange.get("/settings/drafts").await.expect(200).text;
        assert!(
            page.contains("标准规则") && page.contains("/settings/drafts/new?event=visit"),
            "{page}"
        );
        let page = ange.get("/settings/drafts/new?event=visit").await.expect(200).text;
        assert!(page.contains("恒川精密 · 产线走访"), "{page}");
        let cn = world.cn.to_string();
        let mut fields = vec![
            ("version", "0"),
            ("event", "visit"),
            ("name", "会议补贴"),
            ("on", "true"),
            ("whom", "owner"),
            ("entity", cn.as_str()),
            ("kinds", "meeting"),
            ("days", "7"),
            ("title", "{account} 会议"),
            ("l0.category", "meals"),
            ("l0.how", "tiers"),
            ("l0.rate.t1", "90"),
            ("l0.rate.*", "60"),
            ("record", seen.id.as_str()),
        ];
        let tried = ange.form("/settings/drafts/new/trial", &fields).await.expect(200).text;
        assert!(
            tried.contains("会起草这张报销单") && tried.contains("恒川精密 会议"),
            "{tried}"
        );
        assert!(tried.contains("180.00"), "{tried}");
        // A wrong amount is told beside its field, and nothing is lost.
        fields[11].1 = "neunzig";
        let refused = ange.form("/settings/drafts/new", &fields).await.expect(422).text;
        assert!(
            refused.contains("value=\"neunzig\"") && refused.contains("不是金额"),
            "{refused}"
        );
        fields[11].1 = "90";
        let more = [fields.as_slice(), &[("add", "1")]].concat();
        let page = ange.form("/settings/drafts/new/trial", &more).await.expect(200).text;
        assert!(page.contains("l1.category") && !page.contains("l2.category"), "{page}");
        ange.form("/settings/drafts/new", &fields).await.expect(303);
        let page = ange.get("/settings/drafts").await.expect(200).text;
        assert!(page.contains("会议补贴") && page.contains("新增 会议补贴"), "{page}");
        // The same form once more comes too late.
        ange.form("/settings/drafts/new", &fields).await.expect(409);
        let rules = ange.get("/api/v1/draft-rules").await.expect(200).json();
        // A new rule comes before those of its event, so that the standard rule does not hide it.
        assert_eq!(
            (&rules["rules"][1]["name"], &rules["version"]),
            (&"会议补贴".into(), &1.into())
        );
        let id = rules["rules"][1]["id"].as_str().expect("an id").to_owned();
        for (act, version) in [("up", "1"), ("off", "2"), ("remove", "3")] {
            let fields = [("version", version), ("id", id.as_str()), ("act", act)];
            ange.form("/settings/drafts", &fields).await.expect(303);
        }
        let rules = ange.get("/api/v1/draft-rules").await.expect(200).json();
        assert_eq!(
            (rules["rules"].as_array().map(Vec::len), &rules["version"]),
            (Some(3), &4.into())
        );
    });
}
