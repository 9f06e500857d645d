// What the API says in English about a few problems, in the words of a page.

import { ApiProblem } from './problem';

/** By the title of the problem: what to say instead of its details. */
export type Wordings = Readonly<Record<string, string | ((detail: string) => string)>>;

export async function reworded<Answer>(words: Wordings, request: Promise<Answer>): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    const said = error instanceof ApiProblem ? words[error.title] : undefined;
    if (!(error instanceof ApiProblem) || said === undefined) throw error;
    const { kind, status, title, detail, fields, more } = error;
    throw new ApiProblem(kind, status, title, typeof said === 'string' ? said : said(detail), fields, more);
  }
}
