//! Names from files, made safe for a terminal and a spreadsheet.
//!
//! A name may hold escape sequences that move the cursor or rewrite a terminal's title, or begin
//! like a formula.

use std::borrow::Cow;

/// Text of several lines for a terminal: control characters are escaped, other than line breaks and
/// tabs.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_control(c) && c != '\n' && c != '\t')
}

/// Text for one line of a terminal: all control characters are escaped.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_control)
}

/// JSON whose control characters are all escaped; JSON itself lets some pass.
pub fn printable_json(text: &str) -> String {
    let write = |all: String, c: char| match is_control(c) && c != '\n' {
        true => c.encode_utf16(&mut [0; 2]).iter().fold(all, |all, u| all + &format!("\\u{u:04x}")),
        false => all + c.encode_utf8(&mut [0; 4]),
    };
    match text.contains(|c| is_control(c) && c != '\n') {
        true => text.chars().fold(String::with_capacity(text.len()), write),
        false => text.into(),
    }
}

/// A text in a cell of a table: control characters are escaped, and a text that a spreadsheet takes
/// for a formula begins with an apostrophe. Numbers stay.
pub fn cell(text: &str) -> Cow<'_, str> {
    let plain = one_line(text);
    let formula = plain.starts_with(['=', '+', '-', '@']) && plain.parse::<f64>().is_err();
    if formula { format!("'{plain}").into() } else { plain }
}

/// Control characters, and the marks that turn the direction of the text after them.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match is_bad(c) {
            true => plain.extend(c.escape_default()),
            false => plain.push(c),
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_no_control_characters() {
        assert_eq!(printable("a\u{1b}[2J\u{9b}\n\tb\u{7f}\r"), "a\\u{1b}[2J\\u{9b}\n\tb\\u{7f}\\r");
        assert_eq!(one_line("a\nb\u{202e}"), "a\\nb\\u{202e}");
        assert_eq!(one_line("Zellen: \u{e4}\u{f6}, \u{4e2d}"), "Zellen: \u{e4}\u{f6}, \u{4e2d}");
        let json = printable_json("{\n\"a\u{9b}\": \"\u{7f}\"}");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(json.contains("a\\u009b") && value["a\u{9b}"] == "\u{7f}", "{json}");
    }

    #[test]
    fn spreadsheets_get_no_formulas() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd|x", "'+cmd|x"),
            ("-", "'-"),
            ("-1", "-1"),
            ("+0.5", "+0.5"),
            ("HLA-A", "HLA-A"),
            ("\t=1", "\\t=1"),
            ("a\nb", "a\\nb"),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
