//! A flow as people read it: a vertical list of steps, and who would approve a chosen claim.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Html;
use outlay_core::flow::{Choose, Fallback, Field, Flow, LateAct, Mode, Node, SamePerson, Seen, When, Who};
use outlay_core::ids::EntityId;
use outlay_core::org::Org;
use serde::Deserialize;

use super::view::{self, Kind};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::{self, route_view::why, store};
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, W};

/// One row of the list.
struct Row {
    /// How deep in branches, from 0 to 3.
    depth: usize,
    /// `sign`, `copy`, `fork` or `branch`.
    kind: &'static str,
    name: String,
    /// Who, how, when, in words.
    notes: Vec<String>,
}

/// A step of a chosen claim.
struct Preview {
    name: String,
    lane: String,
    /// Name and reason of each person.
    people: Vec<(String, String)>,
    /// What of it, where nobody is asked.
    note: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/settings-flow.html")]
struct FlowPage {
    f: Frame,
    nav: SettingsNav,
    name: String,
    reference: String,
    entity: String,
    href: String,
    rules: Vec<String>,
    rows: Vec<Row>,
    claim: String,
    preview: Option<Vec<Preview>>,
    trouble: Option<String>,
}

/// Which claim is looked at.
#[derive(Deserialize)]
pub struct Looked {
    #[serde(default)]
    claim: String,
}

/// GET /settings/flows/{entity}/{reference}/steps?claim=.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, reference)): Path<(String, String)>,
    Query(looked): Query<Looked>,
) -> Result<Html<String>, Error> {
    let id: EntityId = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    let mut sql = app.db.read();
    let version = view::one(&mut sql, Kind::Flow, Some(id), &reference, visitor.lang).await?;
    let flow = Flow::from_yaml(&version.yaml).map_err(|e| Error::Broken(e.to_string()))?;
    let org = app.org(&mut sql).await?;
    let rules = app.rules(&mut sql).await?;
    let w = W(visitor.lang);
    let words = Words {
        w,
        org: &org,
        category: &|code| rules.category_name(code, w.0),
    };
    let number = looked.claim.trim().to_owned();
    let mut preview = None;
    let mut trouble = None;
    if !number.is_empty() {
        match store::by_number(&mut sql, &number).await {
            Ok(claim) => {
                let facts = store::facts(&claim);
                if app
                    .rights
                    .may(&visitor.person, Action::ReadClaim, &Resource::Claim(&facts))
                {
                    let planned = claims::plan(&mut sql, &app, &claim, &flow).await?;
                    preview = Some(planned.into_iter().map(|p| words.planned(p)).collect());
                } else {
                    trouble = Some(w.t("flow-no-claim"));
                }
            }
            Err(Error::NotFound(_)) => trouble = Some(w.t("flow-no-claim")),
            Err(error) => return Err(error),
        }
    }
    let mut rows = Vec::new();
    words.list(&flow.steps, 0, &mut rows);
    shell::page(&FlowPage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "flows").await?,
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        name: version.version.name.clone(),
        entity: version.version.entity_name.clone(),
        href: Kind::Flow.href(&version.version),
        reference: version.version.reference,
        rules: words.settings(&flow),
        rows,
        claim: number,
        preview,
        trouble,
    })
}

struct Words<'a> {
    w: W,
    org: &'a Org,
    category: &'a (dyn Fn(&str) -> String + Sync),
}

