//! One door to rights: every handler asks with actor, action and resource; the same facts filter lists.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId as CedarId, EntityTypeName, EntityUid, PolicySet,
    Request, RestrictedExpression, Schema,
};
use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::claim::{Actor, Content};
use outlay_core::flow::{Delegation, represented};
use outlay_core::ids::{DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Employee, Org, Role};

use crate::error::Error;

const SCHEMA: &str = include_str!("rights.cedarschema");
const POLICIES: &str = include_str!("rights.cedar");

/// Somebody logged in, with what the organisation says of them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub employee: Employee,
    /// Entities whose finance they are.
    pub finance: BTreeSet<EntityId>,
    /// Entities whose payments they make.
    pub payer: BTreeSet<EntityId>,
    /// Entities that they audit.
    pub auditor: BTreeSet<EntityId>,
    /// Whether they keep customers and deals.
    pub sales_ops: bool,
    /// Whether they keep people and settings.
    pub admin: bool,
    /// Departments that they head, with all below.
    pub headed: BTreeSet<DepartmentId>,
    /// Those for whom they act while they are away, and within which bounds.
    pub acts_for: Vec<Delegation>,
}

impl Person {
    /// What the organisation says of an active employee on a day; [`Error::Unauthenticated`] for others.
    pub fn of(org: &Org, id: EmployeeId, day: Date) -> Result<Person, Error> {
        let employee = org
            .employee(id)
            .filter(|e| e.active)
            .ok_or(Error::Unauthenticated)?
            .clone();
        let mine = |role: Role| -> BTreeSet<EntityId> {
            org.entities()
                .map(|e| e.id)
                .filter(|e| org.holds(id, role, *e))
                .collect()
        };
        Ok(Person {
            employee,
            finance: mine(Role::Finance),
            payer: mine(Role::Payer),
            auditor: mine(Role::Auditor),
            sales_ops: !mine(Role::SalesOps).is_empty(),
            admin: !mine(Role::Admin).is_empty()
                || org.grants().iter().any(|g| g.employee == id && g.role == Role::Admin),
            headed: org.headed_by(id, day).into_iter().collect(),
            acts_for: represented(org.delegations(), id, day),
        })
    }

    /// Their id.
    pub fn id(&self) -> EmployeeId {
        self.employee.id
    }

    /// Whether an open task of `assignee`'s waits for them: their own, or of somebody for whom they act.
    pub fn answers(&self, assignee: EmployeeId, content: &Content) -> bool {
        let within = |d: &Delegation| {
            let total = content.claimed();
            d.entity.is_none_or(|e| e == content.entity)
                && d.at_most
                    .is_none_or(|most| total.currency == most.currency && total.minor <= most.minor)
        };
        assignee == self.id()
            || content.claimant != self.id() && self.acts_for.iter().any(|d| d.from == assignee && within(d))
    }

    /// Whether they are asked about a claim themselves, or act for somebody who is.
    fn is_asked(&self, claim: &ClaimFacts) -> bool {
        let within = |d: &Delegation| {
            d.entity.is_none_or(|e| e == claim.entity)
                && d.at_most.is_none_or(|most| {
                    claim
                        .claimed
                        .is_some_and(|c| c.currency == most.currency && c.minor <= most.minor)
                })
        };
        claim.asked.contains(&self.id()) || self.acts_for.iter().any(|d| claim.asked.contains(&d.from) && within(d))
    }

    /// As an actor of the core.
    pub fn actor(&self) -> Actor {
        Actor::Employee(self.employee.id)
    }
}

/// The facts of a claim that rights look at.
#[derive(Debug, Clone)]
pub struct ClaimFacts {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub claimant: EmployeeId,
    /// Who finishes it for a claimant who has left.
    pub stand_in: Option<EmployeeId>,
    /// Which entity pays.
    pub entity: EntityId,
    /// Where it is booked.
    pub department: DepartmentId,
    /// Its status, as stored.
    pub status: String,
    /// Everybody who is or was asked about it, or got a copy.
    pub asked: Vec<EmployeeId>,
    /// What is asked for; bounded deputies read nothing where it is not known.
    pub claimed: Option<Money>,
}

/// The facts of a CRM record that rights look at.
#[derive(Debug, Clone, Default)]
pub struct RecordFacts {
    /// Its id.
    pub id: String,
    /// The employee behind its CRM owner.
    pub owner: Option<EmployeeId>,
    /// Where the owner works.
    pub owner_department: Option<DepartmentId>,
    /// Others who worked on it: owners of its visits, deals.
    pub team: Vec<EmployeeId>,
    /// Whether Outlay is its master, no CRM being connected to it.
    pub ours: bool,
}

/// What is acted on.
#[derive(Debug, Clone)]
pub enum Resource<'a> {
    /// A claim.
    Claim(&'a ClaimFacts),
    /// A CRM record.
    Record(&'a RecordFacts),
    /// A stored document and who brought it.
    Document(String, EmployeeId),
    /// A legal entity's money and rules.
    Entity(EntityId),
    /// An employee's own data.
    Person(EmployeeId),
    /// The installation.
    Outlay,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What can be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name),+ }
        impl Action {
            /// All of them.
            pub const ALL: &'static [Action] = &[$(Action::$name),+];

            /// The word in policies and in the audit.
            pub fn code(self) -> &'static str {
                match self { $(Action::$name => $text),+ }
            }
        }
    };
}

