// Why a text is no phone number, or a row of a file no contact, in the shown language.

import { commonWords } from './words';

export function phoneProblem(reason: string): string {
  const t = commonWords();
  const line = /^same number as line (\d+)$/.exec(reason)?.[1];
  if (line) return t.sameNumber(line);
  const [, name, most] =
    /^(?:the (?:name|category )?)?(.*) is longer than (\d+) characters$/.exec(reason) ?? [];
  if (most) return t.tooLong(name || t.userName, most);
  const many = /^more than (\d+) variables$/.exec(reason)?.[1];
  if (many) return t.tooMany(many);
  return (t.phoneProblems as Readonly<Record<string, string>>)[reason] ?? reason;
}
