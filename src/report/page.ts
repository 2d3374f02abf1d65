import { contentPolicy, escapeHtml } from "./escape.ts";
import { style } from "./style.ts";

/** What a page shows. */
export interface Page {
  /** A text: the title, and the heading. */
  readonly title: string;
  /** HTML below the heading. */
  readonly body: string;
  /** CSS beyond the common style. */
  readonly style?: string;
  /** Seconds after which it loads itself anew. */
  readonly refresh?: number;
}

/** A whole HTML page in one file, which needs nothing else and may load nothing. */
export const pageOf = ({ title, body, style: own = "", refresh }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${contentPolicy}
${refresh === undefined ? "" : `<meta http-equiv="refresh" content="${refresh}">\n`}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}${own}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
