//! What a CRM or a second person masters is not overwritten by a file.

use outlay::args;

use super::{counts, export, fill, take};
use crate::world::on_both;

#[test]
fn an_imported_account_needs_a_second_person_and_never_leaves_whole() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        let number = "GB33BUKB20201555555555";
        let (sealed, state): (String, String) = world
            .app
            .db
            .read()
            .one("SELECT sealed, state FROM payee_account", args![])
            .await
            .expect("one");
        assert_eq!(state, "proposed");
        assert!(!sealed.contains("20201555555555"));
        let waiting = world
            .as_("zhao")
            .await
            .get("/api/v1/payee-accounts")
            .await
            .expect(200)
            .json();
        let id = waiting[0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{waiting}"))
            .to_owned();
        let path = format!("/api/v1/payee-accounts/{id}/confirmation");
        ange.post(&path, serde_json::json!({})).await.expect(403);
        world
            .as_("zhao")
            .await
            .post(&path, serde_json::json!({}))
            .await
            .expect(204);
        for format in ["csv", "xlsx"] {
            let file = export(&ange, "payee-accounts", format).await;
            assert!(!String::from_utf8_lossy(&file).contains(number));
            if format == "csv" {
                assert!(String::from_utf8_lossy(&file).contains("S001,****5555"));
            }
            assert_eq!(counts(&take(&ange, "payee-accounts", file).await), [0, 0, 1, 0]);
        }
        let other = "employee,holder,number\nS001,Tan Wei Ling,DE89370400440532013000\n";
        assert_eq!(counts(&take(&ange, "payee-accounts", other).await), [0, 1, 0, 0]);
        assert_eq!(counts(&take(&ange, "payee-accounts", other).await), [0, 0, 1, 0]);
        let (active,): (String,) = world
            .app
            .db
            .read()
            .one("SELECT last4 FROM payee_account WHERE state = 'active'", args![])
            .await
            .expect("one");
        assert_eq!(
            active, "5555",
            "the confirmed account stays until the other is confirmed"
        );
        let leaks: Vec<(String,)> = world
            .app
            .db
            .read()
            .all("SELECT detail FROM audit_entry WHERE detail LIKE '%5555%'", args![])
            .await
            .expect("read");
        assert!(leaks.is_empty(), "{leaks:?}");
    });
}

#[test]
fn records_of_a_crm_change_in_the_crm_alone() {
    on_both(|world| async move {
        fill(&world).await;
        let id = "018f0000-0000-7000-8000-000000000001";
        world
            .app
            .db
            .write(move |sql| {
                Box::pin(async move {
                    sql.run(
                        "INSERT INTO connection (id, kind, name, settings, paused, created_at) VALUES ($1, 'tryton', 'Tryton', '{}', $2, 0)",
                        args![id, true],
                    )
                    .await?;
                    sql.run(
                        "INSERT INTO account (id, connection_id, external_id, revision, read_at, deleted, name, tax_id, city, country, \
                         phone, crm_owner) VALUES ($1, $1, '17', '1', 0, $2, '远航', '', '', 'Deutschland', '', '3')",
                        args![id, false],
                    )
                    .await?;
                    Ok(())
                })
            })
            .await
            .expect("connected");
        let ops = world.as_("ops").await;
        let file = export(&ops, "accounts", "csv").await;
        assert!(String::from_utf8_lossy(&file).contains("17,远航,,Deutschland,,,3,Tryton"));
        let back = take(&ops, "accounts", file).await;
        assert_eq!(
            (counts(&back)[0], counts(&back)[1], counts(&back)[3]),
            (0, 0, 0),
            "{back:#}"
        );
        let changed = "id,name,connection\n17,近航,Tryton\n18,新客户,Tryton\n17,近航,\nA-1,恒川改名,\n";
        let report = take(&ops, "accounts", changed).await;
        let codes: Vec<&str> = report["rejected"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| r["code"].as_str().expect("a code"))
            .collect();
        assert_eq!(codes, ["of-crm", "of-crm", "crm-is-master"], "{report:#}");
        assert_eq!(counts(&report), [0, 1, 0, 3], "what is Outlay's own may change");
        // Visits do not come from this CRM.
        let visit = "id,subject,on\nV-2,回访,2026-01-05\n";
        assert_eq!(counts(&take(&ops, "visits", visit).await), [1, 0, 0, 0]);
        let links = "connection,crm_user,name,employee\nTryton,3,Tan,S001\n";
        assert_eq!(counts(&take(&ops, "crm-users", links).await), [1, 0, 0, 0]);
        let (owner,): (String,) = world
            .app
            .db
            .read()
            .one(
                "SELECT e.number FROM account a JOIN employee e ON e.id = a.owner_id WHERE a.id = $1",
                args![id],
            )
            .await
            .expect("owned by whoever the CRM's user is");
        assert_eq!(owner, "S001");
    });
}
