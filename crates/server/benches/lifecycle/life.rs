//! One claim's life, as its people live it over the API.

use std::sync::atomic::{AtomicU64, Ordering};

use outlay::args;
use outlay_core::ids::EmployeeId;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::harness::{Company, Person, Served, Table, timed};

const RECEIPT: usize = 140 * 1024;

/// Everybody that one client acts as, by cookie until the server runs.
pub struct Cast<P> {
    me: P,
    approvers: Vec<P>,
    payer: P,
    entity: String,
    deal: String,
    client: u64,
}

impl Cast<String> {
    /// A seller with a deal of theirs, who approves their claims, and who pays.
    pub async fn of(company: &Company, client: usize, seller: EmployeeId) -> Cast<String> {
        let today = outlay::clock::day(outlay::clock::now(), "UTC");
        let place = company.org.primary(seller, today).expect("a place");
        let head = company.org.heads_above(seller, place.department)[0].0;
        let finance = company.id(["zhao", "shao"][client % 2]);
        let (deal,): (String,) = company
            .app
            .db
            .read()
            .one(
                "SELECT id FROM deal WHERE owner_id = $1 ORDER BY external_id LIMIT 1",
                args![seller],
            )
            .await
            .expect("a deal");
        Cast {
            me: company.session(seller).await,
            approvers: vec![company.session(head).await, company.session(finance).await],
            payer: company.session(company.id("he")).await,
            entity: place.entity.to_string(),
            deal,
            client: client as u64,
        }
    }

    pub fn at(self, server: &Served) -> Cast<Person> {
        Cast {
            me: server.person(self.me),
            approvers: self.approvers.into_iter().map(|cookie| server.person(cookie)).collect(),
            payer: server.person(self.payer),
            entity: self.entity,
            deal: self.deal,
            client: self.client,
        }
    }
}

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Made with four lines, a receipt attached, handed in, approved by all who are asked, paid, posted, read.
pub async fn live(cast: &Cast<Person>, table: &mut Table) -> Result<(), String> {
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
    // Claims of a company are not all of one day and one price.
    let day = today.saturating_sub(jiff::Span::new().days(i64::try_from(n % 60).unwrap_or(0)));
    let line = |category: &str, cents: u64| {
        json!({"category": category, "incurred_on": day.to_string(), "place": "上海",
            "paid": {"amount": format!("{}.{:02}", cents / 100, cents % 100)}})
    };
    let content = json!({
        "title": format!("客户现场 {}-{n}", cast.client), "purpose": "产线检测方案确认", "links": {"deal": cast.deal},
        "lines": [line("lodging", 30_000 + n % 9_000), line("travel.taxi", 4_000 + n % 4_000), line("meals", 5_000 + n % 3_000),
            line("travel.other", 1_000 + n % 2_000)],
    });
    let body = json!({"content": content});
    let made = timed(table, "1 create", cast.me.post("/api/v1/claims", &body)).await?;
    let number = text(&made, "number")?;
    let claim = format!("/api/v1/claims/{number}");

    let document = timed(table, "2 receipt", upload(&cast.me)).await?;
    let view = timed(table, "3 read draft", cast.me.get_json(&claim)).await?;
    let mut edited = content;
    edited["lines"][0]["document"] = json!(document);
    let known = view["lines"].as_array().cloned().unwrap_or_default();
    for (line, known) in edited["lines"].as_array_mut().into_iter().flatten().zip(known) {
        line["id"] = known["id"].clone();
    }
    let body = json!({"n": view["n"], "content": edited});
    timed(table, "4 attach", cast.me.json(Method::PUT, &claim, &body)).await?;
    let submission = format!("{claim}/submission");
    timed(table, "5 submit", cast.me.post(&submission, &Value::Null)).await?;
    for approver in &cast.approvers {
        let inbox = timed(table, "6 inbox", approver.get_json("/api/v1/tasks")).await?;
        let task = find(&inbox, &number).ok_or_else(|| format!("{number} is not in the inbox"))?;
        let path = format!("/api/v1/tasks/{}/approval", text(task, "id")?);
        let body = json!({"hash": task["hash"]});
        timed(table, "7 approve", approver.post(&path, &body)).await?;
    }
    let body = json!({"entity": cast.entity, "execute_on": today.to_string(), "claims": [number]});
    let batch = timed(table, "8 batch", cast.payer.post("/api/v1/batches", &body)).await?;
    let path = format!("/api/v1/batches/{}/posting", text(&batch, "number")?);
    let body = json!({"on": today.to_string()});
    timed(table, "9 post", cast.payer.post(&path, &body)).await?;
    let view = timed(table, "A read", cast.me.get_json(&claim)).await?;
    match view["status"].as_str() {
        Some("paid" | "archived") => Ok(()),
        other => Err(format!("{number} is {other:?} in the end")),
    }
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    let text = value[key].as_str().map(str::to_owned);
    text.ok_or_else(|| format!("no {key} in {value}"))
}

async fn upload(me: &Person) -> Result<String, String> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.resize_with(RECEIPT, rand::random);
    let part = Part::bytes(bytes).file_name("receipt.pdf").mime_str("application/pdf");
    let form = Form::new().part("file", part.map_err(|e| e.to_string())?);
    let answer = me
        .send(me.request(Method::POST, "/api/v1/documents").multipart(form))
        .await?;
    let made: Value = serde_json::from_str(&answer).map_err(|e| e.to_string())?;
    text(&made[0], "id")
}

fn find<'a>(inbox: &'a Value, number: &str) -> Option<&'a Value> {
    let groups = inbox["groups"].as_array()?.iter();
    groups
        .flat_map(|g| g["tasks"].as_array().into_iter().flatten())
        .find(|t| t["claim"] == number)
}
