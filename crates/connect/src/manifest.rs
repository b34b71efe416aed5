//! What there is to say of a CRM before it is reached, as data: `manifest.yaml` in each connector's folder.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::canonical::Object;
use crate::connector::{Connector, Deletes, Error, ObjectCapability};
use crate::guard::Guard;
use crate::mapping::{self, Mapping, Rules};
use crate::{bottlecrm, dynamics, fxiaoke, hubspot, odoo, salesforce, suitecrm, tryton};

/// A CRM that can be connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name in storage and addresses: `tryton`.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// The versions that it was made for, for people.
    pub versions: String,
    /// How it was tested.
    pub tested: Tested,
    /// What an administrator enters, in this order.
    pub settings: Vec<Setting>,
    /// Whether to-dos can be written to it; see [`crate::Write::Todo`].
    #[serde(default)]
    pub todos: bool,
    /// The most requests that are sent to it.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// What is read from it; what is referred to comes first.
    pub objects: Vec<ObjectManifest>,
}

/// How a connector was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tested {
    /// Against the real server, in the project's own tests.
    RealServer,
    /// Against the maker's official specification, and a stateful fake of ours.
    Specification,
    /// Against a stateful fake of ours, made from public documentation.
    Fake,
}

/// One thing that an administrator enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name in storage: `url`, `database`, `key`.
    pub key: String,
    /// What may be entered.
    pub kind: SettingKind,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// What it is when left out.
    #[serde(default)]
    pub default: Option<String>,
}

/// What may be entered for a [`Setting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// A web address.
    Url,
    /// A line of text.
    Text,
    /// A line that is sealed and never shown again.
    Secret,
    /// Several lines that are sealed and never shown again, such as a private key.
    SecretText,
}

/// The most requests in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// So many requests
    pub requests: u32,
    /// in so many seconds.
    pub seconds: u32,
    /// And so many in a day, if that is bounded too.
    #[serde(default)]
    pub daily: Option<u32>,
}

/// How one object is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectManifest {
    /// The object.
    pub object: Object,
    /// What it is called in the CRM, such as `crm.lead`.
    pub source: String,
    /// How deletions are learnt of.
    pub deletes: Deletes,
    /// The usual rules; empty where the connector's own code reads the record.
    #[serde(default)]
    pub fields: Rules,
    /// Canonical fields that can be changed in the CRM from here, and the CRM's names of them.
    #[serde(default)]
    pub writes: BTreeMap<String, String>,
}

impl SettingKind {
    /// True for what is sealed and never shown again.
    pub const fn is_secret(self) -> bool {
        matches!(self, SettingKind::Secret | SettingKind::SecretText)
    }
}

impl Manifest {
    /// Reads a `manifest.yaml`; its text is part of the program, so a mistake in it stops the tests.
    fn read(yaml: &str) -> Manifest {
        match serde_norway::from_str(yaml) {
            Ok(manifest) => manifest,
            Err(error) => panic!("a manifest cannot be read: {error}"),
        }
    }

    /// How `object` is read, if at all.
    pub fn object(&self, object: Object) -> Option<&ObjectManifest> {
        self.objects.iter().find(|o| o.object == object)
    }

    /// The canonical fields of `object` that can be changed in the CRM from here, while the rules of `changed` are in force:
    /// those of its `writes` whose rule is the usual one or reads from the very field that is written.
    pub fn writable(&self, object: Object, changed: &Mapping) -> Vec<&'static str> {
        let Some(one) = self.object(object) else {
            return Vec::new();
        };
        let rules = changed.get(&object);
        let reads = |field: &str, theirs: &str| match rules.and_then(|r| r.get(field)) {
            None => true,
            Some(rule) if Some(rule) == one.fields.get(field) => true,
            Some(rule) => rule.from.iter().any(|path| path.split('.').any(|step| step == theirs)),
        };
        let all = mapping::fields(object).iter().map(|(field, _)| *field);
        all.filter(|field| one.writes.get(*field).is_some_and(|theirs| reads(field, theirs)))
            .collect()
    }

    /// What is read, as a connector's [`crate::Capabilities`] tell it.
    pub fn capabilities(&self) -> Vec<ObjectCapability> {
        let one = |o: &ObjectManifest| ObjectCapability {
            object: o.object,
            source: o.source.clone(),
            deletes: o.deletes,
        };
        self.objects.iter().map(one).collect()
    }

    /// The rules in force: the usual ones, with those of `changed` in place of them, field by field.
    pub fn mapping(&self, changed: &Mapping) -> Mapping {
        let mut all: Mapping = self.objects.iter().map(|o| (o.object, o.fields.clone())).collect();
        for (object, rules) in changed {
            all.entry(*object).or_default().extend(rules.clone());
        }
        all
    }
}

