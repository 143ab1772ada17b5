//! From a byte of a patch to the line and column that a person looks for.

use crate::error::Location;

/// The place of a byte, and its line with a caret below it.
pub(crate) fn locate(file: &str, text: &str, offset: usize) -> (Location, String) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[offset..]
        .find('\n')
        .map_or(text.len(), |newline| offset + newline);
    let line = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
    let before = &text[start..offset];
    let column = before.chars().count() + 1;
    let (shown, caret) = window(&text[start..end], column);
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

/// A line to show, cut around the column when it is long, and the line with the caret.
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

/// The byte at which the given character (counted from 1) of a text begins.
pub(crate) fn byte_of_character(text: &str, character: usize) -> usize {
    text.char_indices()
        .nth(character.saturating_sub(1))
        .map_or(text.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "select 1;\nselect 'Äpfel', ö;\n\tx";
        let offset = text.find('ö').unwrap();
        let (location, excerpt) = locate("a.sql", text, offset);
        assert_eq!(location.to_string(), "a.sql:2:17");
        assert_eq!(
            excerpt,
            "   2 | select 'Äpfel', ö;\n     |                 ^"
        );
        assert_eq!(locate("a.sql", text, text.len()).0.to_string(), "a.sql:3:3");
        assert_eq!(locate("a.sql", "", 7).0.to_string(), "a.sql:1:1");
        assert_eq!(byte_of_character("aÄb", 3), 3);
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(5_000), "b".repeat(5_000));
        let (location, excerpt) = locate("a.sql", &text, 5_000);
        assert_eq!(location.column, 5_001);
        let lines: Vec<&str> = excerpt.lines().collect();
        assert_eq!(lines[0].find('X'), lines[1].find('^'));
        assert!(lines[0].len() < 140);
    }
}
