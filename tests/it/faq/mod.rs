//! The knowledge base: what is found in it, and how it is kept up to date.

mod drafted;
mod feeds;
mod files;
mod helped;
mod kept;
mod quality;
mod suggested;

use passerelle::{
    app::App,
    sandbox::{Options, Sandbox},
};
use serde_json::{Value, json};

use crate::support::{gateway, helpdesk::Helpdesk};

/// A stand-in, somebody who writes its FAQ, and the gateway's knowledge of it.
struct Faq {
    sandbox: Sandbox,
    editor: Helpdesk,
    app: App,
}

impl Faq {
    async fn of(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let editor = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
        let app = gateway::app(sandbox.url().as_str(), &[]);
        Self { sandbox, editor, app }
    }

    async fn start() -> Self {
        Self::of(Options::default()).await
    }

    /// An article of the FAQ, for everybody unless `change` says otherwise.
    async fn publish(&self, title: &str, answer: &str, change: Value) -> u64 {
        publish(&self.editor, title, answer, change).await
    }

    /// The titles that a question finds.
    async fn found(&self, question: &str) -> Vec<String> {
        let knowledge = &self.app.knowledge;
        let fresh = knowledge.refresh().await.unwrap();
        fresh.search(question, None, knowledge.now()).iter().map(|article| article.title.clone()).collect()
    }
}

/// The same, by whoever writes that FAQ.
async fn publish(editor: &Helpdesk, title: &str, answer: &str, change: Value) -> u64 {
    let mut input = json!({
        "name": title, "answer": answer, "is_faq": 1,
        "_visibility": {"_type": "Entity", "entities_id": 0, "is_recursive": 1},
    });
    input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    editor.add("KnowbaseItem", input).await
}
