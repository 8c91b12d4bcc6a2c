//! HTML from arbitrary text.

use std::fmt::Write;

use crate::Figure;

/// Escapes text for HTML, including attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            // XML forbids these characters, even escaped.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A table of rows that are HTML already. The columns in `numbers` are numbers.
pub(super) fn table(header: &[&str], rows: &[Vec<String>], numbers: &[usize]) -> String {
    let class = |i: usize| if numbers.contains(&i) { " class=\"n\"" } else { "" };
    let mut html = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for (i, name) in header.iter().enumerate() {
        let _ = write!(html, "<th{}>{}</th>", class(i), escape(name));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (i, cell) in row.iter().enumerate() {
            let _ = write!(html, "<td{}>{cell}</td>", class(i));
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody></table></div>\n"
}

/// A list of names and values.
pub(super) fn list(lines: &[(String, String)]) -> String {
    let line = |(name, value): &(String, String)| {
        format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value))
    };
    format!("<dl class=\"facts\">\n{}</dl>\n", lines.iter().map(line).collect::<String>())
}

/// A figure with its caption, embedded in the page.
pub(super) fn figure(figure: &Figure) -> String {
    let ((w, h), title) = (figure.size(), escape(&figure.title));
    // A wide figure would be too small on a phone, so it scrolls there.
    let wide = if w > 520.0 { " class=\"wide\"" } else { "" };
    format!(
        "<figure id=\"{}\"><h3>{title}</h3>\n<div class=\"scroll\"><img{wide} alt=\"{title}\" \
         width=\"{w:.0}\" height=\"{h:.0}\" style=\"--w:{w:.0};max-width:{w:.0}px\" \
         src=\"data:image/svg+xml,{}\"/></div>\n<figcaption>{}</figcaption></figure>\n",
        figure.name,
        encode(figure.svg()),
        escape(&figure.caption)
    )
}

/// The SVG as a URL. It is smaller than base64, because the embedded PNG is base64 already.
fn encode(svg: &str) -> String {
    let mut url = String::with_capacity(svg.len() + svg.len() / 4);
    for byte in svg.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => url.push(byte.into()),
            b' ' | b'-' | b'_' | b'.' | b',' | b';' | b':' | b'/' | b'=' | b'+' | b'(' | b')' => {
                url.push(byte.into());
            }
            _ => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_text_is_markup() {
        let hostile = "<script>alert('x')</script> & \"q\"\u{0}";
        let safe = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;\u{fffd}";
        assert_eq!(escape(hostile), safe);
        assert!(list(&[(hostile.into(), hostile.into())]).contains(safe));
        assert!(table(&["<b>"], &[], &[]).contains("&lt;b&gt;"));
    }

    #[test]
    fn urls_hold_no_quotes() {
        assert_eq!(encode("<a b=\"#1'%é\"/>"), "%3Ca b=%22%231%27%25%C3%A9%22/%3E");
    }
}
