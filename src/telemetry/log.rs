//! The log: text or JSON lines on standard error.

use std::{
    io::{self, IsTerminal},
    str::FromStr,
};

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(text: &str) -> Result<Self, NotAFormat> {
        match text {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            _ => Err(NotAFormat),
        }
    }
}

/// The text names no log format.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAFormat;

impl std::fmt::Display for NotAFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a log format is `text` or `json`")
    }
}

impl std::error::Error for NotAFormat {}

/// Reads a level (`info`) or a list of directives (`info,countersign::gateway=debug`), so that `check` can find its faults.
pub fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    // The migrations' own words at `info` tell that nothing was to be done, at every start.
    EnvFilter::builder().parse(format!("refinery=warn,refinery_core=warn,{level}"))
}

/// Starts logging. Repeating it changes nothing.
pub fn install(filter: EnvFilter, format: Format) {
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // It fails only if logging was started before.
    let _ = match format {
        Format::Text => lines.with_target(false).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_formats_are_checked() {
        for (level, fits) in [("info", true), ("warn,countersign::audit=trace", true), ("countersign=loud", false)] {
            assert_eq!(filter(level).is_ok(), fits, "{level}");
        }
        for (text, expected) in [("text", Ok(Format::Text)), ("json", Ok(Format::Json)), ("JSON", Err(NotAFormat))] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }
}
