//! What every CRM's records are mapped to. References between them are the CRM's own ids, as text.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date};
use outlay_core::Money;
use serde::{Deserialize, Serialize};

/// The kinds of record that Outlay knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A customer: company or person that is sold to.
    Account,
    /// A person at an account.
    Contact,
    /// A sale that may be won or lost.
    Deal,
    /// Work done for an account.
    Project,
    /// A sales order.
    Order,
    /// A visit, call or meeting.
    Activity,
    /// Somebody who uses the CRM and owns its records.
    CrmUser,
}

impl Object {
    /// All, so that what is referred to comes before what refers to it.
    pub const ALL: [Object; 7] = [
        Object::CrmUser,
        Object::Account,
        Object::Contact,
        Object::Deal,
        Object::Project,
        Object::Order,
        Object::Activity,
    ];

    /// The name used in storage, URLs and JSON: `crm_user`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Object::Account => "account",
            Object::Contact => "contact",
            Object::Deal => "deal",
            Object::Project => "project",
            Object::Order => "order",
            Object::Activity => "activity",
            Object::CrmUser => "crm_user",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no [`Object`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no CRM object: write account, contact, deal, project, order, activity or crm_user")]
pub struct UnknownObject(String);

impl FromStr for Object {
    type Err = UnknownObject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Object::ALL
            .into_iter()
            .find(|object| object.as_str() == text)
            .ok_or_else(|| UnknownObject(text.chars().take(40).collect()))
    }
}

/// One record of a CRM as it stood at `modified_at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its kind; always that of `body`.
    pub object: Object,
    /// The CRM's id, unique within the connection and the object.
    pub external_id: String,
    /// Text that changes with every change in the CRM and sorts by time, such as its last write. What follows a `~` tells
    /// changes of one moment apart, and sorts by nothing.
    pub revision: String,
    /// When the CRM last changed it.
    pub modified_at: Timestamp,
    /// True if the CRM says that it is gone or archived; `body` is then the last state known.
    pub deleted: bool,
    /// What Outlay understands of it.
    pub body: Canonical,
    /// All that the CRM sent, unknown fields too.
    pub raw: serde_json::Value,
    /// Its page in the CRM, for people.
    pub url: Option<String>,
}

impl Record {
    /// Its id and state.
    pub fn mark(&self) -> crate::connector::Mark {
        crate::connector::Mark {
            external_id: self.external_id.clone(),
            revision: self.revision.clone(),
        }
    }
}

/// The understood part of a [`Record`]. In JSON: `{"object":"deal", "name":…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum Canonical {
    /// A customer.
    Account(Account),
    /// A person at a customer.
    Contact(Contact),
    /// A sale.
    Deal(Deal),
    /// Work for a customer.
    Project(Project),
    /// A sales order.
    Order(Order),
    /// A visit or call.
    Activity(Activity),
    /// A user of the CRM.
    CrmUser(CrmUser),
}

impl Canonical {
    /// The kind of this body.
    pub const fn object(&self) -> Object {
        match self {
            Canonical::Account(_) => Object::Account,
            Canonical::Contact(_) => Object::Contact,
            Canonical::Deal(_) => Object::Deal,
            Canonical::Project(_) => Object::Project,
            Canonical::Order(_) => Object::Order,
            Canonical::Activity(_) => Object::Activity,
            Canonical::CrmUser(_) => Object::CrmUser,
        }
    }

    /// What people call it: a name, a number or a subject.
    pub fn label(&self) -> &str {
        match self {
            Canonical::Account(a) => &a.name,
            Canonical::Contact(c) => &c.name,
            Canonical::Deal(d) => &d.name,
            Canonical::Project(p) => &p.name,
            Canonical::Order(o) => &o.number,
            Canonical::Activity(a) => &a.subject,
            Canonical::CrmUser(u) => &u.name,
        }
    }
}

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Full name.
    pub name: String,
    /// The CRM's short code for it.
    pub code: Option<String>,
    /// Tax or VAT number (统一社会信用代码).
    pub tax_id: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// City, as written in the CRM.
    pub city: Option<String>,
    /// Id of a [`CrmUser`].
    pub owner: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Web site.
    pub website: Option<String>,
    /// Industry or category, as written in the CRM.
    pub industry: Option<String>,
}

