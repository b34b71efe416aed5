//! Getting in, by both ways, and staying in.

use outlay_connect::{Connector, Error, Guard, Mapping, Object, manifest};
use outlay_fakes::salesforce::{CLIENT_ID, CLIENT_SECRET, FakeSalesforce, PRIVATE_KEY, USERNAME};

use super::{connect, connect_as, with_deals};

fn tokens(fake: &FakeSalesforce) -> usize {
    fake.db().tokens_given
}

#[tokio::test]
async fn a_signed_claim_opens_the_door_as_a_secret_does() {
    let fake = with_deals(1);
    let salesforce = connect_as(&fake, |place| {
        place.client_secret = None;
        place.username = Some(USERNAME.into());
        place.private_key = Some(PRIVATE_KEY.replace('\n', "\r\n"));
        place.audience = "https://login.salesforce.com/".into();
    });
    let page = salesforce.await.pull(Object::Deal, None, 5).await.expect("a page");
    assert_eq!(page.records.len(), 1);
    let salesforce = connect_as(&fake, |place| {
        place.username = Some("somebody@else.example".into());
        place.private_key = Some(PRIVATE_KEY.into());
    });
    let error = salesforce.await.pull(Object::Deal, None, 5).await.expect_err("not he");
    assert_eq!(error, Error::Auth("authentication failure".into()));
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_anew_when_it_is_known_no_more() {
    let fake = with_deals(3);
    let salesforce = connect(&fake).await;
    let page = salesforce.pull(Object::Deal, None, 1).await.expect("a page");
    salesforce
        .pull(Object::Deal, Some(&page.next), 1)
        .await
        .expect("a page");
    assert_eq!(tokens(&fake), 1);
    fake.db().tokens.clear();
    salesforce
        .pull(Object::Deal, Some(&page.next), 1)
        .await
        .expect("a page");
    assert_eq!(tokens(&fake), 2);
    // Two who stand before the door at once fetch one token.
    fake.db().tokens.clear();
    let one = salesforce.pull(Object::Deal, Some(&page.next), 1);
    let other = salesforce.pull(Object::Deal, Some(&page.next), 1);
    let (one, other) = futures::join!(one, other);
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(tokens(&fake), 3);
}

#[tokio::test]
async fn all_connectors_of_one_account_share_a_token() {
    let fake = with_deals(1);
    let url = fake.serve().await;
    let settings = [
        ("url", url.as_str()),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let settings = settings
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    let guard = Guard::allowing(["127.0.0.1"]);
    for _ in 0..3 {
        let salesforce = manifest::open("salesforce", &settings, &Mapping::new(), &guard).expect("a connector");
        salesforce.pull(Object::Deal, None, 5).await.expect("a page");
    }
    assert_eq!(tokens(&fake), 1);
    let described = fake.db().requests.iter().filter(|r| r.contains("describe")).count();
    assert_eq!(described, 1);
}

#[tokio::test]
async fn the_instance_that_the_token_is_for_is_judged_like_any_address() {
    for (instance, why) in [
        ("http://169.254.169.254", "encryption"),
        ("https://10.0.0.1", "private network"),
        ("file:///etc/passwd", "no web address"),
        ("https://user:pw@acme.my.salesforce.com", "user name"),
    ] {
        let fake = with_deals(1);
        fake.db().instance = Some(instance.into());
        let salesforce = connect(&fake).await;
        let error = salesforce.pull(Object::Deal, None, 5).await.expect_err(instance);
        // 169.254.169.254 is private before it is plain.
        let fits = matches!(&error, Error::Setup(t) if t.contains(why) || t.contains("private network"));
        assert!(fits, "{instance}: {error}");
        assert_eq!(fake.faults.asked(), 0, "no token was sent anywhere");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_said_without_showing_it() {
    let fake = with_deals(1);
    let salesforce = connect_as(&fake, |place| place.client_secret = Some("not-the-secret".into())).await;
    let error = salesforce.check().await.expect_err("refused");
    assert!(matches!(error, Error::Auth(_)), "{error}");
    assert!(!format!("{error:?}").contains("not-the-secret"));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_once() {
    let guard = Guard::default();
    let open = |more: &[(&str, &str)]| {
        let all = [("url", "https://acme.my.salesforce.com"), ("client_id", "x")];
        let all = all
            .iter()
            .chain(more)
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        manifest::open("salesforce", &all, &Mapping::new(), &guard)
    };
    assert!(open(&[("client_secret", "s")]).is_ok());
    assert!(open(&[("username", "u"), ("private_key", PRIVATE_KEY)]).is_ok());
    for bad in [
        &[][..],
        &[("username", "u")],
        &[("client_secret", "s"), ("username", "u")],
        &[
            ("username", "u"),
            (
                "private_key",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            ),
        ],
    ] {
        assert!(matches!(open(bad), Err(Error::Setup(_))), "{bad:?}");
    }
}
