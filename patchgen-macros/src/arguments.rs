use patchgen::Build;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitBool, LitInt, LitStr, Result, Token};

/// Arguments `"glob", …, name = value, …` as a build, or `None` if there are none.
pub(crate) struct Arguments(pub(crate) Option<Build>);

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Ok(Self(None));
        }
        let changes = Punctuated::<Change, Token![,]>::parse_terminated(input)?;
        let build = changes
            .into_iter()
            .fold(Build::new(), |build, Change(change)| change(build));
        Ok(Self(Some(build)))
    }
}

/// Argument, as the change that it makes to a build.
struct Change(Box<dyn FnOnce(Build) -> Build>);

impl Parse for Change {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            let glob = input.parse::<LitStr>()?.value();
            return Ok(Self(Box::new(|build| build.patches(glob))));
        }
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let text = || input.parse::<LitStr>().map(|text| text.value());
        Ok(Self(match name.to_string().as_str() {
            "database" => change(text()?, Build::database),
            "user" => change(text()?, Build::user),
            "lock_file" => change(text()?, Build::lock_file),
            "deny" => change(text()?, Build::deny),
            "warn" => change(text()?, Build::warn),
            "allow" => change(text()?, Build::allow),
            "locked" => change(input.parse::<LitBool>()?.value, Build::locked),
            "postgres_version" => change(
                input.parse::<LitInt>()?.base10_parse()?,
                Build::postgres_version,
            ),
            _ => {
                let message = "no setting of a build; there are `database`, `user`, `lock_file`, `locked`, `deny`, `warn`, `allow` and `postgres_version`";
                return Err(syn::Error::new(name.span(), message));
            }
        }))
    }
}

/// Returns the change that a method with a value makes.
fn change<T: 'static>(value: T, method: fn(Build, T) -> Build) -> Box<dyn FnOnce(Build) -> Build> {
    Box::new(move |build| method(build, value))
}
