export interface Part {
  readonly mark: '*' | '_' | '~' | null;
  readonly text: string;
}

// Around whole words on one line, as WhatsApp has it: 2*3*4 and some_file_name stay as they are.
const MARKED = /(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\1(?![\p{L}\p{N}])/gu;

export function parts(text: string): readonly Part[] {
  const found: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKED)) {
    const [all, mark, inner] = match;
    if (match.index > end) found.push({ mark: null, text: text.slice(end, match.index) });
    found.push({ mark: mark as Part['mark'], text: inner ?? '' });
    end = match.index + all.length;
  }
  if (end < text.length) found.push({ mark: null, text: text.slice(end) });
  return found;
}
