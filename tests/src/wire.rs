//! The part of PostgreSQL's protocol that the proxy parses.

const PROTOCOL_3: u32 = 3;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// Request of a client's first packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A session, with its parameters: user, database, application name.
    Session(Vec<(String, String)>),
    /// Encryption, answered by one byte; another opening follows.
    Encryption,
    /// The cancellation of another session's query, or an unknown request.
    Other,
}

/// Parses the opening packet at the start of `bytes`. Returns it with its length, or `None` if it is incomplete.
pub(crate) fn opening(bytes: &[u8]) -> Option<(Opening, usize)> {
    let length = number(bytes, 0)? as usize;
    let code = number(bytes, 4)?;
    let packet = bytes.get(..length.max(8))?;
    let opening = match code {
        SSL_REQUEST | GSS_REQUEST => Opening::Encryption,
        _ if code >> 16 == PROTOCOL_3 => Opening::Session(parameters(&packet[8..])),
        _ => Opening::Other,
    };
    Some((opening, packet.len()))
}

fn parameters(bytes: &[u8]) -> Vec<(String, String)> {
    let words: Vec<String> = bytes
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    words
        .chunks_exact(2)
        .take_while(|pair| !pair[0].is_empty())
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

/// Returns whether the bytes are a `Terminate` message, which no server answers.
pub(crate) fn is_terminate(bytes: &[u8]) -> bool {
    bytes == [b'X', 0, 0, 0, 4]
}

/// Parser of a server's messages up to the first `ReadyForQuery`. Messages may be split at any byte.
#[derive(Debug, Default)]
pub(crate) struct UntilReady {
    header: Vec<u8>,
    body_left: usize,
    ready: bool,
}

impl UntilReady {
    /// Parses the next bytes and returns whether a `ReadyForQuery` has come.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> bool {
        while !self.ready && !bytes.is_empty() {
            if self.body_left > 0 {
                let skipped = self.body_left.min(bytes.len());
                self.body_left -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.header.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some(length) = number(&self.header, 1) {
                self.ready = self.header[0] == b'Z';
                self.body_left = (length as usize).saturating_sub(4);
                self.header.clear();
            }
        }
        self.ready
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_are_told_apart() {
        let packet = |code: u32, rest: &[u8]| {
            let length = u32::try_from(8 + rest.len()).unwrap();
            [&length.to_be_bytes()[..], &code.to_be_bytes(), rest].concat()
        };
        let session = packet(3 << 16, b"user\0me\0database\0here\0\0");
        let parameters = vec![
            ("user".to_owned(), "me".to_owned()),
            ("database".to_owned(), "here".to_owned()),
        ];
        assert_eq!(
            opening(&session),
            Some((Opening::Session(parameters), session.len()))
        );
        assert_eq!(opening(&session[..20]), None);
        assert_eq!(
            opening(&packet(SSL_REQUEST, b"")),
            Some((Opening::Encryption, 8))
        );
        assert_eq!(
            opening(&packet(80_877_102, &[0; 8])),
            Some((Opening::Other, 16))
        );
        assert_eq!(opening(b""), None);
    }

    #[test]
    fn ready_is_found_wherever_the_stream_is_cut() {
        // A parameter status whose text has a Z in it, then ReadyForQuery.
        let stream = b"S\0\0\0\x0aTimeZ\0Z\0\0\0\x05I";
        for cut in 0..stream.len() {
            let mut until = UntilReady::default();
            let (one, two) = stream.split_at(cut);
            let early = until.push(one);
            assert_eq!(early, cut >= 16, "cut at {cut}");
            assert!(until.push(two), "cut at {cut}");
        }
    }
}
