//! What the rules of input VAT say, in words.

use std::borrow::Borrow;

use outlay_core::Money;
use outlay_core::tax::{Base, Formula, Outcome, Verdict};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::claims::view::MoneyView;
use crate::shell::W;

/// What may be asked back of the tax on a document, by which rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InputTaxView {
    /// `creditable`, `not_creditable`, or `ask`: a tax person has to say, since something is not known.
    pub outcome: &'static str,
    /// How much, where it is creditable.
    pub amount: Option<MoneyView>,
    /// How that was reckoned, in words.
    pub formula: Option<String>,
    /// Why, in words; of `ask`, what is not known.
    pub reason: String,
    /// Of `ask`: what is not known: `paper`, `bought`, `mixed`, `domestic`, `identity`, `buyer`, `tax`, `gross`, `outside`,
    /// `currency`, `rule`.
    pub missing: Vec<&'static str>,
    /// The rule; none where none is known for the day and the document.
    pub rule: Option<String>,
    /// The law that it is by.
    pub source: Option<String>,
    /// First day of issue that the rule is for.
    pub valid_from: Option<String>,
    /// Last one; none while it is in force.
    pub valid_until: Option<String>,
    /// Whether a tax person has to confirm the rule before it is relied on.
    pub to_confirm: bool,
    /// Of a claim's line: whether it states another amount of input tax.
    pub differs: bool,
    /// From when to when the rule is in force, in words.
    #[serde(skip)]
    pub validity: String,
}

impl InputTaxView {
    /// A verdict in the reader's words. `stated` is the tax of the line, if there is a line.
    pub(super) fn of(w: W, verdict: &Verdict<'_>, stated: Option<Money>, is_line: bool) -> InputTaxView {
        let rule = verdict.rule;
        let nothing = |m: Option<Money>| m.is_none_or(|m| m.minor == 0);
        let missing: Vec<&'static str> = match &verdict.outcome {
            Outcome::Ask(missing) => missing.iter().map(|m| m.as_str()).collect(),
            _ => Vec::new(),
        };
        let (outcome, amount, formula) = match &verdict.outcome {
            Outcome::Creditable { amount, formula } => ("creditable", Some(*amount), Some(words(w, formula))),
            Outcome::NotCreditable => ("not_creditable", None, None),
            Outcome::Ask(_) => ("ask", None, None),
        };
        let reason = if missing.is_empty() {
            rule.map(|r| r.text.get(w.0).to_owned()).unwrap_or_default()
        } else {
            let all: Vec<String> = missing.iter().map(|m| w.t(&format!("tax-missing-{m}"))).collect();
            w.t1("tax-ask", "missing", all.join(&w.t("tax-and")))
        };
        let from = rule.map(|r| r.valid_from.to_string());
        let until = rule.and_then(|r| r.valid_until).map(|d| d.to_string());
        let validity = match (&from, &until) {
            (Some(from), Some(until)) => {
                let days = [("from".to_owned(), from.clone()), ("until".to_owned(), until.clone())];
                w.args("tax-valid-between", &days)
            }
            (Some(from), None) => w.t1("tax-valid-from", "from", from),
            _ => String::new(),
        };
        InputTaxView {
            outcome,
            differs: is_line && outcome != "ask" && stated != amount && !(nothing(stated) && nothing(amount)),
            amount: amount.map(Into::into),
            formula,
            reason,
            missing,
            rule: rule.map(|r| r.id.clone()),
            source: rule.map(|r| r.source.clone()),
            valid_from: from,
            valid_until: until,
            to_confirm: rule.is_some_and(|r| r.to_confirm),
            validity,
        }
    }

    /// The message of its outcome.
    pub fn title_key(&self) -> &'static str {
        match self.outcome {
            "creditable" => "tax-creditable",
            "not_creditable" => "tax-not-creditable",
            _ => "tax-unknown",
        }
    }

    /// All of it in one line, as paper has it.
    pub fn told(&self, w: impl Borrow<W>) -> String {
        let w = w.borrow();
        let mut parts = vec![w.t(self.title_key())];
        if let Some(amount) = &self.amount {
            parts.push(format!("{} {}", amount.currency, amount.grouped));
        }
        parts.push(self.formula.clone().unwrap_or_else(|| self.reason.clone()));
        parts.extend(self.source.clone());
        if self.to_confirm {
            parts.push(w.t("tax-to-confirm"));
        }
        parts.join(" · ")
    }

    /// Its tone.
    pub fn tone(&self) -> &'static str {
        match self.outcome {
            _ if self.differs => "warn",
            "creditable" if !self.to_confirm => "ok",
            _ => "info",
        }
    }

    /// Its icon.
    pub fn icon(&self) -> &'static str {
        match self.outcome {
            "creditable" => "circle-check",
            "not_creditable" => "circle-x",
            _ => "info",
        }
    }
}

fn words(w: W, formula: &Formula) -> String {
    match formula {
        Formula::Printed => w.t("tax-formula-printed"),
        Formula::Part { base, of, percent } => {
            let divisor = Decimal::ONE + *percent / Decimal::ONE_HUNDRED;
            let key = match base {
                Base::Gross => "tax-formula-gross",
                Base::Inside => "tax-formula-inside",
            };
            let values = [
                ("of".to_owned(), of.grouped()),
                ("divisor".to_owned(), divisor.normalize().to_string()),
                ("percent".to_owned(), percent.normalize().to_string()),
            ];
            w.args(key, &values)
        }
    }
}
