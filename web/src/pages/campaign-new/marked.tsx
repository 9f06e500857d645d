import { parts } from './marks';

const TAGS = { '*': 'strong', _: 'em', '~': 's' } as const;

/** A text with the marks that WhatsApp knows: *bold*, _italic_ and ~struck out~. */
export function Marked({ text }: { text: string }) {
  return (
    <p className="bubble-text">
      {parts(text).map(({ mark, text: part }, at) => {
        const Tag = mark ? TAGS[mark] : 'span';
        // biome-ignore lint/suspicious/noArrayIndexKey: they have no state, and no other identity
        return <Tag key={at}>{part}</Tag>;
      })}
    </p>
  );
}
