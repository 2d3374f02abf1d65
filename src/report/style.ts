/** Colours of methods on a white page, and on a dark one. */
const light = `
    --page: #ffffff; --text: #1c2024; --muted: #60676e; --line: #e1e4e8; --band: #f6f7f9;
    --shade: rgb(0 0 0 / .25);
    --base: #6b7280; --sft: #d1431f; --anchored: #0b6fd0; --probability: #7c4dce;
    --moving: #b7791f; --merge: #1a8754; --asft: #c2317f;
    --c0: #0e8a9a; --c1: #8a5a2b; --c2: #5b7d1e; --c3: #a3339e; --c4: #3f51b5; --c5: #b5651d;
    --c6: #2e7d6b; --c7: #9c2f3f; --c8: #6a6f1f; --c9: #5a4fa2; --c10: #a0522d; --c11: #35708f;`;
const dark = `
    --page: #14171a; --text: #e6e8ea; --muted: #9aa1a8; --line: #2d3238; --band: #1b1f24;
    --shade: rgb(255 255 255 / .35);
    --base: #9aa1a8; --sft: #ff7a59; --anchored: #5aa9ff; --probability: #b794f6;
    --moving: #e0aa4b; --merge: #4cc38a; --asft: #f472b6;
    --c0: #4fd1de; --c1: #d6a06a; --c2: #a8cf5a; --c3: #e58be0; --c4: #93a1f5; --c5: #f0a868;
    --c6: #6fd3bb; --c7: #f08a97; --c8: #cdd35f; --c9: #b3a8f5; --c10: #e79a74; --c11: #7fbfe0;`;

/** The report's style sheet: light, dark and paper, wide and narrow. */
export const style: string = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 80rem;
  background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; margin: 3.2rem 0 .4rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2.4rem 0 .3rem; }
p { margin: .4rem 0; max-width: 48rem; }
a { color: var(--anchored); }
.lead { font-size: 1.1rem; margin-top: .9rem; }
.muted, figcaption { color: var(--muted); font-size: .9rem; }
sub { line-height: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .8rem 0 0; list-style: none; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); gap: 0 2.5rem; }
.figures > .wide { grid-column: 1 / -1; }
section { min-width: 0; }
figure { margin: 1rem 0 0; }
figure svg { display: block; max-width: 100%; height: auto; overflow: visible; }
figcaption { max-width: 48rem; margin-top: .3rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .8rem 0 0; list-style: none; font-size: .9rem; }
i[style] { display: inline-block; width: .65em; height: .65em; border-radius: 50%; margin-right: .45em; }
.key { columns: 22rem; column-gap: 2rem; padding: 0; margin: 1rem 0 0; list-style: none; font-size: .88rem; }
.key li { break-inside: avoid; padding-left: 1.1rem; text-indent: -1.1rem; margin-bottom: .15rem; }
.small { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: .5rem 1.6rem; }
.small figure { min-width: 0; }
h4, h3.title { font-size: .95rem; margin: .6rem 0 .1rem; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); }
code { font-size: .9em; }
/* What is wider than the page scrolls, with a shade at the side where there is more of it. */
.figure, .scroll, .small figure {
  overflow-x: auto;
  background:
    linear-gradient(to right, var(--page) 40%, transparent) left / 2.4rem 100%,
    linear-gradient(to left, var(--page) 40%, transparent) right / 2.4rem 100%,
    linear-gradient(to right, var(--shade), transparent) left / .7rem 100%,
    linear-gradient(to left, var(--shade), transparent) right / .7rem 100%;
  background-repeat: no-repeat;
  background-attachment: local, local, scroll, scroll;
}
table { border-collapse: collapse; width: 100%; font-size: .82rem; font-variant-numeric: tabular-nums; margin-top: .8rem; }
th, td { padding: .32rem .45rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); }
th:first-child, td:first-child { text-align: left; }
tr.headline td { background: var(--band); font-weight: 600; }
td small { display: block; color: var(--muted); font-weight: 400; font-size: .8em; }
details { margin-top: .8rem; }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; }
.data .scroll { max-height: 26rem; overflow: auto; }
.data th { position: sticky; top: 0; background: var(--page); }
.file { font-size: .9rem; }
.failures li { margin: .3rem 0; }
pre { overflow-x: auto; background: var(--band); padding: 1rem; border-radius: 6px; font-size: .8rem; }
@media (max-width: 40rem) {
  body { padding: 1.2rem .9rem 3rem; font-size: 15px; }
  h1 { font-size: 1.4rem; }
  /* Letters keep a size that can be read: wide figures scroll instead, and say so. */
  .figure svg { max-width: none; zoom: .85; }
  .figure + figcaption::before { content: "↔ Wider than the page: scroll it. "; font-weight: 600; }
  .small svg[width="560"] { max-width: none; width: 28rem; }
  th:first-child, td:first-child { position: sticky; left: 0; background: var(--page); min-width: 7.5rem; max-width: 11rem; white-space: normal; }
}
@media print {
  :root { color-scheme: light; ${light} }
  @page { size: A4 landscape; margin: 12mm; }
  html { font-size: 13px; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  p, figcaption { max-width: none; }
  .figures { display: block; }
  .key { columns: 2; margin-top: .4rem; font-size: .75rem; line-height: 1.4; }
  .key li { margin: 0; }
  .key .muted { font-size: 1em; }
  .small { grid-template-columns: repeat(3, 1fr); }
  .small:has(svg[width="560"]) { grid-template-columns: repeat(2, 1fr); }
  figure, tr { break-inside: avoid; }
  h2 { break-before: page; border: 0; padding: 0; margin-top: 0; }
  h2:first-of-type { break-before: auto; }
  h2, h3 { break-after: avoid; }
  figure svg { max-height: 130mm; width: auto; max-width: 100%; }
  /* With heading, caption and key on a page; letters are still 9 px. */
  .wide svg { max-height: 108mm; }
  .figure, .scroll, .small figure { overflow: visible; background: none; }
  table { font-size: .62rem; }
  th, td { padding: .2rem .3rem; }
  th, td:first-child { white-space: normal; }
  /* The dots of keys and legends are backgrounds, which are not printed unasked. */
  i[style] { print-color-adjust: exact; }
  nav, details, .file { display: none; }
}
`;
