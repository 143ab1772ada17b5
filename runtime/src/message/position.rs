//! Places in a patch file, for people.

use crate::Location;
use patchgen_model::{Patch, Position};

/// The location of a byte of a patch, and its line with a caret below the column.
pub(crate) fn locate(patch: &Patch<'_>, offset: usize) -> (Location, String) {
    excerpt(patch.file(), patch.text(), offset)
}

fn excerpt(file: &str, text: &str, offset: usize) -> (Location, String) {
    let Position { line, column } = Position::of(text, offset);
    let whole = text.lines().nth(line - 1).unwrap_or_default();
    let (shown, caret) = window(whole, column);
    let excerpt = format!("{line:>4} | {shown}\n     | {caret}");
    (
        Location {
            file: file.to_owned(),
            line,
            column,
        },
        excerpt,
    )
}

/// Cuts a long line around the column; returns it and the line with the caret.
fn window(line: &str, column: usize) -> (String, String) {
    const WIDTH: usize = 120;
    let skip = if column > WIDTH - 20 {
        column - WIDTH / 2
    } else {
        0
    };
    let shown: String = line.chars().skip(skip).take(WIDTH).collect();
    // Tabs keep their width, so that the caret stands below its character.
    let lead: String = line
        .chars()
        .skip(skip)
        .take(column - 1 - skip)
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    (shown, format!("{lead}^"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "select 1;\nselect 'Äpfel', ö;\n\tx";
        let offset = text.find('ö').unwrap();
        let (location, shown) = excerpt("a.sql", text, offset);
        assert_eq!(location.to_string(), "a.sql:2:17");
        assert_eq!(shown, "   2 | select 'Äpfel', ö;\n     |                 ^");
        assert_eq!(
            excerpt("a.sql", text, text.len()).0.to_string(),
            "a.sql:3:3"
        );
        assert_eq!(excerpt("a.sql", "", 7).0.to_string(), "a.sql:1:1");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(5_000), "b".repeat(5_000));
        let (location, shown) = excerpt("a.sql", &text, 5_000);
        assert_eq!(location.column, 5_001);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0].find('X'), lines[1].find('^'));
        assert!(lines[0].len() < 140);
    }
}
