import { Marked } from "marked";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escapeHtml = (text) => text.replaceAll(/[&<>"]/g, (c) => ENTITIES[c]);

/** What HTML says, without its tags and with its characters as they are. */
export const textOf = (html) =>
  html
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => CHARACTERS[entity]);

const CHARACTERS = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/** As GitHub makes them: `The main job` → `the-main-job`. */
export const slugOf = (text) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

const KEYWORDS =
  /^(?:import|export|from|const|let|function|return|type|interface|class|extends|readonly|new|await|async|for|of|in|if|else|try|catch|throw|as|declare|typeof|keyof|number|string|boolean|unknown|void|undefined|never|null|true|false)$/;

/** Comments, strings and words of the language, marked; nothing in other languages. */
export function highlight(code, language) {
  if (language === "sh")
    return escapeHtml(code).replaceAll(/(^|\s)(#.*)$/gm, '$1<span class="comment">$2</span>');
  if (!["ts", "js", "json", "html"].includes(language)) return escapeHtml(code);
  return code.replaceAll(
    /(\/\*[\s\S]*?\*\/|(?<!:)\/\/.*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|([\p{L}_$][\p{L}\p{N}_$]*)|([^\p{L}_$"'`/]+|[\s\S])/gu,
    (whole, comment, text, word) => {
      if (comment) return `<span class="comment">${escapeHtml(comment)}</span>`;
      if (text) return `<span class="string">${escapeHtml(text)}</span>`;
      if (word && KEYWORDS.test(word)) return `<span class="word">${word}</span>`;
      return escapeHtml(whole);
    },
  );
}

/**
 * Markdown as HTML, and its sections for the search.
 * @param {string} text
 * @param {(href: string) => string | undefined} linkOf where a link leads on the site, if it does
 */
export function markdown(text, linkOf = (href) => href) {
  const used = new Map();
  let tables = 0;
  const plain = (tokens) =>
    tokens.map((token) => (token.tokens ? plain(token.tokens) : (token.text ?? ""))).join("");
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const heading = plain(tokens);
        const slug = slugOf(heading);
        const times = used.get(slug) ?? 0;
        used.set(slug, times + 1);
        const id = times === 0 ? slug : `${slug}-${times}`;
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      code({ text: code, lang = "" }) {
        const [language = ""] = lang.split(" ");
        return `<pre tabindex="0"><code>${highlight(code, language)}</code></pre>\n`;
      },
      link({ href, tokens }) {
        const [to, text] = [linkOf(href), this.parser.parseInline(tokens)];
        return to === undefined ? text : `<a href="${escapeHtml(to)}">${text}</a>`;
      },
      image({ href, text: alt }) {
        return `<img src="${escapeHtml(linkOf(href))}" alt="${escapeHtml(alt)}">`;
      },
      table(token) {
        const row = (cells, tag) =>
          `<tr>${cells
            .map(({ tokens, align }) => {
              const inner = this.parser.parseInline(tokens);
              // A head without a word is no head for anybody.
              const name = inner.trim() === "" ? "td" : tag;
              return `<${name}${align ? ` class="${align}"` : ""}>${inner}</${name}>`;
            })
            .join("")}</tr>`;
        return `<div class="table" role="region" aria-label="Table ${++tables}" tabindex="0"><table><thead>${row(token.header, "th")}</thead><tbody>${token.rows.map((cells) => row(cells, "td")).join("")}</tbody></table></div>\n`;
      },
    },
  });
  return { html: marked.parse(text), sections: sectionsOf(text, marked) };
}

/** A heading and what stands below it. */
function sectionsOf(text, marked) {
  const sections = [{ id: "", heading: "", text: "" }];
  const used = new Map();
  for (const token of marked.lexer(text)) {
    if (token.type === "heading") {
      const heading = token.text.replaceAll(/[`*]/g, "");
      const slug = slugOf(heading);
      const times = used.get(slug) ?? 0;
      used.set(slug, times + 1);
      sections.push({ id: times === 0 ? slug : `${slug}-${times}`, heading, text: "" });
    } else if (token.type !== "space")
      sections.at(-1).text += ` ${token.raw.replaceAll(/[`*|]|\]\([^)]*\)|\[/g, " ")}`;
  }
  return sections
    .filter(({ heading, text: body }) => heading !== "" || body.trim() !== "")
    .map((section) => ({
      ...section,
      text: section.text.replaceAll(/\s+/g, " ").trim().slice(0, 1500),
    }));
}