actions! {
    /// See a claim.
    ReadClaim = "readClaim",
    /// Change a draft.
    EditClaim = "editClaim",
    /// Hand it in.
    SubmitClaim = "submitClaim",
    /// Take it back.
    WithdrawClaim = "withdrawClaim",
    /// Say something about it.
    CommentClaim = "commentClaim",
    /// Approve, reject, return, transfer.
    DecideClaim = "decideClaim",
    /// See a CRM record and its spend.
    ReadRecord = "readRecord",
    /// Change a record that Outlay is the master of.
    EditRecord = "editRecord",
    /// Change a record in its CRM.
    WriteRecord = "writeRecord",
    /// See a document.
    ReadDocument = "readDocument",
    /// Bring a document.
    AddDocument = "addDocument",
    /// Batch and settle payments.
    Pay = "pay",
    /// See payments.
    ReadPayments = "readPayments",
    /// See an entity's figures.
    ReadInsights = "readInsights",
    /// Publish policies and flows.
    ManagePolicies = "managePolicies",
    /// See somebody's data.
    ReadPerson = "readPerson",
    /// Change one's own language, password and sessions.
    KeepProfile = "keepProfile",
    /// Propose a payee account.
    ProposePayee = "proposePayee",
    /// Confirm a payee account as the second person.
    ConfirmPayee = "confirmPayee",
    /// Keep people and organisation.
    ManagePeople = "managePeople",
    /// Keep CRM connections.
    ManageConnections = "manageConnections",
    /// Make and import CRM records.
    ManageRecords = "manageRecords",
    /// Import exchange rates.
    ManageRates = "manageRates",
    /// Read the audit.
    ReadAudit = "readAudit",
    /// See and retry jobs.
    ManageJobs = "manageJobs",
    /// See settings.
    ReadSettings = "readSettings",
}

/// Proof that somebody may do something; functions that change data take it as an argument.
#[derive(Debug, Clone)]
pub struct Permit {
    actor: Actor,
    action: &'static str,
    why: Vec<String>,
}

impl Permit {
    /// For Outlay's own work, such as a job; `part` names which.
    pub fn system(part: &str, action: &'static str) -> Permit {
        Permit {
            actor: Actor::System(part.to_owned()),
            action,
            why: vec!["system".to_owned()],
        }
    }

    /// For the made-up past of the demo; the core still checks that the actor may.
    pub(crate) fn demo(actor: Actor, action: &'static str) -> Permit {
        Permit {
            actor,
            action,
            why: vec!["demo".to_owned()],
        }
    }

    /// For tests of what comes after the check of rights.
    #[doc(hidden)]
    pub fn for_test(actor: Actor, action: &'static str) -> Permit {
        Permit {
            actor,
            action,
            why: vec!["test".to_owned()],
        }
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What they may do.
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// The ids of the policies that allowed it.
    pub fn why(&self) -> &[String] {
        &self.why
    }
}

/// The policies, read and validated once.
pub struct Rights {
    authorizer: Authorizer,
    policies: PolicySet,
}

impl Rights {
    /// Reads the policies that come with Outlay; a mistake in them is an error with its place.
    pub fn load() -> Result<Rights, Error> {
        let policies = named(PolicySet::from_str(POLICIES).map_err(|e| Error::Broken(e.to_string()))?)?;
        Ok(Rights {
            authorizer: Authorizer::new(),
            policies,
        })
    }

    /// The policies' text, for reading.
    pub fn text() -> &'static str {
        POLICIES
    }

    /// The schema they are checked against.
    pub fn schema() -> Result<Schema, Error> {
        Schema::from_cedarschema_str(SCHEMA)
            .map(|(schema, _)| schema)
            .map_err(|e| Error::Broken(e.to_string()))
    }

    /// The policies, for validation.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Whether `person` may do `action`; the permit names the policies that allow it.
    pub fn check(&self, person: &Person, action: Action, resource: &Resource) -> Result<Permit, Error> {
        match self.explain(person, action, resource)? {
            (true, why) => Ok(Permit {
                actor: person.actor(),
                action: action.code(),
                why,
            }),
            (false, _) => Err(Error::Forbidden(action.code().to_owned())),
        }
    }

    /// Whether they may, without making a permit.
    pub fn may(&self, person: &Person, action: Action, resource: &Resource) -> bool {
        self.check(person, action, resource).is_ok()
    }

