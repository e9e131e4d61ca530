//! `countersign operations`: what is offered of IAM and STS.

use std::io::{self, Write};

use clap::Args;

use super::Failure;
use crate::api::coverage::coverage;

#[derive(Args)]
#[command(after_help = "Examples:
  countersign operations
  countersign operations --markdown > operations.md
  countersign operations --missing")]
pub(super) struct Operations {
    /// As a table of Markdown
    #[arg(long)]
    markdown: bool,
    /// Only what is not offered
    #[arg(long)]
    missing: bool,
}

impl Operations {
    pub(super) fn run(self) -> Result<(), Failure> {
        let all = coverage();
        let mut text = String::new();
        for service in ["iam", "sts"] {
            let of_service = || all.iter().filter(|operation| operation.service == service);
            let of_aws = || of_service().filter(|operation| operation.extension.is_none());
            let offered = of_aws().filter(|operation| operation.missing.is_none()).count();
            let mut title = format!("{}: {offered} of {} operations", service.to_uppercase(), of_aws().count());
            match of_service().count() - of_aws().count() {
                0 => {}
                extensions => title.push_str(&format!(", and {extensions} extensions")),
            }
            text.push_str(&match self.markdown {
                true => format!("## {title}\n\n| operation | access | offered |\n|---|---|---|\n"),
                false => format!("{title}\n"),
            });
            for operation in of_service().filter(|operation| !self.missing || operation.missing.is_some()) {
                let access = if operation.read_only { "read" } else { "write" };
                let offered = match (operation.missing, operation.extension) {
                    (Some(reason), _) => format!("no: {reason}"),
                    (None, Some(key)) => format!("extension, off unless {key} is configured"),
                    (None, None) => "yes".to_owned(),
                };
                text.push_str(&match self.markdown {
                    true => format!("| `{}` | {access} | {offered} |\n", operation.name),
                    false => format!("  {:<48} {access:<6} {offered}\n", operation.name),
                });
            }
            text.push('\n');
        }
        Ok(io::stdout().write_all(text.trim_end().as_bytes()).and_then(|()| io::stdout().write_all(b"\n"))?)
    }
}