/// What was entered, by the settings' keys; secrets too.
pub type Settings = BTreeMap<String, String>;

type Open = fn(&Settings, Mapping, &Guard) -> Result<Box<dyn Connector>, Error>;

static ALL: LazyLock<Vec<(Manifest, Open)>> = LazyLock::new(|| {
    let all: &[(&str, Open)] = &[
        (include_str!("bottlecrm/manifest.yaml"), bottlecrm::open),
        (include_str!("fxiaoke/manifest.yaml"), fxiaoke::open),
        (include_str!("dynamics/manifest.yaml"), dynamics::open),
        (include_str!("hubspot/manifest.yaml"), hubspot::open),
        (include_str!("odoo/manifest.yaml"), odoo::open),
        (include_str!("salesforce/manifest.yaml"), salesforce::open),
        (include_str!("suitecrm/manifest.yaml"), suitecrm::open),
        (include_str!("tryton/manifest.yaml"), tryton::open),
    ];
    all.iter().map(|(yaml, open)| (Manifest::read(yaml), *open)).collect()
});

/// All CRMs that can be connected.
pub fn all() -> impl Iterator<Item = &'static Manifest> {
    ALL.iter().map(|(manifest, _)| manifest)
}

/// One of them.
pub fn of(kind: &str) -> Option<&'static Manifest> {
    all().find(|manifest| manifest.kind == kind)
}

/// The connector to a CRM of `kind`. `changed` holds the rules that differ from the usual ones. Asks nothing of the
/// network yet; fails if a setting lacks or a rule speaks of an unknown field.
pub fn open(kind: &str, settings: &Settings, changed: &Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let found = ALL.iter().find(|(manifest, _)| manifest.kind == kind);
    let (manifest, open) = found.ok_or_else(|| Error::Setup(format!("{kind:?} is no CRM that can be connected")))?;
    let mut entered = Settings::new();
    for setting in &manifest.settings {
        let value = settings.get(&setting.key).map(|v| v.trim()).filter(|v| !v.is_empty());
        match value.or(setting.default.as_deref()) {
            Some(value) => _ = entered.insert(setting.key.clone(), value.to_owned()),
            None if setting.optional => {}
            None => return Err(Error::Setup(format!("{} is needed", setting.key))),
        }
    }
    for (object, rules) in changed {
        mapping::check(*object, rules).map_err(|e| Error::Setup(format!("{object}.{e}")))?;
    }
    open(&entered, manifest.mapping(changed), guard)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_field_can_be_written_while_it_is_read_from_where_it_is_written() {
        let odoo = of("odoo").expect("a manifest");
        let with = |field: &str, path: &str| {
            let rules = Rules::from([(field.to_owned(), mapping::Rule::path(path))]);
            odoo.writable(Object::Deal, &Mapping::from([(Object::Deal, rules)]))
        };
        let all = odoo.writable(Object::Deal, &Mapping::new());
        assert_eq!(all, ["name", "stage", "amount", "close_on"]);
        assert_eq!(with("stage", "stage_id.1"), all);
        assert_eq!(with("stage", "x_step"), ["name", "amount", "close_on"]);
        assert!(odoo.writable(Object::Order, &Mapping::new()).is_empty());
    }

    #[test]
    fn manifests_are_sound() {
        let kinds: HashSet<&str> = all().map(|m| m.kind.as_str()).collect();
        assert_eq!(kinds.len(), all().count(), "two manifests bear one name");
        for manifest in all() {
            for object in &manifest.objects {
                mapping::check(object.object, &object.fields).expect(&manifest.kind);
                for field in object.writes.keys() {
                    assert!(
                        mapping::fields(object.object).iter().any(|(name, _)| name == field),
                        "{field}"
                    );
                }
            }
            assert!(
                manifest.settings.iter().any(|s| s.kind.is_secret()),
                "{}",
                manifest.kind
            );
        }
    }
}
