//! Which CRM records may be chosen, for the claim and for the parts of its lines.

use std::collections::HashMap;

use outlay_connect::Object;
use outlay_core::claim::{Claim, Source};
use outlay_core::org::Org;

use super::{Choice, choice, default_allocation};
use crate::app::App;
use crate::auth::{Person, Visitor};
use crate::claims::form;
use crate::claims::input::ClaimInput;
use crate::claims::records::{self, Of, Record};
use crate::claims::view::{SourceView, source_view};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// A select for a CRM record.
#[derive(Debug, Clone)]
pub struct LinkField {
    /// Its name in the form.
    pub name: &'static str,
    /// What people call it.
    pub label: String,
    /// What is chosen.
    pub value: String,
    /// What may be.
    pub choices: Vec<Choice>,
    /// Which CRM record it came from.
    pub source: Option<SourceView>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Whether other choices follow from it.
    pub leads: bool,
}

pub(super) async fn links(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    claim: &Claim,
    input: &ClaimInput,
    errors: &HashMap<String, String>,
) -> Result<Vec<LinkField>, Error> {
    let (w, person) = (W(visitor.lang), &visitor.person);
    let typed = &input.links;
    let before = ClaimInput::of(&claim.content).links;
    let of = if typed.account.is_empty() {
        None
    } else {
        Some(Of::Account(&typed.account))
    };
    let all: [(&'static str, Object, &String, &String, Option<Of>, u32); 6] = [
        ("deal", Object::Deal, &typed.deal, &before.deal, Some(Of::Anything), 60),
        (
            "account",
            Object::Account,
            &typed.account,
            &before.account,
            Some(Of::Anything),
            60,
        ),
        ("contact", Object::Contact, &typed.contact, &before.contact, of, 30),
        ("activity", Object::Activity, &typed.activity, &before.activity, of, 30),
        ("project", Object::Project, &typed.project, &before.project, of, 30),
        ("order", Object::Order, &typed.order, &before.order, of, 30),
    ];
    let mut fields = Vec::new();
    for (name, object, value, before, of, most) in all {
        let mut found = match of {
            Some(of) => records::choices(sql, app, person, object, of, most).await?,
            None => Vec::new(),
        };
        if !value.is_empty() && !found.iter().any(|r| r.id == *value) {
            let chosen = if value == before {
                records::find(sql, object, value).await?
            } else {
                records::readable(sql, app, person, object, value).await?
            };
            found.extend(chosen);
        }
        // Projects and orders are rare: no field where there is nothing to choose.
        if found.is_empty() && matches!(object, Object::Project | Object::Order) {
            continue;
        }
        let field = format!("links.{name}");
        let known = claim
            .sources
            .iter()
            .find(|s| s.field == field)
            .filter(|_| value == before);
        let source = match known {
            Some(source) => Some(source_view(w, &visitor.zone, source, value)),
            None => found.iter().find(|r| r.id == *value).map(|r| {
                let source: Source = r.source(&field, object, &r.name);
                source_view(w, &visitor.zone, &source, value)
            }),
        };
        fields.push(LinkField {
            name,
            label: w.t(&format!("link-{name}")),
            value: value.clone(),
            choices: found.iter().map(|r| choice(&r.id, label(object, r))).collect(),
            source,
            error: errors.get(&field).cloned(),
            leads: matches!(object, Object::Deal | Object::Account),
        });
    }
    Ok(fields)
}

fn label(object: Object, record: &Record) -> String {
    match (object, &record.happened_on) {
        (Object::Activity, Some(on)) => format!("{on} {}", record.name),
        _ => record.name.clone(),
    }
}

/// Deals, customers, projects and cost centres that a part may serve; those used stay choosable.
pub(super) async fn targets(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    w: W,
    claim: &Claim,
    input: &ClaimInput,
    org: &Org,
) -> Result<Vec<Choice>, Error> {
    let mut all: Vec<Choice> = Vec::new();
    let mut names: HashMap<String, String> = HashMap::new();
    for (kind, object, most) in [
        ("deal", Object::Deal, 30),
        ("account", Object::Account, 15),
        ("project", Object::Project, 10),
    ] {
        for record in records::choices(sql, app, person, object, Of::Anything, most).await? {
            let value = format!("{kind}:{}", record.id);
            let label = w.args(&format!("target-{kind}"), &[("name".to_owned(), record.name.clone())]);
            names.insert(value.clone(), label.clone());
            all.push(choice(value, label));
        }
    }
    for center in org.cost_centers().filter(|c| c.entity == claim.content.entity) {
        let label = w.args(
            "target-cost_center",
            &[("name".to_owned(), format!("{} {}", center.code, center.name))],
        );
        let value = format!("cost_center:{}", center.id);
        names.insert(value.clone(), label.clone());
        all.push(choice(value, label));
    }
    let used = input.lines.iter().flat_map(|l| &l.allocations).map(form::target);
    for value in used.chain([form::target(&default_allocation(input))]) {
        if value.is_empty() || all.iter().any(|c| c.value == value) {
            continue;
        }
        let mut labels = Vec::new();
        for part in value.split(',') {
            if let Some(name) = names.get(part) {
                labels.push(name.clone());
                continue;
            }
            let Some((kind, id)) = part.split_once(':') else {
                continue;
            };
            let Ok(object) = kind.parse::<Object>() else { continue };
            if let Some(record) = records::find(sql, object, id).await? {
                labels.push(w.args(&format!("target-{kind}"), &[("name".to_owned(), record.name)]));
            }
        }
        all.push(choice(value, labels.join(" / ")));
    }
    Ok(all)
}
