use anstyle::{AnsiColor, Style};

/// Colours the first word of each line that begins a message or a part of one.
pub(crate) fn messages(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(line).collect();
    lines.join("\n")
}

fn line(line: &str) -> String {
    let bold = |color: AnsiColor| Style::new().bold().fg_color(Some(color.into()));
    let styles = [
        ("error", bold(AnsiColor::Red)),
        ("warning", bold(AnsiColor::Yellow)),
        ("help:", bold(AnsiColor::Cyan)),
        ("  -->", bold(AnsiColor::Blue)),
    ];
    for (word, style) in styles {
        if let Some(rest) = line.strip_prefix(word) {
            return format!("{style}{word}{style:#}{rest}");
        }
    }
    line.to_owned()
}
