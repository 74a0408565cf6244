// Les fiches proches du titre, pendant qu'il est tapé. Sans script, la recherche dans la FAQ suffit.
"use strict";
(() => {
  const title = document.getElementById("titre");
  const place = document.getElementById("propositions");
  const choice = document.getElementById("choix");
  if (!title || !place) return;
  let asked = "";
  let timer;

  const show = (articles) => {
    if (articles.length === 0) {
      place.replaceChildren();
      return;
    }
    const said = document.createElement("p");
    said.textContent = "Ces fiches répondent peut-être à votre question\u00a0:";
    const list = document.createElement("ul");
    for (const article of articles) {
      const link = document.createElement("a");
      link.href = article.address;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = article.title;
      const where = document.createElement("span");
      where.className = "unseen";
      where.textContent = " (nouvel onglet)";
      link.append(where);
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    place.replaceChildren(said, list);
  };

  const ask = async () => {
    const text = title.value.trim();
    const query = String(new URLSearchParams({ titre: text, choix: choice ? choice.value : "" }));
    if (query === asked) return;
    asked = query;
    try {
      const answer = await fetch(`${place.dataset.address}?${query}`, { credentials: "same-origin" });
      const articles = answer.ok ? (await answer.json()).articles : [];
      if (query === asked) show(articles);
    } catch {
      show([]);
    }
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 300);
  };
  title.addEventListener("input", soon);
  if (choice) choice.addEventListener("change", soon);
  if (title.value.trim() !== "") soon();
})();
