//! The organisation as a decision saw it, stored once for each state it was in.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Org};

/// All that routes look at: no names and no mail addresses of people, so that a snapshot may be kept when somebody is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    entities: Vec<LegalEntity>,
    departments: Vec<Department>,
    cost_centers: Vec<CostCenter>,
    employees: Vec<Employee>,
    assignments: Vec<Assignment>,
    grants: Vec<Grant>,
}

impl Snapshot {
    /// Of an organisation; the same one always gives the same snapshot.
    pub fn of(org: &Org) -> Snapshot {
        let nameless = |e: &Employee| Employee {
            name: String::new(),
            email: String::new(),
            locale: String::new(),
            ..e.clone()
        };
        let mut assignments: Vec<Assignment> = org.all_assignments().cloned().collect();
        // Several may hold at once; whichever order they were read in, it is this one here.
        assignments.sort_by(|a, b| {
            let key = |x: &Assignment| (x.employee, x.from, x.department, x.entity, x.primary, x.to);
            key(a)
                .cmp(&key(b))
                .then_with(|| (&a.position, &a.grade).cmp(&(&b.position, &b.grade)))
        });
        let mut grants = org.grants().to_vec();
        grants.sort_by_key(|g| (g.employee, g.role, g.entity));
        Snapshot {
            entities: org.entities().cloned().collect(),
            departments: org.departments().cloned().collect(),
            cost_centers: org.cost_centers().cloned().collect(),
            employees: org.employees().map(nameless).collect(),
            assignments,
            grants,
        }
    }

    /// Its canonical JSON (RFC 8785), and the SHA-256 of that in hex.
    pub fn sealed(&self) -> (String, String) {
        let body = crate::canonical::json(self);
        let hash = hex::encode(Sha256::digest(&body));
        (String::from_utf8_lossy(&body).into_owned(), hash)
    }

    /// The organisation to resolve people in.
    pub fn org(self) -> Org {
        Org::new(
            self.entities,
            self.departments,
            self.cost_centers,
            self.employees,
            self.assignments,
            self.grants,
        )
    }
}
