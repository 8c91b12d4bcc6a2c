//! Width of text, and text cut to a width.

/// Width of a line in pixels in DejaVu Sans, the widest of the possible fonts.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '\'' => 0.28,
            ' ' | '.' | ',' | 'I' | '|' => 0.32,
            'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | ':' | ';' | '!' => 0.41,
            'm' | 'w' | 'M' | 'W' | '%' | '@' | '+' | '=' | '<' | '>' | '~' => 0.9,
            'A'..='Z' | '&' => 0.71,
            '\0'..='\u{2fff}' => 0.63,
            _ => 1.0,
        })
        .sum();
    em * size
}

/// The text, cut to this width, without characters that a picture cannot contain.
pub(crate) fn fit(text: &str, size: f64, most: f64) -> String {
    let text = clean(text);
    if width(&text, size) <= most {
        return text;
    }
    let mut kept = text;
    while !kept.is_empty() && width(&kept, size) + width("…", size) > most {
        kept.pop();
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

/// Replaces control characters, which XML forbids, and dollar signs, which would begin a formula.
pub(super) fn clean(text: &str) -> String {
    let replace = |c: char| match c {
        '$' => '\u{ff04}',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut() {
        assert_eq!(fit("alpha", 10.0, 100.0), "alpha");
        let cut = fit("endothelial cell of the hepatic sinusoid", 12.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 100.0, "{cut}");
        assert_eq!(fit("abc", 12.0, 0.0), "…");
        assert_eq!(fit("a\tb$\u{1}", 12.0, 100.0), "a b\u{ff04} ");
    }
}
