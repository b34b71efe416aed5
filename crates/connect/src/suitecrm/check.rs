//! Whether all is there that a full service needs.

use jiff::Timestamp;

use super::{SuiteCrm, manifest, source, value, write};
use crate::{
    canonical::Object,
    connector::{Error, Ready},
    soap::Arg,
};

/// Seconds by which SuiteCRM's clock may differ from its web server's.
const MAX_SKEW: i64 = 120;

impl SuiteCrm {
    pub(super) async fn readiness(&self) -> Result<Ready, Error> {
        let mut warnings = self.session.misfits().await?;
        let (clock, began) = self.session.clock().await?;
        let skew = value::time(&clock).zip(began);
        let skew = skew.map(|(theirs, began)| (theirs.as_second() - Timestamp::as_second(began)).abs());
        if skew.is_none_or(|skew| skew > MAX_SKEW) {
            warnings.push(format!(
                "SuiteCRM says that it is {clock} GMT, and its web server says otherwise: changes may come late until its \
                 administrator sets PHP's clock and time zone right"
            ));
        }
        // A session from before would prove nothing of the password.
        self.session.close().await?;
        for object in manifest().objects.iter().map(|o| o.object) {
            for module in source::modules(object) {
                let args = [Arg::Text(module.name), Arg::Text(""), Arg::Int(0)];
                match self.session.call("get_entries_count", &args).await {
                    Ok(_) => {}
                    Err(Error::Refused { text, .. }) => {
                        warnings.push(format!(
                            "this user may not read SuiteCRM's {}, or it is turned off: {object} is not complete ({text})",
                            module.name
                        ));
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                if matches!(object, Object::Account | Object::Deal) {
                    let lacking = self.lacking(module).await?;
                    if !lacking.is_empty() {
                        warnings.push(write::advice(module, &lacking));
                    }
                }
            }
        }
        Ok(Ready { warnings })
    }
}