impl Words<'_> {
    fn join(&self, all: impl IntoIterator<Item = String>) -> String {
        let all: Vec<String> = all.into_iter().collect();
        all.join(if self.w.zh() { "、" } else { ", " })
    }

    fn person(&self, number: &str) -> String {
        let found = self.org.employees().find(|e| e.number == number);
        found.map_or_else(|| number.to_owned(), |e| format!("{} {number}", e.name))
    }

    fn settings(&self, flow: &Flow) -> Vec<String> {
        let fallback = |key: &str, fallback: &Fallback| match fallback {
            Fallback::Refuse => self.w.t(&format!("{key}-refuse")),
            Fallback::HeadAbove => self.w.t(&format!("{key}-head")),
            Fallback::StandIn(number) => self.w.t1(&format!("{key}-stand-in"), "name", self.person(number)),
        };
        vec![
            self.w.t(match flow.settings.same_person {
                SamePerson::Once => "flow-same-once",
                SamePerson::Consecutive => "flow-same-consecutive",
                SamePerson::Every => "flow-same-every",
            }),
            fallback("flow-nobody", &flow.settings.if_nobody),
            fallback("flow-own", &flow.settings.if_own),
        ]
    }

    fn list(&self, nodes: &[Node], depth: usize, rows: &mut Vec<Row>) {
        for node in nodes {
            match node {
                Node::Step(step) => {
                    let mut notes = vec![self.who(&step.who), self.mode(&step.who, step.mode)];
                    notes.extend(self.when(&step.when));
                    if !step.may_edit.is_empty() {
                        let fields = step.may_edit.iter().map(|f| self.w.t(field(*f)));
                        notes.push(self.w.t1("flow-may-edit", "fields", self.join(fields)));
                    }
                    notes.extend(step.late.iter().map(|late| {
                        let key = match late.act {
                            LateAct::Remind => "flow-late-remind",
                            LateAct::Escalate => "flow-late-escalate",
                            LateAct::Return => "flow-late-return",
                        };
                        self.w.n(key, late.after)
                    }));
                    rows.push(self.row(depth, "sign", step.name.get(self.w.0), notes));
                }
                Node::Copy(copy) => {
                    let mut notes = vec![self.who(&copy.to)];
                    notes.extend(self.when(&copy.when));
                    rows.push(self.row(depth, "copy", copy.name.get(self.w.0), notes));
                }
                Node::Branches(fork) => {
                    let how = self.w.t(match fork.choose {
                        Choose::Every => "flow-every",
                        Choose::First => "flow-first",
                    });
                    rows.push(self.row(depth, "fork", fork.name.get(self.w.0), vec![how]));
                    for branch in &fork.branches {
                        let mut notes = self.when(&branch.when);
                        if notes.is_empty() {
                            notes.push(self.w.t("flow-otherwise"));
                        }
                        rows.push(self.row(depth + 1, "branch", branch.name.get(self.w.0), notes));
                        self.list(&branch.steps, depth + 2, rows);
                    }
                }
            }
        }
    }

    fn row(&self, depth: usize, kind: &'static str, name: &str, notes: Vec<String>) -> Row {
        Row {
            depth: depth.min(4),
            kind,
            name: name.to_owned(),
            notes: notes.into_iter().filter(|n| !n.is_empty()).collect(),
        }
    }

    fn who(&self, who: &Who) -> String {
        let w = self.w;
        match who {
            Who::DepartmentHead(n) => w.n("flow-who-head", n),
            Who::HeadsUpTo(n) => w.n("flow-who-heads", n),
            Who::Role(role) => w.t(&format!("route-holds-{}", role.code().replace('_', "-"))),
            Who::CostCenterOwner => w.t("flow-who-cost-center"),
            Who::ProjectOwner => w.t("route-owns-project"),
            Who::DealOwner => w.t("route-owns-deal"),
            Who::Position(title) => w.t1("route-position", "name", title),
            Who::Employee(number) => self.person(number),
            Who::Chosen(_) => w.t("route-chosen"),
            Who::Expression(text) => w.t1("flow-who-expression", "text", text),
        }
    }

    fn mode(&self, who: &Who, mode: Mode) -> String {
        if matches!(who, Who::HeadsUpTo(_)) {
            return self.w.t("flow-mode-order");
        }
        match mode {
            Mode::Any => self.w.t("flow-mode-any"),
            Mode::All => self.w.t("flow-mode-all"),
            Mode::InOrder => self.w.t("flow-mode-order"),
            Mode::Share(share) => self.w.t1(
                "flow-mode-share",
                "share",
                (share * rust_decimal::Decimal::ONE_HUNDRED).normalize(),
            ),
        }
    }

    fn when(&self, when: &When) -> Vec<String> {
        let w = self.w;
        let mut all = Vec::new();
        let mut say = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                all.push(w.t1(key, "value", value));
            }
        };
        let money = |m: outlay_core::Money| format!("{}{}", m.currency.sign(), m.grouped());
        let list = |texts: &Option<Vec<String>>| texts.clone().map(|t| self.join(t));
        say("flow-when-from", when.amount_from.map(money));
        say("flow-when-below", when.amount_below.map(money));
        let categories = when.categories.as_ref();
        say(
            "flow-when-categories",
            categories.map(|all| self.join(all.iter().map(|c| (self.category)(c)))),
        );
        say(
            "flow-when-finding",
            when.finding_from
                .map(|s| w.t(&format!("flow-severity-{}", format!("{s:?}").to_lowercase()))),
        );
        say("flow-when-grade", when.grade_from.map(|g| g.code().to_owned()));
        say(
            "flow-when-over",
            when.over_share_from
                .map(|s| (s * rust_decimal::Decimal::ONE_HUNDRED).normalize().to_string()),
        );
        say("flow-when-claimant-grade", list(&when.claimant_grades));
        say("flow-when-claimant-position", list(&when.claimant_positions));
        let name = |code: &String| {
            let found = self.org.departments().find(|d| d.code == *code);
            found.map_or_else(|| code.clone(), |d| d.name.clone())
        };
        let departments = when.departments.as_ref();
        say(
            "flow-when-department",
            departments.map(|all| self.join(all.iter().map(name))),
        );
        say("flow-when-stage", list(&when.deal_stages));
        say("flow-when-expression", when.expression.clone());
        match when.deal_linked {
            Some(true) => all.push(w.t("flow-when-deal")),
            Some(false) => all.push(w.t("flow-when-no-deal")),
            None => {}
        }
        if when.linked_to.is_some() {
            all.push(w.t("flow-when-linked"));
        }
        all
    }

    fn planned(&self, planned: outlay_core::flow::Planned) -> Preview {
        let (people, note) = match planned.seen {
            Seen::Asks(people) => (people, None),
            Seen::SignedBefore(people) => (people, Some("flow-signed-before")),
            Seen::NotNeeded => (Vec::new(), Some("flow-not-needed")),
            Seen::Nobody => (Vec::new(), Some("flow-nobody-found")),
        };
        let person = |a: outlay_core::flow::Approver| {
            let name = self
                .org
                .employee(a.employee)
                .map(|e| e.name.clone())
                .unwrap_or_default();
            (name, why(self.w, self.org, &a.why))
        };
        Preview {
            name: planned.name.get(self.w.0).to_owned(),
            lane: self.join(planned.lane.iter().map(|l| l.get(self.w.0).to_owned())),
            people: people.into_iter().map(person).collect(),
            note: note.map(|key| self.w.t(key)),
        }
    }
}

fn field(field: Field) -> &'static str {
    match field {
        Field::Category => "name-category",
        Field::Claimed => "name-claimed",
        Field::Tax => "name-tax",
        Field::Description => "name-description",
        Field::Allocations => "name-allocations",
    }
}