/// A person at an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// Full name.
    pub name: String,
    /// Id of the [`Account`].
    pub account: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Position or role.
    pub title: Option<String>,
}

/// What a stage of a pipeline means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Still being sold.
    #[default]
    Open,
    /// Sold.
    Won,
    /// Not sold, or given up.
    Lost,
}

impl StageKind {
    /// The name used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            StageKind::Open => "open",
            StageKind::Won => "won",
            StageKind::Lost => "lost",
        }
    }
}

/// A sale that may be won or lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deal {
    /// Its title.
    pub name: String,
    /// The CRM's number for it.
    pub number: Option<String>,
    /// Id of the [`Account`].
    pub account: Option<String>,
    /// Id of the [`Contact`].
    pub contact: Option<String>,
    /// Id of the [`CrmUser`] who sells.
    pub owner: Option<String>,
    /// The stage, as the CRM names it.
    pub stage: String,
    /// What that stage means.
    pub stage_kind: StageKind,
    /// Expected or final value.
    pub amount: Option<Money>,
    /// Expected or real end.
    pub close_on: Option<Date>,
    /// Chance to win in whole per cent, 0–100.
    pub probability: Option<u8>,
    /// Id of the [`Project`].
    pub project: Option<String>,
}

/// Work done for an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// The CRM's short code for it.
    pub code: Option<String>,
    /// Id of the [`Account`].
    pub account: Option<String>,
    /// Id of the [`Deal`] it came from.
    pub deal: Option<String>,
    /// Id of the [`CrmUser`] who leads it.
    pub owner: Option<String>,
    /// Its state, as the CRM names it.
    pub state: Option<String>,
}

/// A sales order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Its number.
    pub number: String,
    /// Id of the [`Account`].
    pub account: Option<String>,
    /// Id of the [`Deal`] it came from.
    pub deal: Option<String>,
    /// Total with tax.
    pub amount: Option<Money>,
    /// Its state, as the CRM names it.
    pub state: String,
    /// Day of the order.
    pub ordered_on: Option<Date>,
}

/// A visit, call or other doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// `visit`, `call`, `meeting`, or the CRM's own word.
    pub kind: String,
    /// Id of the [`Account`].
    pub account: Option<String>,
    /// Id of the [`Contact`].
    pub contact: Option<String>,
    /// Id of the [`Deal`].
    pub deal: Option<String>,
    /// Id of the [`CrmUser`] who did it.
    pub owner: Option<String>,
    /// The day it took place, or began.
    pub on: Option<Date>,
    /// Its last day, where it lasted longer than one.
    pub until: Option<Date>,
    /// Where it took place.
    pub place: Option<String>,
    /// What it was about.
    pub subject: String,
}

/// Somebody who uses the CRM and owns its records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrmUser {
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Log-in name.
    pub login: Option<String>,
    /// False once the person has left.
    pub active: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_alike_everywhere() {
        for object in Object::ALL {
            assert_eq!(object.as_str().parse(), Ok(object));
            assert_eq!(serde_json::to_value(object).expect("serializes"), object.as_str());
        }
        assert!("deals".parse::<Object>().is_err());
    }

    #[test]
    fn a_body_tells_its_object_in_json() {
        let body = Canonical::CrmUser(CrmUser {
            name: "王芳".into(),
            active: true,
            ..CrmUser::default()
        });
        let json = serde_json::to_value(&body).expect("serializes");
        assert_eq!(json["object"], "crm_user");
        assert_eq!(serde_json::from_value::<Canonical>(json).expect("reads"), body);
    }
}
