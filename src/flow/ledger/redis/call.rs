//! How an operation is called, also where Redis has no memory left.

use redis::{ErrorKind, RedisResult, Script, ServerErrorKind, ToRedisArgs, Value, cmd};

use super::server::Connection;

/// One operation.
pub(super) struct Operation {
    script: Code,
    /// The same for a server whose memory is full (`maxmemory`, `noeviction`), from Redis 7 on. What instances must
    /// know of each other lest they make a ticket twice is some hundred bytes that lapse by themselves.
    when_full: Code,
}

/// A script, and the name by which a server knows it that has run it before.
struct Code {
    text: String,
    hash: String,
}

impl Code {
    fn new(text: String) -> Self {
        Self { hash: Script::new(&text).get_hash().to_owned(), text }
    }
}

impl Operation {
    pub(super) fn new(code: &str) -> Self {
        Self { script: Code::new(code.to_owned()), when_full: Code::new(format!("#!lua flags=allow-oom\n{code}")) }
    }

    pub(super) fn call(&'static self) -> Call {
        Call { operation: self, keys: Vec::new(), arguments: Vec::new() }
    }

    pub(super) fn key(&'static self, key: String) -> Call {
        let mut call = self.call();
        call.key(key);
        call
    }
}

/// An operation with what it is about.
pub(super) struct Call {
    operation: &'static Operation,
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl Call {
    pub(super) fn key(&mut self, key: String) -> &mut Self {
        self.keys.push(key);
        self
    }

    pub(super) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.arguments.extend(argument.to_redis_args());
        self
    }

    pub(super) async fn run(&self, connection: &mut Connection) -> RedisResult<Value> {
        match self.run_as(&self.operation.script, connection).await {
            Err(error) if error.code() == Some("OOM") => self.run_as(&self.operation.when_full, connection).await,
            answer => answer,
        }
    }

    /// Of a cluster, the node that has the keys is asked, and learns the script where it does not know it.
    async fn run_as(&self, script: &Code, connection: &mut Connection) -> RedisResult<Value> {
        let command = |word, script: &str| {
            let mut command = cmd(word);
            command.arg(script).arg(self.keys.len()).arg(&self.keys).arg(&self.arguments);
            command
        };
        match command("EVALSHA", &script.hash).query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                command("EVAL", &script.text).query_async(connection).await
            }
            answer => answer,
        }
    }
}
