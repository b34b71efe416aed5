//! Open pages hear of what they may know, and of nothing else.

use std::time::Duration;

use outlay::{args, jobs};
use outlay_core::claim::Command;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::seed;
use crate::world::{Client, World, on_both};

/// An open stream.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client, last: Option<i64>) -> Stream {
        let mut request = client.http.get(format!("{}/live", client.base)).header(
            "cookie",
            format!("outlay_session={}", client.cookie.as_deref().expect("a session")),
        );
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.expect("a stream");
        assert_eq!(response.status().as_u16(), 200);
        assert!(
            response.headers()["content-type"]
                .to_str()
                .expect("text")
                .starts_with("text/event-stream")
        );
        Stream {
            response,
            text: String::new(),
        }
    }

    /// The next message within `wait`; none if there is none, or if the stream has ended.
    async fn next(&mut self, wait: Duration) -> Option<(i64, Value)> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| message.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
                if let (Some(id), Some(data)) = (field("id:"), field("data:")) {
                    return Some((id.parse().expect("a number"), serde_json::from_str(data).expect("JSON")));
                }
                continue;
            }
            let chunk = tokio::time::timeout(wait, self.response.chunk()).await.ok()?.ok()??;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

/// Background work until the sender is dropped.
fn background(world: &World) -> oneshot::Sender<()> {
    let (sender, stop) = oneshot::channel::<()>();
    let app = world.app.clone();
    tokio::spawn(async move {
        jobs::run(app, async {
            let _ = stop.await;
        })
        .await
    });
    sender
}

const SOON: Duration = Duration::from_secs(5);

#[test]
fn the_approver_hears_of_a_submission_and_a_stranger_to_it_does_not() {
    on_both(|world| async move {
        let _stop = background(&world);
        let (chen, li) = (world.as_("chen").await, world.as_("li").await);
        let (mut approver, mut stranger) = (Stream::open(&chen, None).await, Stream::open(&li, None).await);
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;

        let mut wanted = [false, false];
        while wanted != [true, true] {
            let (_, message) = approver.next(SOON).await.expect("a submission and a count");
            wanted[0] |=
                message["kind"] == "claim" && message["claim"] == *claim.number && message["event"] == "submitted";
            wanted[1] |= message["kind"] == "inbox" && message["counts"]["inbox"] == 1;
        }
        assert!(stranger.next(Duration::from_millis(1500)).await.is_none());
    });
}

#[test]
fn a_stream_goes_on_where_it_broke_off() {
    on_both(|world| async move {
        let _stop = background(&world);
        let wang = world.as_("wang").await;
        let mut first = Stream::open(&wang, None).await;
        let claim = seed::draft(&world, "wang").await;
        let (id, message) = first.next(SOON).await.expect("a message");
        assert_eq!(
            (&message["kind"], &message["event"]),
            (&"claim".into(), &"drafted".into())
        );
        drop(first);
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let mut second = Stream::open(&wang, Some(id)).await;
        let (next, message) = second.next(SOON).await.expect("a message");
        assert!(next > id);
        assert_eq!(message["event"], "submitted");
    });
}

#[test]
fn a_stream_ends_with_its_session() {
    on_both(|world| async move {
        let _stop = background(&world);
        let wang = world.as_("wang").await;
        let mut stream = Stream::open(&wang, None).await;
        wang.form("/logout", &[]).await.expect(303);
        seed::draft(&world, "wang").await;
        let begun = std::time::Instant::now();
        assert!(stream.next(SOON).await.is_none(), "nothing is said any more");
        assert!(begun.elapsed() < SOON, "and the stream has ended");
        assert_eq!(wang.get("/live").await.status, 303);
    });
}

#[test]
fn events_get_global_numbers_in_order_without_gaps() {
    on_both(|world| async move {
        for _ in 0..3 {
            let claim = seed::draft(&world, "wang").await;
            seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        }
        // Two sequencers: one holds the lease, the other does nothing.
        let (first, second) = tokio::join!(
            outlay::live::pass(&world.app.db, "one"),
            outlay::live::pass(&world.app.db, "two")
        );
        let counts = [first.expect("passed"), second.expect("passed")];
        let rows: Vec<(i64, String, i64)> = world
            .app
            .db
            .read()
            .all(
                "SELECT s.seq, e.claim_id, e.n FROM event_sequence s JOIN event e ON e.id = s.event_id ORDER BY s.seq",
                args![],
            )
            .await
            .expect("read");
        assert_eq!(counts.iter().sum::<usize>(), rows.len());
        assert!(counts.contains(&0), "{counts:?}");
        let mut last = std::collections::HashMap::new();
        for (place, (seq, claim, n)) in rows.into_iter().enumerate() {
            assert_eq!(seq, i64::try_from(place).expect("small") + 1);
            let before = last.insert(claim, n).unwrap_or(0);
            assert_eq!(n, before + 1);
        }
    });
}