    /// Whether they may, and the ids of the policies that say so: those that allow it or, where one forbids it, those
    /// that forbid it; none where no policy allows it.
    pub fn explain(&self, person: &Person, action: Action, resource: &Resource) -> Result<(bool, Vec<String>), Error> {
        let broken = |e: &dyn std::fmt::Display| Error::Broken(format!("rights: {e}"));
        let principal = employee(person.id());
        let me = Entity::new(principal.clone(), person_attributes(person), HashSet::new()).map_err(|e| broken(&e))?;
        let mut entities = vec![me];
        let target = match resource {
            Resource::Person(id) => employee(*id),
            other => {
                let (uid, attributes) = resource_entity(person, other);
                entities.push(Entity::new(uid.clone(), attributes, HashSet::new()).map_err(|e| broken(&e))?);
                uid
            }
        };
        let entities = Entities::from_entities(entities, None).map_err(|e| broken(&e))?;
        let request = Request::new(principal, uid("Action", action.code()), target, Context::empty(), None)
            .map_err(|e| broken(&e))?;
        let answer = self.authorizer.is_authorized(&request, &self.policies, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(broken(error));
        }
        let mut why: Vec<String> = answer.diagnostics().reason().map(ToString::to_string).collect();
        why.sort();
        Ok((answer.decision() == Decision::Allow, why))
    }
}

/// Gives each policy the name in its `@id`.
fn named(policies: PolicySet) -> Result<PolicySet, Error> {
    let all = policies.policies().map(|p| match p.annotation("id") {
        Some(id) => p.new_id(cedar_policy::PolicyId::new(id)),
        None => p.clone(),
    });
    PolicySet::from_policies(all).map_err(|e| Error::Broken(e.to_string()))
}

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind = EntityTypeName::from_str(kind).unwrap_or_else(|_| unreachable!("the kinds are ours"));
    EntityUid::from_type_name_and_id(kind, CedarId::new(id))
}

fn employee(id: EmployeeId) -> EntityUid {
    uid("Employee", &id.to_string())
}

type Attributes = HashMap<String, RestrictedExpression>;

fn texts<T: ToString>(all: impl IntoIterator<Item = T>) -> RestrictedExpression {
    RestrictedExpression::new_set(all.into_iter().map(|t| RestrictedExpression::new_string(t.to_string())))
}

fn people(all: &[EmployeeId]) -> RestrictedExpression {
    RestrictedExpression::new_set(all.iter().map(|e| RestrictedExpression::new_entity_uid(employee(*e))))
}

fn person_attributes(person: &Person) -> Attributes {
    HashMap::from([
        ("finance".to_owned(), texts(&person.finance)),
        ("payer".to_owned(), texts(&person.payer)),
        ("auditor".to_owned(), texts(&person.auditor)),
        ("salesOps".to_owned(), RestrictedExpression::new_bool(person.sales_ops)),
        ("admin".to_owned(), RestrictedExpression::new_bool(person.admin)),
        ("headed".to_owned(), texts(&person.headed)),
    ])
}

fn resource_entity(person: &Person, resource: &Resource) -> (EntityUid, Attributes) {
    let me = [person.id()];
    match resource {
        Resource::Claim(claim) => {
            let text = |text: String| RestrictedExpression::new_string(text);
            let somebody = |id| RestrictedExpression::new_entity_uid(employee(id));
            let mut attributes = HashMap::from([
                ("claimant".to_owned(), somebody(claim.claimant)),
                ("entity".to_owned(), text(claim.entity.to_string())),
                ("department".to_owned(), text(claim.department.to_string())),
                ("status".to_owned(), text(claim.status.clone())),
                ("asked".to_owned(), people(&me[..usize::from(person.is_asked(claim))])),
            ]);
            attributes.extend(claim.stand_in.map(|id| ("standIn".to_owned(), somebody(id))));
            (uid("Claim", &claim.id), attributes)
        }
        Resource::Record(record) => {
            let mut attributes = HashMap::from([
                ("team".to_owned(), people(&record.team)),
                ("ours".to_owned(), RestrictedExpression::new_bool(record.ours)),
            ]);
            if let Some(owner) = record.owner {
                attributes.insert(
                    "owner".to_owned(),
                    RestrictedExpression::new_entity_uid(employee(owner)),
                );
            }
            if let Some(department) = record.owner_department {
                let id = RestrictedExpression::new_string(department.to_string());
                attributes.insert("ownerDepartment".to_owned(), id);
            }
            (uid("Record", &record.id), attributes)
        }
        Resource::Document(id, uploader) => (
            uid("Document", id),
            HashMap::from([(
                "uploader".to_owned(),
                RestrictedExpression::new_entity_uid(employee(*uploader)),
            )]),
        ),
        Resource::Entity(id) => (
            uid("LegalEntity", &id.to_string()),
            HashMap::from([("id".to_owned(), RestrictedExpression::new_string(id.to_string()))]),
        ),
        Resource::Person(id) => (employee(*id), HashMap::new()),
        Resource::Outlay => (uid("Outlay", "outlay"), HashMap::new()),
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::{ValidationMode, Validator};

    use super::*;

    #[test]
    fn the_policies_hold_against_their_schema() {
        let rights = Rights::load().expect("policies");
        let result =
            Validator::new(Rights::schema().expect("schema")).validate(rights.policies(), ValidationMode::Strict);
        let all: Vec<String> = result
            .validation_errors()
            .map(ToString::to_string)
            .chain(result.validation_warnings().map(ToString::to_string))
            .collect();
        assert!(all.is_empty(), "{all:#?}");
    }
}
