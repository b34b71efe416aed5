//! GET /live: server-sent events about claims that the visitor may read, each authorised again when it is sent.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use crate::app::App;
use crate::args;
use crate::auth::{Action, ClaimFacts, Person, Resource, Visitor, who};
use crate::claims::scope;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;
use outlay_core::{Currency, Money};

/// Without being woken – another process committed – a stream looks this often.
const TICK: Duration = Duration::from_secs(1);
/// How often the session is looked at when nothing happens.
const CHECK: Duration = Duration::from_secs(10);
/// One who was away longer than this many events is told to look at everything again.
const FAR: i64 = 500;

/// GET /live. `Last-Event-ID` continues where a stream broke off; without it, it begins now.
pub async fn stream(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let (last,): (i64,) = last(&mut app.db.read()).await?;
    let asked = headers
        .get("last-event-id")
        .and_then(|v| v.to_str().ok()?.parse::<i64>().ok());
    let tail = Tail {
        headers,
        me: visitor,
        at: asked.filter(|at| (0..=last).contains(at)).unwrap_or(last),
        counted: None,
        app,
    };
    let (sender, receiver) = mpsc::channel(32);
    tokio::spawn(tail.run(sender));
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn last(sql: &mut Sql) -> Result<(i64,), Error> {
    Ok(sql
        .one("SELECT COALESCE(MAX(seq), 0) FROM event_sequence", vec![])
        .await?)
}

struct Tail {
    app: Arc<App>,
    me: Visitor,
    headers: HeaderMap,
    at: i64,
    counted: Option<i64>,
}

#[derive(serde::Deserialize)]
struct Happened {
    seq: i64,
    kind: String,
    id: String,
    number: String,
    status: String,
    claimant_id: String,
    entity_id: String,
    department_id: String,
    currency: String,
    claimed_minor: i64,
}

type Sender = mpsc::Sender<Result<Event, Infallible>>;

impl Tail {
    async fn run(mut self, sender: Sender) {
        let mut woken = self.app.live.listen();
        let mut closing: watch::Receiver<bool> = self.app.live.closing();
        let mut checked = tokio::time::Instant::now();
        while !*closing.borrow_and_update() {
            woken.mark_unchanged();
            let news = match self.news().await {
                Ok(news) => news,
                Err(error) => {
                    tracing::error!(%error, "a live stream could not read on");
                    return;
                }
            };
            if !news.is_empty() || checked.elapsed() > CHECK {
                checked = tokio::time::Instant::now();
                if !self.still_in().await {
                    return;
                }
            }
            for event in self.tell(news).await {
                if sender.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                _ = woken.changed() => {}
                _ = closing.changed() => {}
                () = sender.closed() => return,
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// What was numbered since; if it is too much to tell, the stream jumps to the end.
    async fn news(&mut self) -> Result<Vec<Happened>, Error> {
        let mut sql = self.app.db.read();
        Ok(sql
            .all(
                "SELECT s.seq, e.kind, c.id, c.number, c.status, c.claimant_id, c.entity_id, c.department_id, c.currency, c.claimed_minor \
                 FROM event_sequence s JOIN event e ON e.id = s.event_id JOIN claim c ON c.id = e.claim_id \
                 WHERE s.seq > $1 ORDER BY s.seq LIMIT $2",
                args![self.at, FAR],
            )
            .await?)
    }

    /// Whether the session still holds; the person is read again, since rights may have changed.
    async fn still_in(&mut self) -> bool {
        let mut sql = self.app.db.read();
        if !matches!(who(&mut sql, &self.headers).await, Ok(Some(id)) if id == self.me.person.id()) {
            return false;
        }
        let Ok(org) = self.app.org(&mut sql).await else {
            return false;
        };
        match Person::of(&org, self.me.person.id(), clock::day(clock::now(), "UTC")) {
            Ok(person) => self.me.person = person,
            Err(_) => return false,
        }
        true
    }

    /// The messages for what happened, of what this visitor may read.
    async fn tell(&mut self, news: Vec<Happened>) -> Vec<Event> {
        let Some(newest) = news.last().map(|h| h.seq) else {
            return Vec::new();
        };
        let mut sql = self.app.db.read();
        let mut out = Vec::new();
        if i64::try_from(news.len()).unwrap_or(FAR) == FAR {
            self.at = last(&mut sql).await.map_or(newest, |(n,)| n);
            out.push(self.message(json!({ "kind": "refresh" })));
        } else {
            let mut allowed = BTreeSet::new();
            let mut refused = BTreeSet::new();
            for happened in &news {
                self.at = happened.seq;
                if !allowed.contains(&happened.id) && !refused.contains(&happened.id) {
                    let may = self.may_read(&mut sql, happened).await.unwrap_or(false);
                    if may { &mut allowed } else { &mut refused }.insert(happened.id.clone());
                }
                if allowed.contains(&happened.id) {
                    out.push(self.message(json!({
                        "kind": "claim", "claim": happened.number, "event": happened.kind, "status": happened.status,
                    })));
                }
            }
            if allowed.is_empty() {
                return out;
            }
        }
        if let Ok((count,)) = self.count(&mut sql).await
            && (self.counted != Some(count) || !out.is_empty())
        {
            self.counted = Some(count);
            out.push(self.message(json!({ "kind": "inbox", "counts": { "inbox": count } })));
        }
        out
    }

    fn message(&self, body: serde_json::Value) -> Event {
        Event::default().id(self.at.to_string()).data(body.to_string())
    }

    async fn may_read(&self, sql: &mut Sql, happened: &Happened) -> Result<bool, Error> {
        let asked: Vec<(String,)> = sql
            .all(
                "SELECT DISTINCT assignee_id FROM task WHERE claim_id = $1",
                args![&happened.id],
            )
            .await?;
        let facts = ClaimFacts {
            id: happened.id.clone(),
            claimant: stored(&happened.claimant_id)?,
            // Who stands in has a copy, and is asked by that.
            stand_in: None,
            entity: stored(&happened.entity_id)?,
            department: stored(&happened.department_id)?,
            status: happened.status.clone(),
            asked: asked.iter().map(|(id,)| stored(id)).collect::<Result<_, _>>()?,
            claimed: Currency::parse(&happened.currency)
                .ok()
                .map(|c| Money::new(happened.claimed_minor, c)),
        };
        Ok(self
            .app
            .rights
            .may(&self.me.person, Action::ReadClaim, &Resource::Claim(&facts)))
    }

    async fn count(&self, sql: &mut Sql) -> Result<(i64,), Error> {
        scope::count(sql, &self.me.person).await.map(|n| (n,))
    }
}
