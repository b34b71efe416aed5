//! The other engine: dsntk, and its values as ours.

use std::sync::Arc;

use dsntk_feel::FeelScope;
use dsntk_feel::values::Value as Theirs;
use dsntk_model_evaluator::ModelEvaluator;
use outlay_core::feel::{DateTime, Duration, Number, Time, Value, date};

/// A `.dmn` file made ready by dsntk, or why it does not read it.
pub fn ready(file: &str) -> Result<Arc<ModelEvaluator>, String> {
    let model = dsntk_model::parse(file).map_err(|e| e.to_string())?;
    ModelEvaluator::new(&[model]).map_err(|e| e.to_string())
}

/// What it answers.
pub fn ask(model: &ModelEvaluator, given: &[(&str, &str)]) -> Result<Value, String> {
    let context = given
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect::<Vec<_>>()
        .join(", ");
    let context = dsntk_feel_evaluator::evaluate_context(&FeelScope::default(), &format!("{{{context}}}"))
        .map_err(|e| e.to_string())?;
    ours(&model.evaluate_invocable("https://example.com/m", "m", "d", &context))
}

/// What it makes of one expression.
pub fn reckon(text: &str) -> Result<Value, String> {
    let context = dsntk_feel_evaluator::evaluate_context(&FeelScope::default(), &format!("{{r: {text}}}"));
    let context = context.map_err(|e| e.to_string())?;
    context
        .iter()
        .next()
        .map_or_else(|| Err("no value".to_owned()), |(_, v)| ours(v))
}

fn ours(value: &Theirs) -> Result<Value, String> {
    let read = |text: String, value: Option<Value>| value.ok_or_else(|| format!("{text} is no value of ours"));
    Ok(match value {
        Theirs::Null(_) => Value::Null,
        Theirs::Boolean(b) => Value::Bool(*b),
        Theirs::String(t) => Value::text(t),
        Theirs::Number(n) => {
            let text = n.to_string();
            read(text.clone(), Number::parse(&text).map(Value::Number))?
        }
        Theirs::Date(d) => read(d.to_string(), date(&d.to_string()).map(Value::Date))?,
        Theirs::Time(t) => read(t.to_string(), Time::parse(&t.to_string()).map(Value::Time))?,
        Theirs::DateTime(t) => read(t.to_string(), DateTime::parse(&t.to_string()).map(Value::DateTime))?,
        Theirs::DaysAndTimeDuration(d) => read(d.to_string(), Duration::parse(&d.to_string()).map(Value::from))?,
        Theirs::YearsAndMonthsDuration(d) => read(d.to_string(), Duration::parse(&d.to_string()).map(Value::from))?,
        Theirs::List(all) => Value::List(all.iter().map(ours).collect::<Result<_, _>>()?),
        Theirs::Context(all) => Value::Context(
            all.iter()
                .map(|(name, v)| Ok((Arc::from(name.to_string().as_str()), ours(v)?)))
                .collect::<Result<_, String>>()?,
        ),
        other => return Err(format!("{other} is no value of ours")),
    })
}
