//! Hands one mail over by LMTP (RFC 2033), as a mail relay does.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

/// Delivers a mail and gives the reply for each recipient, or the one that ended the attempt.
///
/// # Errors
///
/// Where the connection cannot be had or ends early.
pub async fn deliver(address: SocketAddr, sender: &str, recipients: &[&str], mail: &[u8]) -> io::Result<Vec<String>> {
    let mut stream = BufStream::new(TcpStream::connect(address).await?);
    let mut reply = read_reply(&mut stream).await?;
    let mut commands = vec!["LHLO demo".to_owned(), format!("MAIL FROM:<{sender}>")];
    commands.extend(recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>")));
    commands.push("DATA".to_owned());
    for command in commands {
        if !reply.starts_with('2') {
            return Ok(vec![reply]);
        }
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        stream.flush().await?;
        reply = read_reply(&mut stream).await?;
    }
    if !reply.starts_with("354") {
        return Ok(vec![reply]);
    }
    stream.write_all(&stuffed(mail)).await?;
    stream.flush().await?;
    let mut replies = Vec::new();
    for _ in recipients {
        replies.push(read_reply(&mut stream).await?);
    }
    Ok(replies)
}

/// The mail as DATA carries it: lines that begin with a dot get another one, and a lone dot ends it
/// (RFC 5321 section 4.5.2).
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(mail.len() + 8);
    for line in mail.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
    }
    if !data.ends_with(b"\r\n") {
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    data
}

/// The last line of a reply, which may have several (RFC 5321 section 4.2.1).
async fn read_reply(stream: &mut BufStream<TcpStream>) -> io::Result<String> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line.trim_end().to_owned());
        }
    }
}
