//! What may be chosen in the form of a step: posts, departments, categories and the like that there are.

use outlay_core::ids::EntityId;
use outlay_core::org::{Org, Role};

use super::conditions::{ALL, Conditions, FINDINGS, LINKS};
use super::form::{EDITS, LATE, MODES, Typed, WHO};
use super::words::{Words, field};
use crate::app::App;
use crate::args;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{self, W};

/// One of several: value, words, whether it is chosen.
pub type Option3 = (String, String, bool);

/// What stands in the form's selects and boxes.
pub struct Options {
    /// Kinds of people.
    pub who: Vec<Option3>,
    /// Roles.
    pub roles: Vec<Option3>,
    /// Roles, for the claimant's choice.
    pub choice_roles: Vec<Option3>,
    /// Titles of posts.
    pub positions: Vec<Option3>,
    /// Ways of signing.
    pub modes: Vec<Option3>,
    /// What may be changed.
    pub edits: Vec<Option3>,
    /// What happens when nobody answers, a row each: days and acts.
    pub late: Vec<(String, Vec<Option3>)>,
    /// People who are named, and empty fields for more.
    pub people: Vec<String>,
    /// Conditions that are not shown yet.
    pub more: Vec<Option3>,
    /// Currencies of amounts.
    pub currencies: Vec<Option3>,
    /// The categories of the policy in force.
    pub categories: Vec<Option3>,
    /// Weights of findings.
    pub findings: Vec<Option3>,
    /// Letters of evidence.
    pub letters: Vec<Option3>,
    /// Departments.
    pub departments: Vec<Option3>,
    /// Grades of claimants.
    pub grades: Vec<Option3>,
    /// Titles of claimants' posts.
    pub when_positions: Vec<Option3>,
    /// What a claim is for.
    pub linked: Vec<Option3>,
    /// Stages of deals that there are.
    pub stages: Vec<String>,
}

/// Stages that are offered at most.
const STAGES: i64 = 50;

impl Options {
    /// Gathers them for a form of the entity's flow.
    pub async fn of(
        sql: &mut Sql,
        app: &App,
        words: &Words<'_>,
        entity: EntityId,
        typed: &Typed,
    ) -> Result<Options, Error> {
        let (w, org, when) = (words.w, words.org, &typed.when);
        let today = org.entity(entity).map_or_else(
            || clock::day(clock::now(), "UTC"),
            |e| clock::day(clock::now(), &e.zone),
        );
        let rules = app.rules(sql).await?;
        let policy = rules.policy(entity, today);
        let categories = policy.map(|p| {
            p.categories
                .iter()
                .map(|c| (c.code.clone(), c.name.get(w.0).to_owned()))
        });
        let stages: Vec<(String,)> = if when.shows("stages") {
            sql.all(
                "SELECT DISTINCT stage FROM deal WHERE stage <> '' ORDER BY stage LIMIT $1",
                args![STAGES],
            )
            .await?
        } else {
            Vec::new()
        };
        let titles = || distinct(org.all_assignments().map(|a| a.position.clone()));
        let same = |all: Vec<String>| all.into_iter().map(|one| (one.clone(), one));
        let role = |r: Role| (r.code().to_owned(), w.t(&format!("role-{}", r.code())));
        let named = |all: &[&'static str], key: &str| -> Vec<(String, String)> {
            let one = |code: &&str| ((*code).to_owned(), w.t(&format!("{key}-{}", code.replace('_', "-"))));
            all.iter().map(one).collect()
        };
        let own = org.entity(entity).map(|e| e.currency);
        let typed_currency = outlay_core::Currency::parse(&when.currency).ok();
        let currencies = shell::currencies(typed_currency.into_iter().chain(own));
        Ok(Options {
            who: one_of(named(&WHO, "fedit-who"), &typed.who),
            roles: one_of(Role::ALL.map(role), &typed.role),
            choice_roles: one_of(Role::ALL.map(role), &typed.choice_role),
            positions: one_of(same(titles()), &typed.position),
            modes: one_of(named(&MODES, "fedit-mode"), &typed.mode),
            edits: some_of(EDITS.map(|(code, f)| (code.to_owned(), w.t(field(f)))), &typed.may_edit),
            late: lates(w, typed),
            people: people(typed),
            more: more(w, when),
            currencies: one_of(
                same(currencies.into_iter().map(str::to_owned).collect()),
                &when.currency,
            ),
            categories: some_of(categories.into_iter().flatten(), &when.categories),
            findings: one_of(
                FINDINGS.map(|(code, _)| (code.to_owned(), w.t(&format!("flow-severity-{code}")))),
                &when.finding,
            ),
            letters: one_of(["A", "B", "C", "D"].map(|l| (l.to_owned(), l.to_owned())), &when.grade),
            departments: some_of(departments(org), &when.departments),
            grades: some_of(
                same(distinct(org.all_assignments().map(|a| a.grade.clone()))),
                &when.grades,
            ),
            when_positions: some_of(same(titles()), &when.positions),
            linked: some_of(
                LINKS.map(|(code, _)| (code.to_owned(), w.t(&format!("fedit-link-{code}")))),
                &when.linked,
            ),
            stages: stages.into_iter().map(|(stage,)| stage).collect(),
        })
    }
}

fn lates(w: W, typed: &Typed) -> Vec<(String, Vec<Option3>)> {
    let acts = |act: &str| {
        one_of(
            LATE.map(|(code, _)| (code.to_owned(), w.t(&format!("fedit-late-{code}")))),
            act,
        )
    };
    let mut rows: Vec<(String, Vec<Option3>)> = typed
        .late
        .iter()
        .filter(|(days, _)| !days.is_empty())
        .map(|(days, act)| (days.clone(), acts(act)))
        .collect();
    rows.push((String::new(), acts("")));
    rows
}

fn people(typed: &Typed) -> Vec<String> {
    let mut all = typed.people.clone();
    all.push(String::new());
    all
}

fn more(w: W, when: &Conditions) -> Vec<Option3> {
    let left = ALL.iter().filter(|name| !when.shows(name));
    left.map(|name| ((*name).to_owned(), w.t(&format!("fedit-when-{name}")), false))
        .collect()
}

fn departments(org: &Org) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = org.departments().map(|d| (d.code.clone(), d.name.clone())).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

fn distinct(all: impl Iterator<Item = String>) -> Vec<String> {
    let set: std::collections::BTreeSet<String> = all.filter(|one| !one.is_empty()).collect();
    set.into_iter().collect()
}

/// Options with the one chosen; what was chosen and is not there any more stays to be seen.
fn one_of(all: impl IntoIterator<Item = (String, String)>, chosen: &str) -> Vec<Option3> {
    some_of(
        all,
        &Some(chosen.to_owned())
            .filter(|c| !c.is_empty())
            .into_iter()
            .collect::<Vec<_>>(),
    )
}

fn some_of(all: impl IntoIterator<Item = (String, String)>, chosen: &[String]) -> Vec<Option3> {
    let mut found: Vec<Option3> = all
        .into_iter()
        .map(|(value, words)| {
            let on = chosen.contains(&value);
            (value, words, on)
        })
        .collect();
    for gone in chosen {
        if !found.iter().any(|(value, ..)| value == gone) {
            found.push((gone.clone(), gone.clone(), true));
        }
    }
    found
}
