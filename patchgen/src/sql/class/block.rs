//! `DO`: its body, and if the body may commit.

use super::Classified;
use crate::sql::lexer::{StringMode, TokenKind, Tokens};
use crate::sql::words::Reader;
use patchgen_model::Class;

/// Classifies a `DO` whose first word has been read.
///
/// A statement that the server will reject, or that a variable is a part of, may commit as far as is known here.
pub(super) fn classify(mut reader: Reader<'_>) -> Classified {
    let string_mode = reader.string_mode();
    let mut body = None;
    let mut language = None;
    let mut is_known = true;
    while !reader.at_statement_end() {
        if reader.accept("language") {
            let name = match reader.constant() {
                Some(constant) => constant.value.map(String::from),
                None => reader.name(),
            };
            is_known &= name.is_some() && language.is_none();
            language = name;
        } else if let Some(constant) = reader.constant() {
            is_known &= body.is_none();
            body = Some(constant);
        } else {
            is_known = false;
            reader.advance();
        }
    }
    let source = body.as_ref().and_then(|body| body.value.as_deref());
    let is_plain = is_known && language.is_none_or(|language| language == "plpgsql");
    let commits = !is_plain || source.is_none_or(|source| may_commit(source, string_mode));
    let class = if commits {
        Class::Procedural
    } else {
        Class::Transactional
    };
    Classified {
        body: body.map(|body| body.inner),
        ..class.into()
    }
}

/// Commands of a block that commit, roll back, or run code that may.
const COMMANDS: [&str; 4] = ["commit", "rollback", "call", "execute"];

/// Returns `true` unless it is certain that the source of a PL/pgSQL block has no command that commits or rolls back.
fn may_commit(source: &str, string_mode: StringMode) -> bool {
    let mut tokens = Tokens::new(source, string_mode);
    let mut follows_do = false;
    for token in tokens.by_ref() {
        let text = &source[token.range.clone()];
        let is_command = |text: &str| COMMANDS.iter().any(|it| it.eq_ignore_ascii_case(text));
        let is_word = |word: &str| token.kind == TokenKind::Word && text.eq_ignore_ascii_case(word);
        let may = match token.kind {
            TokenKind::Word => is_command(text) || follows_do && is_word("language"),
            TokenKind::Quoted => is_command(text.trim_matches('"')),
            TokenKind::UnicodeQuoted => true,
            // A block within the block. `ON CONFLICT DO` is followed by a word.
            TokenKind::Text => follows_do,
            // Servers before 15 read `1commit` as a number and a word.
            TokenKind::Number => {
                let text = text.to_ascii_lowercase();
                COMMANDS.iter().any(|command| text.ends_with(command))
            }
            TokenKind::Symbol(symbol) => !SYMBOLS.contains(&symbol),
            TokenKind::Variable => true,
        };
        if may || !token.closed {
            return true;
        }
        follows_do = is_word("do");
    }
    tokens.open_comment().is_some()
}

/// Bytes of operators and of punctuation.
const SYMBOLS: &[u8] = b",()[].;:+-*/%^<>=~!@#&|`?";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_commits_only_by_some_commands() {
        for source in [
            "begin commit; end",
            "begin COMMIT AND CHAIN; end",
            "begin perform 1; rollback; end",
            "begin call p(); end",
            "begin execute 'x'; end",
            "begin/**/Execute/**/'x'; end",
            // The meaning of a quoted name is not looked up.
            "begin \"call\"(); end",
            "begin \"CALL\"(); end",
            "begin U&\"x\" := 1; end",
            // Another block.
            "begin do 'begin commit; end'; end",
            "begin do $$ begin commit; end $$; end",
            "begin do language plpgsql 'begin end'; end",
            "begin do E'begin end'; end",
            // Before PostgreSQL 15, the number ends before the word.
            "begin perform 1COMMIT; end",
            // None of this can be lexed.
            "begin perform 'x; end",
            "begin perform $a$; end",
            "begin \"x; end",
            "begin end /* x",
            "begin \\ end",
            "begin { end",
            "begin $ end",
        ] {
            assert!(may_commit(source, StringMode::Standard), "{source}");
        }
        for source in [
            "",
            "begin end",
            "begin\n  -- commit\n  /* rollback /* call */ execute */ end",
            "begin raise notice 'commit'; perform $a$call$a$, E'\\'execute', $$rollback$$; end",
            "begin perform committed, recall, executed, x.commit_at, \"a commit\", execute$; end",
            "begin insert into t values (1) on conflict do nothing; end",
            "begin insert into t values (1) on conflict (a) do update set a = 'x'; end",
            "<<b>> declare a int := 0x1f; c t.a%type; begin a := $1 + 1.5e3 - 1_000; b.a := :a; end b",
            "begin perform a ->> 'b', a @> b, a ?| c, a !~~ b, `a, #a, a[1:2]; end",
        ] {
            assert!(!may_commit(source, StringMode::Standard), "{source}");
        }
        let source = "begin perform 'a\\'; commit; --'; end";
        assert!(may_commit(source, StringMode::Standard));
        assert!(!may_commit(source, StringMode::Escape));
    }
}
