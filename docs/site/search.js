// Finds sections and names without a server: the index is a script, so that pages opened as files have it.
const { up = "" } = document.currentScript.dataset;
const input = document.querySelector("#search");
const found = document.querySelector("#found");
const pages = document.querySelector("nav details");

// On a phone the list of pages would stand before every text.
if (matchMedia("(max-width: 700px)").matches) pages.open = false;

let index;
function loadIndex() {
  index ??= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = `${up}search-index.js`;
    script.onload = () => resolve(globalThis.searchIndex);
    document.head.append(script);
  });
  return index;
}

/** How well a section answers: a word counts most in a name, and has to be somewhere. */
function scoreOf({ heading, title, text }, words) {
  let score = 0;
  const [name, of, body] = [heading, title, text].map((part) => part.toLowerCase());
  for (const word of words) {
    if (name === word) score += 20;
    else if (name.startsWith(word)) score += 10;
    else if (name.includes(word)) score += 6;
    else if (of.includes(word)) score += 3;
    else if (body.includes(word)) score += 1;
    else return 0;
  }
  return score;
}

async function show() {
  const sections = await loadIndex();
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const best =
    words.length === 0
      ? []
      : sections
          .map((section) => ({ section, score: scoreOf(section, words) }))
          .filter(({ score }) => score > 0)
          .sort((a, b) => b.score - a.score)
          .slice(0, 12);
  found.replaceChildren(
    ...best.map(({ section: { page, id, title, heading, text } }) => {
      const [item, link, where] = ["li", "a", "small"].map((name) => document.createElement(name));
      link.href = `${up}${page}${id ? `#${id}` : ""}`;
      link.textContent = heading || title;
      where.textContent = heading && heading !== title ? title : text.slice(0, 60);
      link.append(where);
      item.append(link);
      return item;
    }),
  );
  if (words.length > 0 && best.length === 0) {
    const nothing = document.createElement("li");
    nothing.textContent = "Nothing found";
    found.append(nothing);
  }
  found.hidden = words.length === 0;
}

input.addEventListener("focus", loadIndex);
input.addEventListener("input", show);
input.form.addEventListener("submit", (event) => {
  event.preventDefault();
  found.querySelector("a")?.click();
});
input.form.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  input.value = "";
  found.hidden = true;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea")) return;
  event.preventDefault();
  input.focus();
});
