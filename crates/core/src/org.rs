//! The organisation as of a date: who works where, who heads what, who holds which role.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Currency;
use crate::flow::Delegation;
use crate::ids::{CostCenterId, DepartmentId, EmployeeId, EntityId};

/// A company under one law, with its own currency, time zone and calendar (法人主体).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalEntity {
    /// Its id.
    pub id: EntityId,
    /// Short unique code, as in files.
    pub code: String,
    /// Its registered name.
    pub name: String,
    /// ISO 3166 alpha-2 country.
    pub country: String,
    /// The currency of its books.
    pub currency: Currency,
    /// IANA time zone, in which its days and months are reckoned.
    pub zone: String,
}

/// A department; valid from `from` until the day before `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    /// Its id.
    pub id: DepartmentId,
    /// Short unique code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The department above.
    pub parent: Option<DepartmentId>,
    /// Who heads it.
    pub head: Option<EmployeeId>,
    /// First day.
    pub from: Date,
    /// First day no longer valid.
    pub to: Option<Date>,
}

/// Where costs are collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostCenter {
    /// Its id.
    pub id: CostCenterId,
    /// Short unique code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The entity it belongs to.
    pub entity: EntityId,
    /// Who answers for its costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<EmployeeId>,
}

/// A person who works here (员工).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employee {
    /// Their id.
    pub id: EmployeeId,
    /// Personnel number, unique.
    pub number: String,
    /// Name as written at home.
    pub name: String,
    /// Mail address, by which they log in; unique.
    pub email: String,
    /// `zh-CN` or `en`.
    pub locale: String,
    /// False once they have left.
    pub active: bool,
}

/// One person's place for a time (任职); several may hold at once, one of them primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Who.
    pub employee: EmployeeId,
    /// In which department.
    pub department: DepartmentId,
    /// Employed by which entity.
    pub entity: EntityId,
    /// Where their costs go unless told otherwise.
    pub cost_center: Option<CostCenterId>,
    /// Title of the post.
    pub position: String,
    /// Grade, such as `P6`.
    pub grade: String,
    /// Whether claims are booked here by default.
    pub primary: bool,
    /// First day.
    pub from: Date,
    /// First day no longer valid.
    pub to: Option<Date>,
}

impl Assignment {
    /// Whether it holds on `day`.
    pub fn holds(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }
}

/// What somebody may do beyond their own claims and their reports' (角色).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reviews claims, keeps policies.
    Finance,
    /// Batches and settles payments.
    Payer,
    /// Keeps customers, deals and their links.
    SalesOps,
    /// Keeps people, connections and settings.
    Admin,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// All roles, in a stable order.
    pub const ALL: [Role; 5] = [Role::Finance, Role::Payer, Role::SalesOps, Role::Admin, Role::Auditor];

    /// The word in files and tables.
    pub fn code(self) -> &'static str {
        match self {
            Role::Finance => "finance",
            Role::Payer => "payer",
            Role::SalesOps => "sales_ops",
            Role::Admin => "admin",
            Role::Auditor => "auditor",
        }
    }

    /// Reads that word.
    pub fn parse(code: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.code() == code)
    }
}

/// A role held by somebody, in one entity or in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who holds it.
    pub employee: EmployeeId,
    /// What.
    pub role: Role,
    /// Where; everywhere if absent.
    pub entity: Option<EntityId>,
}

/// The whole organisation, indexed. Dated things are asked with a day.
#[derive(Debug, Clone, Default)]
pub struct Org {
    entities: BTreeMap<EntityId, LegalEntity>,
    departments: BTreeMap<DepartmentId, Department>,
    cost_centers: BTreeMap<CostCenterId, CostCenter>,
    employees: BTreeMap<EmployeeId, Employee>,
    assignments: HashMap<EmployeeId, Vec<Assignment>>,
    grants: Vec<Grant>,
    delegations: Vec<Delegation>,
}

/// How deep a chain of departments is followed; deeper or circular ones end there.
const MAX_DEPTH: usize = 32;

impl Org {
    /// Builds the index. Order does not matter.
    pub fn new(
        entities: Vec<LegalEntity>,
        departments: Vec<Department>,
        cost_centers: Vec<CostCenter>,
        employees: Vec<Employee>,
        assignments: Vec<Assignment>,
        grants: Vec<Grant>,
    ) -> Self {
        let mut by_employee: HashMap<EmployeeId, Vec<Assignment>> = HashMap::new();
        for a in assignments {
            by_employee.entry(a.employee).or_default().push(a);
        }
        Org {
            entities: entities.into_iter().map(|e| (e.id, e)).collect(),
            departments: departments.into_iter().map(|d| (d.id, d)).collect(),
            cost_centers: cost_centers.into_iter().map(|c| (c.id, c)).collect(),
            employees: employees.into_iter().map(|e| (e.id, e)).collect(),
            assignments: by_employee,
            grants,
            delegations: Vec::new(),
        }
    }

    /// The same, with who may act for whom.
    pub fn with_delegations(mut self, delegations: Vec<Delegation>) -> Self {
        self.delegations = delegations;
        self
    }

