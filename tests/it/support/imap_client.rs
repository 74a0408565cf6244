//! A connection to an IMAP server that says exactly what it is told and shows exactly what it hears.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// The client's end of a connection, of plain TCP or of TLS.
pub(crate) struct ImapClient<S: Read + Write = TcpStream> {
    stream: BufReader<S>,
}

/// What the server says at a time.
pub(crate) struct Line {
    /// Without its literals, of which `{length}` stays, and without its end.
    pub(crate) text: String,
    pub(crate) literals: Vec<Vec<u8>>,
}

/// All that answers a command.
pub(crate) struct Reply {
    pub(crate) lines: Vec<Line>,
    /// The last line, without the tag: `OK …`, `NO …` or `BAD …`.
    pub(crate) status: String,
}

impl ImapClient {
    /// A connection on which nothing has been read yet.
    pub(crate) fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// What is below it, to go on in TLS.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }
}

impl<S: Read + Write> ImapClient<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// Sends these bytes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
        self.stream.get_mut().flush().unwrap();
    }

    /// The next line and its literals; nothing once the server has closed the connection.
    pub(crate) fn line(&mut self) -> Option<Line> {
        let mut line = Line { text: String::new(), literals: Vec::new() };
        loop {
            let mut bytes = Vec::new();
            let _ = self.stream.read_until(b'\n', &mut bytes);
            let part = String::from_utf8_lossy(bytes.strip_suffix(b"\r\n")?).into_owned();
            line.text.push_str(&part);
            let Some(length) = literal_length(&part) else { return Some(line) };
            let mut literal = vec![0; length];
            self.stream.read_exact(&mut literal).ok()?;
            line.literals.push(literal);
        }
    }

    /// Runs a command, whatever it answers. If the server asks for more, it gets an empty line, which ends
    /// a sign-in that has failed (RFC 7628, 3.2.3).
    pub(crate) fn run(&mut self, command: &str) -> Reply {
        self.send(format!("a {command}\r\n"));
        self.reply()
    }

    /// Runs a command that must succeed.
    pub(crate) fn succeed(&mut self, command: &str) -> Reply {
        let reply = self.run(command);
        assert!(reply.status.starts_with("OK"), "{command}: {}", reply.status);
        reply
    }

    /// All up to the end of a command that was sent with the tag `a`.
    pub(crate) fn reply(&mut self) -> Reply {
        let mut lines = Vec::new();
        loop {
            let line = self.line().expect("the server closed the connection");
            if let Some(status) = line.text.strip_prefix("a ") {
                return Reply { lines, status: status.to_owned() };
            }
            if line.text.starts_with('+') {
                self.send("\r\n");
            }
            lines.push(line);
        }
    }
}

/// The bytes that follow a line that ends with `{length}`.
fn literal_length(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}
