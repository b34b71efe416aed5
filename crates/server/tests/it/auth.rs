//! Logging in and out, and what strangers get.

use crate::world::{PASSWORD, on_both};

#[test]
fn logs_in_and_out() {
    on_both(|world| async move {
        let mut client = world.stranger();
        let page = client.get("/login").await.expect(200);
        assert!(page.text.contains("name=\"password\""));
        let answer = client
            .form("/login", &[("email", "wang@example.com"), ("password", PASSWORD)])
            .await
            .expect(303);
        let cookie = answer.headers["set-cookie"].to_str().expect("text");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        let secret = cookie.split(['=', ';']).nth(1).expect("a value").to_owned();
        client.cookie = Some(secret);
        client.form("/logout", &[]).await.expect(303);
    });
}

#[test]
fn a_wrong_password_says_no_more_than_an_unknown_address() {
    on_both(|world| async move {
        let client = world.stranger();
        let wrong = client
            .form("/login", &[("email", "wang@example.com"), ("password", "no")])
            .await
            .expect(422);
        let unknown = client
            .form("/login", &[("email", "nobody@example.com"), ("password", "no")])
            .await
            .expect(422);
        assert_eq!(
            wrong.text.replace("wang@example.com", ""),
            unknown.text.replace("nobody@example.com", "")
        );
    });
}

#[test]
fn too_many_tries_must_wait() {
    on_both(|world| async move {
        let client = world.stranger();
        for _ in 0..5 {
            client
                .form("/login", &[("email", "li@example.com"), ("password", "no")])
                .await
                .expect(422);
        }
        let answer = client
            .form("/login", &[("email", "li@example.com"), ("password", PASSWORD)])
            .await
            .expect(429);
        assert!(answer.headers.contains_key("retry-after"));
    });
}

#[test]
fn a_request_from_another_site_is_refused() {
    on_both(|world| async move {
        let client = world.stranger();
        let request = client
            .http
            .post(format!("{}/login", client.base))
            .header("sec-fetch-site", "cross-site");
        let response = request
            .form(&[("email", "x"), ("password", "y")])
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status().as_u16(), 403);
    });
}
