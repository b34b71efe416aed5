//! Asking the policy about a content, with what the database knows of its lines.

use std::collections::BTreeMap;

use jiff::civil::Date;
use outlay_core::claim::{Content, Judgement, Line, Taken};
use outlay_core::ids::{ClaimId, LineId};
use outlay_core::org::Org;
use outlay_core::policy::{LineFacts, Policy, PolicyFacts, Similar};
use outlay_documents::Invoice;

use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::meters;

/// What `policy` says of a content today, with what it was told.
pub async fn judge(
    sql: &mut Sql,
    org: &Org,
    policy: &Policy,
    id: ClaimId,
    content: &Content,
    taken: &[Taken],
    today: Date,
) -> Result<(Judgement, PolicyFacts), Error> {
    let mut lines: BTreeMap<LineId, LineFacts> = BTreeMap::new();
    for line in &content.lines {
        let mut facts = match invoice(sql, line).await? {
            Some(invoice) => {
                let mut known = of_invoice(&invoice, org, content);
                known.failed_checks.extend(disproved(sql, line).await?);
                known
            }
            None => LineFacts::default(),
        };
        let used = line.evidence.as_ref().and_then(|e| e.invoice.as_ref());
        facts.used_on = used.and_then(|i| taken.iter().find(|t| t.invoice == *i)).map(|t| t.on);
        facts.similar = similar(sql, content, line, id).await?;
        facts.alike = alike(sql, line, id).await?;
        lines.insert(line.id, facts);
    }
    let grade = org
        .place(content.claimant, content.entity, today)
        .map(|a| a.grade.clone());
    let facts = PolicyFacts {
        today,
        grade,
        country: org.entity(content.entity).map(|e| e.country.clone()),
        department: org.department(content.department).map(|d| d.code.clone()),
        stage: stage(sql, content).await?,
        claim: Some(id),
        years: meters::store::years(sql, policy, id, content).await?,
        lines,
    };
    let findings = policy.check(content, &facts);
    let auto = policy.auto_approval(content, &facts, &findings);
    let judged = Judgement {
        policy: policy.reference(),
        findings,
        auto,
    };
    Ok((judged, facts))
}

/// How far the claim's deal is.
async fn stage(sql: &mut Sql, content: &Content) -> Result<Option<String>, Error> {
    let Some(deal) = content.links.deal else {
        return Ok(None);
    };
    let row: Option<(String,)> = sql
        .maybe("SELECT stage_kind FROM deal WHERE id = $1", args![deal])
        .await?;
    Ok(row.map(|(kind,)| kind))
}

async fn invoice(sql: &mut Sql, line: &Line) -> Result<Option<Invoice>, Error> {
    let Some(evidence) = &line.evidence else {
        return Ok(None);
    };
    let row: Option<(Option<String>,)> = sql
        .maybe("SELECT invoice FROM document WHERE id = $1", args![evidence.document])
        .await?;
    match row.and_then(|(invoice,)| invoice) {
        Some(text) => Ok(Some(serde_json::from_str(&text)?)),
        None => Ok(None),
    }
}

/// `verification` where the tax bureau has the line's invoice otherwise than it stands there.
async fn disproved(sql: &mut Sql, line: &Line) -> Result<Option<String>, Error> {
    let Some(evidence) = &line.evidence else {
        return Ok(None);
    };
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT state FROM verification WHERE document_id = $1 AND state IN ('mismatch', 'void', 'reversed')",
            args![evidence.document],
        )
        .await?;
    Ok(row.map(|_| "verification".to_owned()))
}

fn of_invoice(invoice: &Invoice, org: &Org, content: &Content) -> LineFacts {
    let buyer = invoice.buyer.name.clone();
    let entity = org.entity(content.entity).map(|e| fold(&e.name));
    let buyer_matches = match (&buyer, entity) {
        (Some(buyer), Some(entity)) => Some(fold(buyer) == entity),
        _ => None,
    };
    let failed_checks = invoice
        .checks
        .iter()
        .filter(|c| !c.passed)
        .map(|c| {
            serde_json::to_string(&c.what)
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned()
        })
        .collect();
    LineFacts {
        buyer,
        buyer_matches,
        failed_checks,
        ..LineFacts::default()
    }
}

fn fold(name: &str) -> String {
    outlay_core::evidence::fold_name(name)
}

/// Other live claims, whoever's, with a picture that looks like the line's.
async fn alike(sql: &mut Sql, line: &Line, id: ClaimId) -> Result<Vec<Similar>, Error> {
    let Some(evidence) = &line.evidence else {
        return Ok(Vec::new());
    };
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT DISTINCT c.number FROM document d JOIN claim c ON c.id = d.claim_id \
             WHERE (d.near_id = (SELECT COALESCE(near_id, id) FROM document WHERE id = $1) \
             OR d.id = (SELECT near_id FROM document WHERE id = $1)) AND c.id <> $2 \
             AND c.status NOT IN ('withdrawn', 'rejected', 'draft') ORDER BY c.number LIMIT 5",
            args![evidence.document, id],
        )
        .await?;
    Ok(rows.into_iter().map(|(claim,)| Similar { claim }).collect())
}

/// Lines of the claimant's other live claims with the same day, category and amount.
async fn similar(sql: &mut Sql, content: &Content, line: &Line, id: ClaimId) -> Result<Vec<Similar>, Error> {
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT c.number FROM allocation a JOIN claim c ON c.id = a.claim_id \
             WHERE a.incurred_on = $1 AND a.category = $2 AND c.claimant_id = $3 AND c.id <> $4 \
             AND c.status NOT IN ('withdrawn', 'rejected', 'draft') \
             GROUP BY c.number, a.line_id HAVING CAST(SUM(a.minor) AS BIGINT) = $5 ORDER BY c.number LIMIT 5",
            args![
                line.incurred_on,
                &line.category,
                content.claimant,
                id,
                line.claimed.minor
            ],
        )
        .await?;
    Ok(rows.into_iter().map(|(claim,)| Similar { claim }).collect())
}
