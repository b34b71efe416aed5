//! Approving from a mail by a link: looking does nothing, the form approves once, and only what was seen.

use base64::Engine;
use outlay::args;
use outlay::config::{Config, Smtp};
use outlay::jobs::{Handlers, Pace, Runner};
use outlay::mail;
use outlay_core::claim::{Claim, Status};

use super::{now, put, submitted};
use crate::world::{World, on_both};

/// The link in the mail to the first approver, as its path.
async fn link(world: &World) -> String {
    let (port, received) = crate::mail::kind_server().await;
    let config = Config {
        smtp: Some(Smtp {
            host: "127.0.0.1".into(),
            port,
            starttls: false,
            user: None,
            password: None,
            from: "Outlay <outlay@example.com>".into(),
        }),
        ..Config::default()
    };
    let handlers = Handlers::default().with("mail", mail::handler(&config).expect("a handler"));
    let runner = Runner::new(world.app.clone(), handlers, Pace::default());
    runner.pass().await.expect("worked");
    let all = received.lock().expect("all").join("\n");
    let part = all.split("Content-Transfer-Encoding: base64").nth(1).expect("the text");
    let coded: String = part
        .lines()
        .skip(2)
        .take_while(|l| !l.starts_with("--"))
        .map(str::trim)
        .collect();
    let text = base64::engine::general_purpose::STANDARD.decode(coded).expect("base64");
    let all = String::from_utf8(text).expect("text");
    let at = all.find("/mail/").unwrap_or_else(|| panic!("a link in {all}"));
    let rest = &all[at..];
    let end = rest[6..].find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
    rest[..6 + end.unwrap_or(rest.len() - 6)].to_owned()
}

#[test]
fn looking_approves_nothing_and_the_form_approves_once() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let link = link(&world).await;
        let stranger = world.stranger();
        for _ in 0..3 {
            let page = stranger.get(&link).await.expect(200);
            assert!(
                page.text.contains(&claim.number) && page.text.contains("同意"),
                "{}",
                page.text
            );
            assert_eq!(page.headers["cache-control"], "no-store");
        }
        assert_eq!(now(&world, &claim).await.signers().count(), 0);
        let form = format!("{link}/approval");
        stranger.get(&form).await.expect(405);
        let page = stranger.form(&form, &[]).await.expect(200);
        assert!(page.text.contains("您已同意"), "{}", page.text);
        let signers: Vec<_> = now(&world, &claim).await.signers().collect();
        assert_eq!(signers, [world.id("chen").await]);
        stranger.form(&form, &[]).await.expect(409);
        stranger.get(&link).await.expect(409);
        assert_eq!(now(&world, &claim).await.status(), Status::InReview);
        stranger.get("/mail/nothing").await.expect(404);
    });
}

#[test]
fn a_link_is_for_what_the_mail_was_about() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let link = link(&world).await;
        // As an approver's amendment would leave it: the same task, another content.
        change_title(&world, &claim).await;
        let page = world.stranger().get(&link).await.expect(409);
        assert!(page.text.contains("有修改"), "{}", page.text);
        world
            .stranger()
            .form(&format!("{link}/approval"), &[])
            .await
            .expect(409);
        assert_eq!(now(&world, &claim).await.signers().count(), 0);
    });
}

#[test]
fn an_old_link_and_one_of_somebody_who_left_open_nothing() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let link = link(&world).await;
        world
            .app
            .db
            .write(|sql| Box::pin(async move { Ok(sql.run("UPDATE mail_link SET expires_at = 1", args![]).await?) }))
            .await
            .expect("changed");
        world.stranger().get(&link).await.expect(404);
        world
            .stranger()
            .form(&format!("{link}/approval"), &[])
            .await
            .expect(404);
        assert_eq!(now(&world, &claim).await.signers().count(), 0);
    });
}

async fn change_title(world: &World, claim: &Claim) {
    let mut changed = claim.clone();
    changed.content.title = "改过".into();
    put(world, &changed, None).await;
}
