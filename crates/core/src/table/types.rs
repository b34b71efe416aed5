//! Types by name, and whether a value is of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::ItemType;
use super::problem::{Place, Problem, ProblemKind};
use crate::feel::{Expr, Kind, Names, NoFunctions, Probe, Scope, Test, Tests, Value, matches, unary_tests};

/// A type, resolved.
#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) kind: Kind,
    /// The type of each element, if it is a list.
    element: Option<Arc<Type>>,
    members: Vec<(Arc<str>, Arc<Type>)>,
    allowed: Option<Arc<Tests>>,
}

impl Type {
    pub(super) fn plain(kind: Kind) -> Type {
        Type {
            kind,
            element: None,
            members: Vec::new(),
            allowed: None,
        }
    }

    /// The values it names one by one, in order; none if it has no such list.
    pub(super) fn listed(&self) -> Vec<Value> {
        let own = self.allowed.as_deref().and_then(listed).unwrap_or_default();
        match &self.element {
            Some(element) if own.is_empty() => element.listed(),
            _ => own,
        }
    }

    /// The tests its values must pass.
    pub(super) fn allowed(&self) -> Option<&Tests> {
        self.allowed.as_deref()
    }

    pub(super) fn member(&self, name: &str) -> Option<&Type> {
        let own = self.members.iter().find(|(n, _)| &**n == name).map(|(_, t)| &**t);
        own.or_else(|| self.element.as_ref()?.member(name))
    }

    /// The value as this type has it: a list of one is its element where no list is wanted, and the other way round. `None` if it
    /// is of another type. Null is of every type.
    pub(super) fn take(&self, value: Value) -> Option<Value> {
        if value == Value::Null {
            return Some(value);
        }
        if let Some(element) = &self.element {
            let all = match value {
                Value::List(all) => all,
                one => vec![one],
            };
            return all
                .into_iter()
                .map(|v| element.take(v))
                .collect::<Option<_>>()
                .map(Value::List);
        }
        let value = match value {
            Value::List(mut all) if !matches!(self.kind, Kind::List | Kind::Any) => {
                if all.len() != 1 {
                    return None;
                }
                all.swap_remove(0)
            }
            value => value,
        };
        let value = match (self.kind, value) {
            // A day is its midnight where a moment is wanted.
            (Kind::DateTime, Value::Date(d)) => Value::DateTime(crate::feel::DateTime {
                at: d.to_datetime(jiff::civil::Time::midnight()),
                offset: None,
            }),
            (_, value) => value,
        };
        if self.kind != Kind::Any && value.kind().is_some_and(|k| k != self.kind) {
            return None;
        }
        let value = match value {
            Value::Context(mut all) if !self.members.is_empty() => {
                for (name, of) in &self.members {
                    let member = all.iter_mut().find(|(n, _)| n == name)?;
                    member.1 = of.take(std::mem::take(&mut member.1))?;
                }
                Value::Context(all)
            }
            value => value,
        };
        self.permits(&value).then_some(value)
    }

    fn permits(&self, value: &Value) -> bool {
        self.allowed.as_deref().is_none_or(|tests| permits(tests, value))
    }
}

/// Whether a list of allowed values holds a value.
pub(super) fn permits(tests: &Tests, value: &Value) -> bool {
    let scope = Scope {
        names: &[],
        input: Some(value),
        functions: &NoFunctions,
    };
    matches(tests, Probe::Value(value), &scope, &mut Vec::new())
}

/// The values that tests name one by one.
pub(super) fn listed(tests: &Tests) -> Option<Vec<Value>> {
    let Tests::One(all) = tests else { return None };
    let mut values = Vec::new();
    for test in all {
        match test {
            Test::Is(Expr::Const(Value::List(many))) => values.extend(many.iter().cloned()),
            Test::Is(Expr::Const(value)) if !matches!(value, Value::Range(_)) => values.push(value.clone()),
            _ => return None,
        }
    }
    Some(values)
}

/// All types of a model.
pub(super) struct Types<'a> {
    items: &'a [ItemType],
    done: BTreeMap<&'a str, Arc<Type>>,
    open: Vec<&'a str>,
}

impl<'a> Types<'a> {
    pub(super) fn new(items: &'a [ItemType], problems: &mut Vec<Problem>) -> Types<'a> {
        let mut types = Types {
            items,
            done: BTreeMap::new(),
            open: Vec::new(),
        };
        for item in items {
            if items.iter().filter(|i| i.name == item.name).count() > 1 {
                problems.push(Problem {
                    place: Place::of(&item.name),
                    kind: ProblemKind::Twice(item.name.clone()),
                });
            }
            types.named(&item.name, &Place::of(&item.name), problems);
        }
        types
    }

    /// The type of that name, any if it has none. What does not exist is said once and then taken for any.
    pub(super) fn find(&mut self, name: &str, place: &Place, problems: &mut Vec<Problem>) -> Arc<Type> {
        self.named(name, place, problems)
    }

    fn named(&mut self, name: &str, place: &Place, problems: &mut Vec<Problem>) -> Arc<Type> {
        if name.trim().is_empty() {
            return Arc::new(Type::plain(Kind::Any));
        }
        if let Some(done) = self.done.get(name) {
            return done.clone();
        }
        let Some(item) = self.items.iter().find(|i| i.name == name) else {
            let kind = Kind::parse(name).unwrap_or_else(|| {
                problems.push(Problem {
                    place: place.clone(),
                    kind: ProblemKind::Type(name.to_owned()),
                });
                Kind::Any
            });
            return Arc::new(Type::plain(kind));
        };
        if self.open.contains(&&*item.name) {
            problems.push(Problem {
                place: place.clone(),
                kind: ProblemKind::CircularType,
            });
            return Arc::new(Type::plain(Kind::Any));
        }
        self.open.push(&item.name);
        let made = Arc::new(self.make(item, problems));
        self.open.pop();
        self.done.insert(&item.name, made.clone());
        made
    }

    /// The depth of members within members is bounded by the depth of the file.
    fn make(&mut self, item: &'a ItemType, problems: &mut Vec<Problem>) -> Type {
        let place = Place::of(&item.name);
        let mut made = if item.members.is_empty() {
            Type::clone(&self.named(&item.base, &place, problems))
        } else {
            let members = item.members.iter();
            Type {
                members: members
                    .map(|m| (Arc::from(&*m.name), Arc::new(self.make(m, problems))))
                    .collect(),
                ..Type::plain(Kind::Context)
            }
        };
        if !item.allowed.trim().is_empty() {
            match unary_tests(&item.allowed, &Names::default()) {
                Ok(tests) => made.allowed = Some(Arc::new(tests)),
                Err(error) => problems.push(Problem {
                    place,
                    kind: ProblemKind::Feel {
                        text: item.allowed.clone(),
                        error,
                    },
                }),
            }
        }
        if item.is_list {
            made = Type {
                element: Some(Arc::new(made)),
                ..Type::plain(Kind::List)
            };
        }
        made
    }
}
