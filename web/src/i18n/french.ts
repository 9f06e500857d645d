// French puts a narrow space that does not break before ; ! ? and inside « », and a wide one before a colon. Words are
// written with plain spaces, which anybody can see and type; this replaces them.

const NARROW = '\u202f';
const WIDE = '\u00a0';

export function french<W extends object>(words: W): W {
  return Object.fromEntries(Object.entries(words).map(([name, value]) => [name, set(value)])) as W;
}

function set(value: unknown): unknown {
  if (typeof value === 'string') return setText(value);
  if (typeof value === 'function') return (...given: unknown[]) => set(value(...given));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return french(value);
  return value;
}

const setText = (text: string): string =>
  text
    .replace(/ ([;!?»%])/g, `${NARROW}$1`)
    .replace(/« /g, `«${NARROW}`)
    .replace(/ :/g, `${WIDE}:`);
