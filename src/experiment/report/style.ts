/** The report's style sheet: light, dark and paper. */
export const style: string = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c2024; --muted: #60676e; --line: #e1e4e8; --band: #f6f7f9;
  --base: #6b7280; --sft: #d1431f; --anchored: #0b6fd0; --probability: #7c4dce;
  --moving: #b7791f; --merge: #1a8754; --asft: #c2317f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --text: #e6e8ea; --muted: #9aa1a8; --line: #2d3238; --band: #1b1f24;
    --base: #9aa1a8; --sft: #ff7a59; --anchored: #5aa9ff; --probability: #b794f6;
    --moving: #e0aa4b; --merge: #4cc38a; --asft: #f472b6;
  }
}
@media print {
  :root {
    --page: #ffffff; --text: #000000; --muted: #444444; --line: #cccccc; --band: #ffffff;
    --base: #6b7280; --sft: #d1431f; --anchored: #0b6fd0; --probability: #7c4dce;
    --moving: #b7791f; --merge: #1a8754; --asft: #c2317f;
  }
  @page { size: landscape; margin: 12mm; }
  body { padding: 0; max-width: none; }
  figure, tr { break-inside: avoid; }
  table { font-size: .62rem; }
  th, td { padding: .2rem .3rem; }
  details > pre { display: none; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 86rem;
  background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .4rem; }
p { margin: .4rem 0; max-width: 48rem; }
.lead { font-size: 1.1rem; margin-top: .9rem; }
.muted, figcaption { color: var(--muted); font-size: .9rem; }
sub { line-height: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(36rem, 100%), 1fr)); gap: 0 2.5rem; }
.figures section:first-child { grid-column: 1 / -1; }
figure { margin: 1rem 0 0; }
figure svg { display: block; max-width: 100%; height: auto; overflow: visible; }
figcaption { max-width: 48rem; margin-top: .3rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .8rem 0 0; list-style: none; font-size: .9rem; }
.legend i { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .4em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .82rem; font-variant-numeric: tabular-nums; margin-top: .8rem; }
th, td { padding: .32rem .45rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); }
th:first-child, td:first-child { text-align: left; }
tr.headline td { background: var(--band); font-weight: 600; }
td small { display: block; color: var(--muted); font-weight: 400; font-size: .8em; }
details { margin-top: 2rem; }
summary { cursor: pointer; color: var(--muted); }
pre { overflow-x: auto; background: var(--band); padding: 1rem; border-radius: 6px; font-size: .8rem; }
`;
