// Why a file is no table of contacts: the API says it in English, with the place.

import type { Words } from './words';

export function fileProblem(t: Words, problem: string): string {
  const line = /^line (\d+)/.exec(problem)?.[1];
  if (line) return t.badLine(line);
  if (/^the file is empty/.test(problem)) return t.emptyFile;
  if (/^a quotation mark/.test(problem)) return t.openQuote;
  return problem;
}
