// Why a text is no phone number, in the shown language.

import { commonWords } from './words';

export function phoneProblem(reason: string): string {
  const t = commonWords();
  const line = /^same number as line (\d+)$/.exec(reason)?.[1];
  if (line) return t.sameNumber(line);
  return (t.phoneProblems as Readonly<Record<string, string>>)[reason] ?? reason;
}
