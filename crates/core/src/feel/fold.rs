//! What is known when an expression is read is reckoned then, once.

use super::ast::{Args, Expr, Test};
use super::eval::{NoFunctions, Scope, eval};
use super::names::Names;

/// The value of an expression whose parts are all known; the expression as it is where they are not, or where reckoning it finds fault.
pub(super) fn fold(expr: Expr, names: &Names) -> Expr {
    if !is_known(&expr, names) {
        return expr;
    }
    let mut faults = Vec::new();
    let scope = Scope {
        names: &[],
        input: None,
        functions: &NoFunctions,
    };
    let value = eval(&expr, &scope, &mut faults);
    if faults.is_empty() { Expr::Const(value) } else { expr }
}

fn is_known(expr: &Expr, names: &Names) -> bool {
    let known = |e: &Expr| matches!(e, Expr::Const(_));
    match expr {
        Expr::Const(_) | Expr::Name(_) | Expr::Input => false,
        Expr::Neg(a) | Expr::Member(a, _) => known(a),
        Expr::Binary(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) | Expr::At(a, b) => {
            known(a) && known(b)
        }
        Expr::Range(a, _, b, _) => known(a) && known(b),
        Expr::Between(a, b, c) | Expr::If(a, b, c) => known(a) && known(b) && known(c),
        Expr::In(a, tests) => {
            known(a)
                && tests
                    .iter()
                    .all(|t| matches!(t, Test::Compare(_, Expr::Const(_)) | Test::Is(Expr::Const(_))))
        }
        Expr::Call(name, _) if names.has_function(name) => false,
        Expr::Call(_, Args::Placed(all)) | Expr::List(all) => all.iter().all(known),
        Expr::Call(_, Args::Named(all)) | Expr::Context(all) => all.iter().all(|(_, e)| known(e)),
    }
}
