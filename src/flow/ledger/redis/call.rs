//! How an operation is called, also where Redis has no memory left.

use redis::{FromRedisValue, RedisResult, Script, ToRedisArgs, aio::ConnectionManager};

/// One operation.
pub(super) struct Operation {
    script: Script,
    /// The same for a server whose memory is full (`maxmemory`, `noeviction`), from Redis 7 on. What instances must
    /// know of each other lest they make a ticket twice is some hundred bytes that lapse by themselves.
    when_full: Script,
}

impl Operation {
    pub(super) fn new(code: &str) -> Self {
        Self { script: Script::new(code), when_full: Script::new(&format!("#!lua flags=allow-oom\n{code}")) }
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

    pub(super) async fn run<T: FromRedisValue>(&self, connection: &mut ConnectionManager) -> RedisResult<T> {
        match self.run_as(&self.operation.script, connection).await {
            Err(error) if error.code() == Some("OOM") => self.run_as(&self.operation.when_full, connection).await,
            answer => answer,
        }
    }

    async fn run_as<T: FromRedisValue>(&self, script: &Script, connection: &mut ConnectionManager) -> RedisResult<T> {
        let mut invocation = script.prepare_invoke();
        self.keys.iter().for_each(|key| {
            invocation.key(key);
        });
        self.arguments.iter().for_each(|argument| {
            invocation.arg(argument);
        });
        invocation.invoke_async(connection).await
    }
}