    /// Who may act for whom, past and future ones too.
    pub fn delegations(&self) -> &[Delegation] {
        &self.delegations
    }

    /// A legal entity.
    pub fn entity(&self, id: EntityId) -> Option<&LegalEntity> {
        self.entities.get(&id)
    }

    /// All legal entities.
    pub fn entities(&self) -> impl Iterator<Item = &LegalEntity> {
        self.entities.values()
    }

    /// A department.
    pub fn department(&self, id: DepartmentId) -> Option<&Department> {
        self.departments.get(&id)
    }

    /// All departments.
    pub fn departments(&self) -> impl Iterator<Item = &Department> {
        self.departments.values()
    }

    /// A cost centre.
    pub fn cost_center(&self, id: CostCenterId) -> Option<&CostCenter> {
        self.cost_centers.get(&id)
    }

    /// All cost centres.
    pub fn cost_centers(&self) -> impl Iterator<Item = &CostCenter> {
        self.cost_centers.values()
    }

    /// An employee, also one who has left.
    pub fn employee(&self, id: EmployeeId) -> Option<&Employee> {
        self.employees.get(&id)
    }

    /// All employees, also those who have left.
    pub fn employees(&self) -> impl Iterator<Item = &Employee> {
        self.employees.values()
    }

    /// All grants.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether they work here still.
    pub fn is_active(&self, id: EmployeeId) -> bool {
        self.employees.get(&id).is_some_and(|e| e.active)
    }

    /// Every assignment of somebody on a day.
    pub fn assignments(&self, who: EmployeeId, day: Date) -> impl Iterator<Item = &Assignment> {
        self.assignments
            .get(&who)
            .into_iter()
            .flatten()
            .filter(move |a| a.holds(day))
    }

    /// All assignments of everybody, past and future ones too.
    pub fn all_assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.assignments.values().flatten()
    }

    /// The assignment that claims are booked to: the primary one, else the one that began last.
    pub fn primary(&self, who: EmployeeId, day: Date) -> Option<&Assignment> {
        self.assignments(who, day).max_by_key(|a| (a.primary, a.from))
    }

    /// Where somebody works in a given entity on a day.
    pub fn place(&self, who: EmployeeId, entity: EntityId, day: Date) -> Option<&Assignment> {
        self.assignments(who, day)
            .filter(|a| a.entity == entity)
            .max_by_key(|a| (a.primary, a.from))
    }

    /// A department and those above it, nearest first.
    pub fn chain(&self, start: DepartmentId) -> Vec<&Department> {
        let mut chain: Vec<&Department> = Vec::new();
        let mut next = Some(start);
        while let Some(department) = next.and_then(|id| self.departments.get(&id)) {
            if chain.len() == MAX_DEPTH || chain.iter().any(|d| d.id == department.id) {
                break;
            }
            chain.push(department);
            next = department.parent;
        }
        chain
    }

    /// A department and all below it.
    pub fn subtree(&self, top: DepartmentId) -> Vec<DepartmentId> {
        self.departments
            .keys()
            .copied()
            .filter(|d| self.chain(*d).iter().any(|c| c.id == top))
            .collect()
    }

    /// Departments that somebody heads on a day, with all below them.
    pub fn headed_by(&self, who: EmployeeId, day: Date) -> Vec<DepartmentId> {
        let mut all: Vec<DepartmentId> = self
            .departments
            .values()
            .filter(|d| d.head == Some(who) && d.from <= day && d.to.is_none_or(|to| day < to))
            .flat_map(|d| self.subtree(d.id))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// The heads above somebody who works in `department`, nearest first: active and each once. Whoever heads a
    /// department of the chain has only those further up above them, never the people they lead.
    pub fn heads_above(&self, who: EmployeeId, department: DepartmentId) -> Vec<(EmployeeId, DepartmentId)> {
        let chain = self.chain(department);
        let own = chain.iter().rposition(|d| d.head == Some(who)).map_or(0, |at| at + 1);
        let mut heads: Vec<(EmployeeId, DepartmentId)> = Vec::new();
        for d in &chain[own..] {
            if let Some(head) = d.head
                && self.is_active(head)
                && !heads.iter().any(|(h, _)| *h == head)
            {
                heads.push((head, d.id));
            }
        }
        heads
    }

    /// Whether somebody holds a role for an entity.
    pub fn holds(&self, who: EmployeeId, role: Role, entity: EntityId) -> bool {
        self.is_active(who)
            && self
                .grants
                .iter()
                .any(|g| g.employee == who && g.role == role && g.entity.is_none_or(|e| e == entity))
    }

    /// Everybody active who holds a role for an entity, in a stable order.
    pub fn holders(&self, role: Role, entity: EntityId) -> Vec<EmployeeId> {
        let mut all: Vec<EmployeeId> = self
            .grants
            .iter()
            .filter(|g| g.role == role && g.entity.is_none_or(|e| e == entity) && self.is_active(g.employee))
            .map(|g| g.employee)
            .collect();
        all.sort();
        all.dedup();
        all
    }
}
