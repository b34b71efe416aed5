//! A connector to the paginated source that the peers read too: deals with nested associations, by real mapping rules.

use async_trait::async_trait;
use jiff::Timestamp;
use outlay_connect::http::{Http, Limits};
use outlay_connect::mapping::{self, Rules};
use outlay_connect::{
    Capabilities, Connector, Deletes, Error, Fetched, Guard, Marks, Object, ObjectCapability, Page, Ready, Record,
    Rejected, Write, Written,
};
use serde_json::{Value, json};

const RULES: &str = r#"{
    "name": "properties.dealname",
    "account": "associations.companies.0.id",
    "contact": "associations.contacts.0.id",
    "owner": "properties.hubspot_owner_id",
    "stage": "properties.dealstage",
    "stage_kind": {"from": "properties.dealstage", "words": {"closedwon": "won", "closedlost": "lost"}},
    "amount": {"from": "properties.amount", "currency": "properties.hs_currency"},
    "close_on": "properties.closedate"
}"#;

/// The source at one port.
pub struct Source {
    http: Http,
    base: String,
    page: usize,
    rules: Rules,
}

impl Source {
    /// Reads pages of at most `page` records.
    pub fn at(port: u16, page: usize) -> Source {
        Source {
            http: Http::new(&Guard::allowing(["127.0.0.1"]), Limits::default()).expect("a client"),
            base: format!("http://127.0.0.1:{port}/deals"),
            page,
            rules: serde_json::from_str(RULES).expect("rules"),
        }
    }

    /// The records of a page and where the next one begins.
    pub async fn page(&self, after: u64, since: Option<&str>) -> Result<(Vec<Value>, Option<u64>), Error> {
        let mut query = vec![("limit", self.page.to_string()), ("after", after.to_string())];
        query.extend(since.map(|since| ("updated_since", since.to_owned())));
        let request = self.http.client().get(&self.base).query(&query);
        let mut body = self.http.send(request).await?.json(|_| None)?;
        let next = body["paging"]["next"]["after"].as_str().and_then(|n| n.parse().ok());
        match body["results"].take() {
            Value::Array(rows) => Ok((rows, next)),
            _ => Err(Error::Broken("a page without results".into())),
        }
    }
}

#[async_trait]
impl Connector for Source {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            crm: "bench".into(),
            objects: vec![ObjectCapability {
                object: Object::Deal,
                source: "deals".into(),
                deletes: Deletes::Never,
            }],
            cost_figures: false,
            notes: false,
            hooks: false,
            todos: false,
            max_page: self.page,
        }
    }

    /// The cursor: where the next page begins, the time since which it reads, and the newest change seen.
    async fn pull(&self, object: Object, cursor: Option<&Value>, _: usize) -> Result<Page, Error> {
        let text = |key: &str| cursor.and_then(|c| c[key].as_str()).map(str::to_owned);
        let after = cursor.and_then(|c| c["after"].as_u64()).unwrap_or(0);
        let (since, mut newest) = (text("since"), text("newest"));
        let (rows, next) = self.page(after, since.as_deref()).await?;
        let mut page = Page {
            records: Vec::with_capacity(rows.len()),
            rejected: Vec::new(),
            gone: Vec::new(),
            next: Value::Null,
            done: next.is_none(),
        };
        for row in rows {
            let changed = row["updatedAt"].as_str();
            if changed > newest.as_deref() {
                newest = changed.map(str::to_owned);
            }
            match self.read(object, row) {
                Ok(record) => page.records.push(record),
                Err(rejected) => page.rejected.push(*rejected),
            }
        }
        page.next = match next {
            Some(after) => json!({ "after": after, "since": since, "newest": newest }),
            None => json!({ "since": newest, "newest": newest }),
        };
        Ok(page)
    }

    fn understand(&self, object: Object, raw: &Value) -> Result<Option<Record>, Box<Rejected>> {
        self.read(object, raw.clone()).map(Some)
    }

    async fn fetch(&self, _: Object, _: &[String]) -> Result<Fetched, Error> {
        Ok(Fetched::default())
    }

    async fn scan(&self, _: Object, _: Option<&Value>, _: usize) -> Result<Marks, Error> {
        Ok(Marks {
            done: true,
            ..Marks::default()
        })
    }

    async fn push(&self, _: &Write, _: &str) -> Result<Written, Error> {
        Err(Error::Setup("the bench writes nothing".into()))
    }

    async fn check(&self) -> Result<Ready, Error> {
        Ok(Ready::default())
    }
}

impl Source {
    fn read(&self, object: Object, raw: Value) -> Result<Record, Box<Rejected>> {
        let of = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
        let (id, revision) = (of("id"), of("updatedAt"));
        let body = mapping::build(object, &self.rules, &raw);
        let at = revision.parse::<Timestamp>().map_err(|e| e.to_string());
        match body.and_then(|body| Ok((body, at?))) {
            Ok((body, modified_at)) => Ok(Record {
                object,
                url: Some(format!("https://crm.example.com/deals/{id}")),
                external_id: id,
                revision,
                modified_at,
                deleted: raw["archived"] == true,
                body,
                raw,
            }),
            Err(reason) => Err(Box::new(Rejected {
                object,
                external_id: Some(id),
                reason,
                raw,
            })),
        }
    }
}
