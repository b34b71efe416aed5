//! A CRM that is a table in memory and does what the connector trait says.

use std::sync::Mutex;

use async_trait::async_trait;
use outlay_connect::pace::Pace;
use outlay_connect::{
    Account, Canonical, Capabilities, Connector, CrmUser, Deal, Deletes, Error as CrmError, Fetched, Hint, Hook, Marks,
    Object, ObjectCapability, Page, Ready, Record, Rejected, StageKind, Write, Written,
};
use serde_json::{Value, json};

use crate::crm::record;

/// A CRM in memory.
#[derive(Default)]
pub struct Fake {
    pub records: Vec<Record>,
    pub rejected: Vec<Rejected>,
    /// Ids of deals of which it says that they are gone.
    pub gone: Vec<String>,
    /// Pages that it gives before it falls silent.
    pub pages_left: Mutex<Option<usize>>,
    pub stuck: bool,
    /// Ids that are there, and that a list of all just misses.
    pub unlisted: Vec<String>,
    /// A kind of record that it does not show.
    pub closed: Option<Object>,
    /// A kind of record of which it does not tell how many there are.
    pub uncounted: Option<Object>,
    /// How fast it may be asked, if that is counted.
    pub pace: Option<Pace>,
    pub written: Mutex<Vec<Write>>,
    pub fails_writes: Mutex<usize>,
}

fn no_right() -> CrmError {
    CrmError::Refused {
        status: 403,
        text: "no right".into(),
    }
}

#[async_trait]
impl Connector for Fake {
    fn capabilities(&self) -> Capabilities {
        let objects = [Object::CrmUser, Object::Account, Object::Deal];
        Capabilities {
            crm: "Fake".into(),
            objects: objects
                .into_iter()
                .map(|object| ObjectCapability {
                    object,
                    source: object.to_string(),
                    deletes: Deletes::Reported,
                })
                .collect(),
            cost_figures: true,
            notes: true,
            todos: true,
            hooks: false,
            max_page: 3,
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, CrmError> {
        if self.closed == Some(object) {
            return Err(no_right());
        }
        if let Some(pace) = &self.pace {
            pace.turn().await?;
        }
        if let Some(left) = self.pages_left.lock().expect("a lock").as_mut() {
            *left = left.checked_sub(1).ok_or(CrmError::Retry { after: None })?;
        }
        let from = cursor.and_then(|c| c["n"].as_u64()).unwrap_or(0) as usize;
        let of: Vec<&Record> = self.records.iter().filter(|r| r.object == object).collect();
        let to = of.len().min(from + page_size);
        let rejected = self
            .rejected
            .iter()
            .filter(|r| r.object == object && from == 0)
            .cloned();
        Ok(Page {
            records: of[from..to].iter().map(|r| (*r).clone()).collect(),
            rejected: rejected.collect(),
            gone: self
                .gone
                .iter()
                .filter(|_| from == 0 && object == Object::Deal)
                .cloned()
                .collect(),
            next: if self.stuck {
                json!({"n": from})
            } else {
                json!({"n": to})
            },
            done: !self.stuck && to == of.len(),
        })
    }

    fn understand(&self, _: Object, raw: &Value) -> Result<Option<Record>, Box<Rejected>> {
        let record = self.records.iter().find(|r| raw["id"] == r.external_id);
        Ok(record.cloned())
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, CrmError> {
        let mut found = Fetched::default();
        for id in ids {
            let record = self.records.iter().find(|r| r.object == object && r.external_id == *id);
            let rejected = self
                .rejected
                .iter()
                .find(|r| r.object == object && r.external_id.as_ref() == Some(id));
            match (record, rejected) {
                (Some(record), _) => found.records.push(record.clone()),
                (None, Some(rejected)) => found.rejected.push(rejected.clone()),
                (None, None) => found.gone.push(id.clone()),
            }
        }
        Ok(found)
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, CrmError> {
        if self.closed == Some(object) {
            return Err(no_right());
        }
        let from = after.and_then(Value::as_u64).unwrap_or(0) as usize;
        let of: Vec<&Record> = self
            .records
            .iter()
            .filter(|r| r.object == object && !r.deleted)
            .collect();
        // Smaller pages than asked for, so that the edges are met.
        let to = of.len().min(from + page_size.min(3));
        let marks = of[from..to].iter().filter(|r| !self.unlisted.contains(&r.external_id));
        Ok(Marks {
            marks: marks.map(|r| r.mark()).collect(),
            next: json!(to),
            done: to == of.len(),
        })
    }

    /// Signed by the word `good`; each line of the body is an event, an object and an id.
    fn verify(&self, hook: &Hook<'_>) -> Result<Vec<Hint>, CrmError> {
        if hook.header("x-signature") != Some("good") {
            return Err(CrmError::Auth("forged".into()));
        }
        let text = std::str::from_utf8(hook.body).expect("text");
        let hints = text.lines().map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            Hint {
                event: words.next(),
                object: words.next().expect("an object").parse().expect("an object"),
                external_id: words.next().expect("an id"),
            }
        });
        Ok(hints.collect())
    }

    async fn push(&self, write: &Write, _: &str) -> Result<Written, CrmError> {
        let mut fails = self.fails_writes.lock().expect("a lock");
        if *fails > 0 {
            *fails -= 1;
            return Err(CrmError::Unreachable("no answer".into()));
        }
        self.written.lock().expect("a lock").push(write.clone());
        Ok(Written {
            external_id: "N1".into(),
            changed: true,
            revision: None,
            conflicts: Vec::new(),
        })
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, CrmError> {
        let of = self.records.iter().filter(|r| r.object == object);
        Ok((self.uncounted != Some(object)).then_some(of.count() as u64))
    }

    fn pace(&self) -> Option<&Pace> {
        self.pace.as_ref()
    }

    async fn check(&self) -> Result<Ready, CrmError> {
        Ok(Ready::default())
    }
}

/// One user, one account, and deals.
pub fn crm(deals: usize) -> Fake {
    let user = Canonical::CrmUser(CrmUser {
        name: "王敏".into(),
        email: Some("wang@example.com".into()),
        login: None,
        active: true,
    });
    let account = Canonical::Account(Account {
        name: "恒川精密".into(),
        ..Account::default()
    });
    let mut records = vec![record("U1", "1", user), record("A1", "1", account)];
    for n in 0..deals {
        records.push(deal(n, "1", StageKind::Open));
    }
    Fake {
        records,
        ..Fake::default()
    }
}

/// A deal.
pub fn deal(n: usize, revision: &str, stage_kind: StageKind) -> Record {
    let body = Canonical::Deal(Deal {
        name: format!("商机{n}"),
        account: Some("A1".into()),
        owner: Some("U1".into()),
        stage: stage_kind.as_str().into(),
        stage_kind,
        ..Deal::default()
    });
    record(&format!("D{n}"), revision, body)
}
